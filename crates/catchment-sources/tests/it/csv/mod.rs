//! CSV files as people send them.

mod contents;
mod dialects;
mod encodings;
mod files;
mod findings;
mod records;

use std::path::{Path, PathBuf};

use catchment_core::testkit::{SourceOutput, conforms};
use catchment_core::{Adapter, Cursor, FileAccess, Finding, Host, Page, PageSize, Reading, Result, Source};
use catchment_sources::csv::{Csv, CsvOptions};
use futures::StreamExt;
use tempfile::TempDir;

/// A file in a directory of its own.
struct Sample {
    path: PathBuf,
    options: CsvOptions,
    _dir: TempDir,
}

impl Sample {
    fn new(bytes: impl AsRef<[u8]>) -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("sample.csv");
        std::fs::write(&path, bytes).unwrap();
        Self { path, options: CsvOptions::default(), _dir: dir }
    }

    fn options(mut self, set: impl FnOnce(&mut CsvOptions)) -> Self {
        set(&mut self.options);
        self
    }

    fn source(&self) -> Csv {
        source(&self.path, self.options.clone())
    }

    /// The same where the operator's language is this.
    fn source_in(&self, language: Option<&str>) -> Csv {
        let host =
            Host { files: FileAccess::Anywhere, language: language.map(str::to_owned), ..Host::default() };
        Csv::new(self.path.to_str().unwrap(), self.options.clone(), &host).unwrap()
    }

    /// Everything in it, held against the conformance suite.
    async fn read(&self) -> SourceOutput {
        conforms(|| self.source()).await
    }

    async fn pages(&self, after: Option<Cursor>, rows: usize) -> Vec<Result<Page>> {
        let reading = Reading { after, page_size: PageSize::rows(rows), ..Reading::default() };
        self.source().read(reading).collect().await
    }

    async fn error_code(&self) -> String {
        let last = self.pages(None, 1000).await.pop().unwrap();
        last.unwrap_err().code().to_owned()
    }
}

/// `topic: message` of each finding of the first cursor, with `?` where it is unsure; and the same of an inspection.
async fn findings(sample: &Sample) -> Vec<String> {
    let told = |findings: &[Finding]| -> Vec<String> {
        findings.iter().map(|it| format!("{}{it}", if it.is_unsure { "?" } else { "" })).collect()
    };
    let read = sample.pages(None, 2).await.into_iter().map(Result::unwrap).map(|page| page.cursor.findings);
    let of_cursors: Vec<_> = read.filter(|findings| !findings.is_empty()).collect();
    assert!(of_cursors.len() <= 1, "findings are told once: {of_cursors:?}");
    let inspected = sample.source().inspect([].into()).await.unwrap().findings;
    let read = of_cursors.into_iter().next().unwrap_or_default();
    assert_eq!(told(&read), told(&inspected));
    told(&read)
}

fn source(path: &Path, options: CsvOptions) -> Csv {
    Csv::new(path.to_str().unwrap(), options, &Host { files: FileAccess::Anywhere, ..Host::default() })
        .unwrap()
}

/// The values of each record, joined with `|`.
fn rows(everything: &SourceOutput) -> Vec<String> {
    let plain = |value: &String| value.trim_start_matches("Text(\"").trim_end_matches("\")").to_owned();
    everything
        .records
        .iter()
        .map(|(_, values)| values.iter().map(plain).collect::<Vec<_>>().join("|"))
        .collect()
}

fn columns(everything: &SourceOutput) -> String {
    everything.columns.as_ref().unwrap().join("|")
}

/// Code and place of each reject.
fn rejects(everything: &SourceOutput) -> Vec<String> {
    everything.rejects.iter().map(|reject| format!("{} {}", reject.location, reject.code)).collect()
}
