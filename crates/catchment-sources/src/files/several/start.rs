//! Beginning to read, or going on.

use std::sync::Arc;

use catchment_core::{Columns, Cursor, Error, ErrorKind, Finding, PageSize, Reading, Result, WHOLE_RECORD};
use catchment_formats::{FileFormat, Format};

use super::{Current, SeveralPages};
use crate::files::entry::{FileEntry, digest, listed};
use crate::files::merge::{MergedPage, union};
use crate::files::options::PlaceRules;
use crate::files::place::Place;
use crate::files::state::{OpenFile, SeveralState};

/// The most files whose state is kept for the next run.
const MAX_KNOWN: usize = 20_000;

impl SeveralPages {
    /// Begins to read, or goes on where a cursor stands.
    pub(crate) fn start(
        place: Box<dyn Place>,
        format: &FileFormat,
        rules: PlaceRules,
        reading: Reading,
        is_wanted: Arc<dyn Fn() -> bool + Send + Sync>,
    ) -> Result<Self> {
        let listed = list(&*place, rules)?;
        // What another version has left says nothing.
        let known =
            reading.carryover.and_then(|known| serde_json::from_value(known).ok()).unwrap_or_default();
        let state = reading.after.as_ref().map(Cursor::state::<SeveralState>).transpose()?;
        let records_read = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        let mut pages = Self {
            format: format.clone().for_growing_files(rules.append_only),
            place,
            rules,
            fields: reading.fields,
            page_size: reading.page_size,
            pulse: reading.pulse,
            is_wanted,
            known,
            left: listed.iter().cloned().collect(),
            is_first: state.is_none(),
            state: state.unwrap_or_default(),
            current: None,
            waiting: None,
            merged: MergedPage::new([].into()),
            records_read,
            bytes_passed: 0,
            total_bytes: listed.iter().fold(0, |sum: u64, entry| sum.saturating_add(entry.bytes)),
            has_vanished: false,
            lacking: None,
            listed,
            is_over: false,
        };
        if pages.is_first {
            pages.find_columns()?;
        } else {
            pages.resume()?;
        }
        pages.merged = MergedPage::new(pages.state.columns.clone().into());
        pages.merged.page.cursor.findings.extend(pages.lacking.take());
        Ok(pages)
    }

    /// Finds the columns of all files that are to be read.
    fn find_columns(&mut self) -> Result<()> {
        let (mut columns, mut seen, mut first_error) = (self.known.columns.clone(), Vec::new(), None);
        for entry in self.listed.iter().filter(|entry| !self.is_known(entry)) {
            self.pulse.beat();
            let reading =
                Reading { fields: self.fields.clone(), page_size: PageSize::rows(1), ..Reading::default() };
            let first = self.blob(&entry.name).and_then(|blob| self.format.open(blob, reading)?.next());
            match first {
                Ok(Some(page)) => {
                    union(&mut columns, &page.columns);
                    seen.push((entry.name.clone(), page.columns));
                }
                Ok(None) => {}
                Err(error) => {
                    first_error.get_or_insert_with(|| self.place.located(error, &entry.name));
                }
            }
            if !(self.is_wanted)() {
                break;
            }
        }
        match first_error {
            // Of no file is known which columns it has; where others were read before, this one is a reject.
            Some(error) if columns.is_empty() && !self.rules.new_files => Err(error),
            _ => {
                self.lacking = lacking(&columns, &seen);
                self.state.columns = columns;
                Ok(())
            }
        }
    }

    /// Goes to where a cursor stands, if what was read before it is still the same.
    fn resume(&mut self) -> Result<()> {
        let mut so_far = String::new();
        while let Some(entry) =
            self.left.pop_front_if(|entry| self.state.last.as_ref().is_some_and(|last| entry.name <= *last))
        {
            so_far = listed(&so_far, &entry);
            self.bytes_passed = self.bytes_passed.saturating_add(entry.bytes);
        }
        // What is new since then is read by the next run.
        if so_far != self.state.listed && !self.rules.new_files {
            return Err(changed("files that were read have changed, appeared or vanished"));
        }
        self.state.listed = so_far;
        let Some(open) = self.state.open.take() else { return Ok(()) };
        while self.rules.new_files && self.left.front().is_some_and(|entry| entry.name < open.entry.name) {
            self.left.pop_front();
        }
        let entry = self.left.pop_front_if(|entry| entry.name == open.entry.name);
        let entry = entry.ok_or_else(|| {
            changed(&format!("`{}` is gone, or another one stands before it", open.entry.name))
        })?;
        if let Some(before) = &open.digest {
            let now = digest(&self.place.open(&entry.name)?, &*self.is_wanted)?;
            if now != *before {
                return Err(changed(&format!("`{}` is another one now", entry.name)));
            }
        }
        let pages = self.open(&entry, open.cursor.clone());
        let pages = pages.map_err(|error| self.place.located(error, &entry.name))?;
        self.current = Some(Current { file: OpenFile { entry, ..open }, pages });
        Ok(())
    }
}

/// What is told of files that lack columns of others. What records of JSON have is no column of their file.
fn lacking(columns: &[Box<str>], seen: &[(Arc<str>, Columns)]) -> Option<Finding> {
    let mut files = seen.iter().filter_map(|(name, has)| {
        let is_json = has.iter().any(|column| **column == *WHOLE_RECORD);
        let lacks = columns.iter().find(|column| ***column != *WHOLE_RECORD && !has.contains(column))?;
        (!is_json).then_some((name, lacks))
    });
    let (name, lacks) = files.next()?;
    let more = files.count();
    let more = if more > 0 { format!(", and {more} more files lack some") } else { String::new() };
    let message = format!("`{name}` has no column `{lacks}`{more}: their records have no value there");
    Some(Finding::unsure("columns", message))
}

/// The files that there are.
fn list(place: &dyn Place, rules: PlaceRules) -> Result<Vec<FileEntry>> {
    let listed = place.list()?;
    match place.without_files() {
        Some(error) if listed.is_empty() && !rules.new_files => Err(error),
        _ if rules.new_files && listed.len() > MAX_KNOWN => {
            let message = format!(
                "there are {} files, and `newFiles` remembers up to {MAX_KNOWN}; move those that are read elsewhere",
                listed.len()
            );
            Err(Error::config("too_many_files", message))
        }
        _ => Ok(listed),
    }
}

/// The error of files that changed while a run was reading them: what was read belongs to no version of them.
fn changed(how: &str) -> Error {
    let message = format!("the files changed while they were being read: {how}");
    Error::new(ErrorKind::System, "source_changed", message)
}
