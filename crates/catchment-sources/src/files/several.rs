//! Reading several files, one after the other, as one source.

mod next_file;
mod start;

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use catchment_core::{
    Columns, Coverage, Cursor, Error, ErrorKind, Finding, Page, PageSize, Progress, Pulse, Result,
    WHOLE_RECORD,
};
use catchment_formats::{FileFormat, Pages};

use super::entry::{FileEntry, FileRead, listed};
use super::merge::MergedPage;
use super::options::PlaceRules;
use super::place::{Place, told};
use super::state::{KnownFiles, OpenFile, SeveralState};

/// A reading of several files under way.
pub(crate) struct SeveralPages {
    place: Box<dyn Place>,
    format: FileFormat,
    rules: PlaceRules,
    fields: Arc<[Box<str>]>,
    page_size: PageSize,
    pulse: Pulse,
    is_wanted: Arc<dyn Fn() -> bool + Send + Sync>,
    known: KnownFiles,
    listed: Vec<FileEntry>,
    /// Those that are still to be read.
    left: VecDeque<FileEntry>,
    state: SeveralState,
    current: Option<Current>,
    /// A page of the current file that has not been added yet.
    waiting: Option<Page>,
    merged: MergedPage,
    records_read: u64,
    bytes_passed: u64,
    total_bytes: u64,
    has_vanished: bool,
    /// What is told of files that lack columns of others.
    lacking: Option<Finding>,
    is_first: bool,
    is_over: bool,
}

/// The file that is being read.
struct Current {
    file: OpenFile,
    pages: Box<dyn Pages>,
}

impl SeveralPages {
    /// Reads on in the current file until a page is together; false at the end of the file.
    fn read_part(&mut self) -> Result<bool> {
        let Some(current) = &mut self.current else { return Ok(false) };
        let part = match self.waiting.take() {
            Some(part) => Ok(Some(part)),
            None => current.pages.next(),
        };
        match part {
            Ok(Some(part)) if current.file.cursor.is_none() && has_nothing_mapped(&part, &self.fields) => {
                let entry = current.file.entry.clone();
                let error = nothing_mapped(&part.columns, &self.fields);
                self.current = None;
                self.give_up(&entry, error)?;
                Ok(false)
            }
            Ok(Some(part)) => {
                let max_rows = self.page_size.max_rows();
                if self.merged.page.count() > 0 && self.merged.page.count() + part.count() > max_rows {
                    self.waiting = Some(part);
                    return Ok(true);
                }
                let bytes = self.bytes_passed.saturating_add(part.progress.bytes);
                current.file.cursor = Some(Cursor { findings: Vec::new(), ..part.cursor.clone() });
                self.state.open = Some(current.file.clone());
                let name = current.file.entry.name.clone();
                self.add(part, &name);
                self.merged.page.progress = Progress { bytes, total_bytes: Some(self.total_bytes) };
                Ok(true)
            }
            Ok(None) => {
                let OpenFile { entry, digest, cursor } = current.file.clone();
                self.current = None;
                self.pass(&entry);
                if let Some(digest) = digest {
                    let end = cursor.filter(|_| self.rules.append_only);
                    self.note(&entry, FileRead { bytes: entry.bytes, modified: entry.modified, digest, end });
                }
                Ok(false)
            }
            Err(error) => {
                let entry = current.file.entry.clone();
                self.current = None;
                self.give_up(&entry, error)?;
                Ok(false)
            }
        }
    }

    fn add(&mut self, mut part: Page, name: &Arc<str>) {
        // What is sure of one file says nothing of the others.
        if !std::mem::take(&mut self.is_first) {
            part.cursor.findings.retain(|finding| finding.is_unsure);
        }
        let file = told(&*self.place, name).cloned();
        self.merged.add(part, file.as_ref());
    }

    fn is_full(&self) -> bool {
        let page = &self.merged.page;
        self.waiting.is_some() && page.count() > 0
            || page.count() >= self.page_size.max_rows()
            || page.records.bytes() >= self.page_size.max_bytes()
    }

    /// What is together as a page, with the cursor behind it.
    fn flush(&mut self, is_end: bool) -> Result<Page> {
        let mut page = self.merged.take();
        self.records_read += page.count() as u64;
        let findings = std::mem::take(&mut page.cursor.findings);
        page.cursor = Cursor { findings, ..Cursor::new(self.records_read, &self.state)? };
        if self.rules.new_files {
            page.cursor.coverage = Coverage::Increment;
        }
        if is_end {
            self.finish(&mut page.cursor)?;
        }
        Ok(page)
    }

    /// Adds what is known at the end: whether all files are read as they are now, and what the next run needs to know.
    fn finish(&mut self, cursor: &mut Cursor) -> Result<()> {
        if self.rules.new_files {
            let there: HashSet<_> = self.listed.iter().map(|entry| &entry.name).collect();
            let mut files = std::mem::take(&mut self.known.files);
            files.retain(|name, _| there.contains(name));
            let before = files.len();
            files.extend(std::mem::take(&mut self.state.read));
            let message = format!("{} files, {before} of them known from earlier runs", self.listed.len());
            cursor.findings.push(Finding::sure("files", message));
            let known = serde_json::to_value(KnownFiles { files, columns: self.state.columns.clone() });
            cursor.carryover =
                Some(known.map_err(|error| Error::new(ErrorKind::System, "cursor", error.to_string()))?);
            return Ok(());
        }
        let now = self.place.list()?.iter().fold(String::new(), |so_far, entry| listed(&so_far, entry));
        if let Some(unfinished) = self.place.unfinished()? {
            cursor.coverage = Coverage::Truncated;
            cursor.warning =
                Some(format!("`{}` seems to be on its way still, and was not read", unfinished.name));
        }
        if self.has_vanished || now != self.state.listed {
            cursor.coverage = Coverage::Truncated;
            cursor.warning = Some(
                "files appeared, changed or vanished while the folder was read; run it again to read it as it is now"
                    .to_owned(),
            );
        }
        cursor.findings.push(Finding::sure("files", format!("{} files", self.listed.len())));
        Ok(())
    }
}

/// Whether a file has not one of the columns that are mapped: it is of another kind than the others.
fn has_nothing_mapped(part: &Page, fields: &[Box<str>]) -> bool {
    let is_there = |field: &str| {
        part.columns.iter().any(|column| {
            **column == *WHOLE_RECORD
                || field
                    .strip_prefix(&**column)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    };
    !fields.is_empty() && !part.columns.is_empty() && !fields.iter().any(|field| is_there(field))
}

fn nothing_mapped(columns: &Columns, fields: &[Box<str>]) -> Error {
    let shown = |names: &[Box<str>]| {
        names.iter().take(10).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    };
    let message =
        format!("it has none of the columns that are mapped ({}); it has {}", shown(fields), shown(columns));
    Error::new(ErrorKind::Parsing, "no_mapped_column", message)
}

impl Pages for SeveralPages {
    fn next(&mut self) -> Result<Option<Page>> {
        while !self.is_over {
            if self.is_full() {
                return self.flush(false).map(Some);
            }
            if self.read_part()? {
                continue;
            }
            if self.current.is_none() && !self.next_file()? {
                self.is_over = true;
                return self.flush(true).map(Some);
            }
        }
        Ok(None)
    }
}
