//! A table that is kept in step with a folder as the engine does it, and compared with what the server knows.

use std::collections::{BTreeMap, BTreeSet};

use catchment_core::{Coverage, Cursor, Error, Page, PageSize, Reading, Result, Source};
use catchment_sources::drive::GoogleDrive;
use fake_google_drive::{FakeDrive, FileView, Principal};
use futures::StreamExt;

/// A row: what a run wrote last, and whether the file is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) md5: String,
    pub(crate) is_available: bool,
}

/// A table, and what its last completed run left for the next.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: BTreeMap<String, Row>,
    carryover: Option<serde_json::Value>,
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) read: u64,
    pub(crate) coverage: Coverage,
    pub(crate) attempts: u32,
    pub(crate) findings: Vec<String>,
}

/// One attempt at a run.
struct Attempt {
    seen: BTreeSet<String>,
    records: u64,
    cursor: Option<Cursor>,
}

impl Table {
    /// Runs a sync with pages of so many records; each attempt ends after so many pages, as if it were killed.
    pub(crate) async fn sync(
        &mut self,
        source: &GoogleDrive,
        rows: usize,
        kill_after: usize,
    ) -> Result<Report> {
        self.sync_between(source, (rows, kill_after), |_| {}).await
    }

    /// The same, with something that happens between two attempts, of which the first one is 1.
    pub(crate) async fn sync_between(
        &mut self,
        source: &GoogleDrive,
        (rows, kill_after): (usize, usize),
        mut between: impl FnMut(u32),
    ) -> Result<Report> {
        let (mut attempts, mut replaced) = (0, 0);
        let mut run = Attempt { seen: BTreeSet::new(), records: 0, cursor: None };
        let mut findings = Vec::new();
        loop {
            attempts += 1;
            assert!(attempts < 5000, "a run that does not end");
            match self.attempt(source, &mut run, rows, kill_after, &mut findings).await {
                Ok(true) => break,
                Ok(false) => between(attempts),
                Err(error) if error.code() == "source_changed" && replaced < 5 => {
                    replaced += 1;
                    run = Attempt { seen: BTreeSet::new(), records: 0, cursor: None };
                }
                Err(error) if error.kind().is_retryable() && attempts < 20 => {}
                Err(error) => return Err(error),
            }
        }
        let end = run.cursor.unwrap_or_default();
        assert_eq!(end.records_read, run.records, "the cursor counts other records than were delivered");
        if end.coverage == Coverage::Complete {
            for (id, row) in &mut self.rows {
                row.is_available &= run.seen.contains(id);
            }
        }
        self.carryover = end.carryover.clone().or_else(|| self.carryover.take());
        Ok(Report { read: end.records_read, coverage: end.coverage, attempts, findings })
    }

    /// Whether it came to the end of the source.
    async fn attempt(
        &mut self,
        source: &GoogleDrive,
        run: &mut Attempt,
        rows: usize,
        kill_after: usize,
        findings: &mut Vec<String>,
    ) -> Result<bool, Error> {
        let reading = Reading {
            after: run.cursor.clone(),
            page_size: PageSize::rows(rows),
            carryover: self.carryover.clone(),
            ..Reading::default()
        };
        let mut pages = source.read(reading);
        let mut count = 0;
        while let Some(page) = pages.next().await {
            let page = page?;
            let page_had_records = page.count() + page.gone.len() > 0;
            self.apply(&page, run);
            findings.extend(page.cursor.findings.iter().map(ToString::to_string));
            run.records += page.count() as u64;
            run.cursor = Some(page.cursor);
            // A run that stands at its end need not be killed there over and over.
            count += usize::from(page_had_records);
            if count == kill_after {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn apply(&mut self, page: &Page, run: &mut Attempt) {
        let place = |name: &str| page.columns.iter().position(|column| **column == *name).unwrap();
        for record in page.records.iter() {
            let text = |name: &str| record.value(place(name)).to_string();
            let id = text("id");
            // The first record of an identity wins.
            if run.seen.insert(id.clone()) {
                self.rows.insert(id, Row { name: text("name"), md5: text("md5"), is_available: true });
            }
        }
        for record in page.gone.iter() {
            if let Some(row) = self.rows.get_mut(&record.value(place("id")).to_string()) {
                row.is_available = false;
            }
        }
    }

    /// The ids of files that are there, as the table has it.
    pub(crate) fn available(&self) -> Vec<(String, String, String)> {
        let rows = self.rows.iter().filter(|(_, row)| row.is_available);
        rows.map(|(id, row)| (id.clone(), row.name.clone(), row.md5.clone())).collect()
    }
}

impl Table {
    /// Holds the table against a plain walk of the server's own state.
    #[track_caller]
    pub(crate) fn must_equal(&self, walked: &[(String, String, String)], when: &str) {
        let ours = self.available();
        let only = |one: &[(String, String, String)], other: &[(String, String, String)]| {
            one.iter().filter(|row| !other.contains(row)).cloned().collect::<Vec<_>>()
        };
        let (more, less) = (only(&ours, walked), only(walked, &ours));
        assert!(
            more.is_empty() && less.is_empty(),
            "{when}: the table has {more:?}, and the server {less:?}"
        );
    }
}

/// The same as the server knows it: a plain walk of its own state.
pub(crate) fn walked(
    drive: &FakeDrive,
    root: &str,
    is_meant: impl Fn(&FileView) -> bool,
) -> Vec<(String, String, String)> {
    let files = drive.walk(root, Principal::ServiceAccount, true);
    let meant = files.into_iter().filter(is_meant);
    meant.map(|file| (file.id, file.name, file.md5.unwrap_or_else(|| "null".to_owned()))).collect()
}

/// Audio and video, by type or by name, as they are meant where no pattern says otherwise.
pub(crate) fn is_media(file: &FileView) -> bool {
    let is_named = [".mp3", ".flac", ".mp4"].iter().any(|end| file.name.ends_with(end));
    file.mime.starts_with("audio/")
        || file.mime.starts_with("video/")
        || file.mime == "application/octet-stream" && is_named
}
