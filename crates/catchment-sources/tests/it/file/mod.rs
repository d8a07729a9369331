//! Files of any format, in any place.

mod as_an_api;
mod conformance;
mod folders;
mod json;
mod malformed;
mod new_files;
mod sheets;
mod tables;
mod workbooks;
mod xlsb;

use std::path::{Path, PathBuf};

use catchment_core::testkit::{SourceOutput, conforms};
use catchment_core::{
    Coverage, Cursor, FileAccess, Finding, Host, Inspection, PageSize, Reading, Registry, Reject, Result,
    Skip, Source,
};
use futures::StreamExt;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// A directory with files.
struct Dir {
    dir: TempDir,
}

impl Dir {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// With one file.
    fn of(name: &str, bytes: impl AsRef<[u8]>) -> Self {
        Self::new().with(name, bytes)
    }

    fn with(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.write(name, bytes);
        self
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn host() -> Host {
    Host { files: FileAccess::Anywhere, ..Host::default() }
}

fn registry() -> Registry {
    catchment_sources::builtin()
}

/// The source at a path, with options as JSON.
fn source(path: impl AsRef<Path>, options: Value) -> Built {
    build(path, options).unwrap()
}

fn build(path: impl AsRef<Path>, options: Value) -> Result<Built> {
    let Value::Object(options) = options else { panic!("{options} are no options") };
    registry().build("file", path.as_ref().to_str().unwrap(), options, &host()).map(Built)
}

/// A source by its type alone, as the engine has it.
struct Built(std::sync::Arc<dyn Source>);

#[async_trait::async_trait]
impl Source for Built {
    async fn test_connection(&self) -> Result<()> {
        self.0.test_connection().await
    }

    fn read(&self, reading: Reading) -> futures::stream::BoxStream<'_, Result<catchment_core::Page>> {
        self.0.read(reading)
    }

    async fn inspect(&self, fields: std::sync::Arc<[Box<str>]>) -> Result<Inspection> {
        self.0.inspect(fields).await
    }

    async fn explore(&self, fields: std::sync::Arc<[Box<str>]>) -> Result<Inspection> {
        self.0.explore(fields).await
    }
}

/// All that a source has, held against the conformance suite.
async fn everything(path: &Path, options: Value) -> SourceOutput {
    conforms(|| source(path, options.clone())).await
}

/// What a run came to.
#[derive(Debug, Default)]
struct Run {
    rows: Vec<String>,
    rejects: Vec<Reject>,
    skips: Vec<Skip>,
    findings: Vec<Finding>,
    end: Cursor,
    error: Option<String>,
}

impl Run {
    fn code(&self) -> &str {
        self.error.as_deref().unwrap_or_default()
    }

    /// The findings of a topic.
    fn found(&self, topic: &str) -> Vec<&str> {
        self.findings
            .iter()
            .filter(|finding| finding.topic == topic)
            .map(|finding| &*finding.message)
            .collect()
    }

    fn rejects(&self) -> Vec<String> {
        self.rejects.iter().map(|reject| format!("{} {}", reject.location, reject.code)).collect()
    }
}

/// Reads to the end, as a run that takes what the last one has left.
async fn run(path: impl AsRef<Path>, options: Value, carryover: Option<Value>) -> Run {
    run_fields(path, options, carryover, &[]).await
}

async fn run_fields(
    path: impl AsRef<Path>,
    options: Value,
    carryover: Option<Value>,
    fields: &[&str],
) -> Run {
    let fields = fields.iter().map(|field| (*field).into()).collect();
    let source = source(path, options);
    let reading = Reading { carryover, fields, page_size: PageSize::rows(3), ..Reading::default() };
    let mut run = Run::default();
    let mut pages = source.read(reading);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                for record in page.records.iter() {
                    let values: Vec<_> = record.values().map(|value| value.to_string()).collect();
                    run.rows.push(format!("{}: {}", record.location(), values.join("|")));
                }
                run.rejects.extend(page.rejects);
                run.skips.extend(page.skips);
                run.findings.extend(page.cursor.findings.clone());
                run.end = page.cursor;
            }
            Err(error) => run.error = Some(format!("{}: {error}", error.code())),
        }
    }
    run
}

async fn inspect(path: impl AsRef<Path>, options: Value) -> Inspection {
    source(path, options).explore([].into()).await.unwrap()
}

fn options(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

const NONE: fn() -> Value = || json!({});
const COMPLETE: Coverage = Coverage::Complete;
