//! Going from one file to the next.

use catchment_core::{Cursor, Error, Finding, Reading, Result};
use catchment_formats::{Blob, FileFormat, Format, Pages};

use super::{Current, SeveralPages};
use crate::files::entry::{FileEntry, FileRead, digest, listed};
use crate::files::options::OnBadFile;
use crate::files::state::OpenFile;

impl SeveralPages {
    pub(super) fn is_known(&self, entry: &FileEntry) -> bool {
        self.rules.new_files
            && self.known.files.get(&entry.name).is_some_and(|known| known.is_as_listed(entry))
    }

    pub(super) fn blob(&self, name: &str) -> Result<Blob> {
        self.place.blob(name, self.is_wanted.clone())
    }

    pub(super) fn open(&self, entry: &FileEntry, after: Option<Cursor>) -> Result<Box<dyn Pages>> {
        let reading = Reading {
            after,
            fields: self.fields.clone(),
            page_size: self.page_size.clone(),
            pulse: self.pulse.clone(),
            ..Reading::default()
        };
        self.format.open(self.blob(&entry.name)?, reading)
    }

    /// Opens the next file that is to be read; false where there is none.
    pub(super) fn next_file(&mut self) -> Result<bool> {
        while let Some(entry) = self.left.pop_front() {
            self.pulse.beat();
            if self.is_known(&entry) {
                self.pass(&entry);
                continue;
            }
            match self.begin(&entry) {
                Ok(true) => return Ok(true),
                Ok(false) => {}
                Err(error) if error.code() == "no_such_file" && self.place.is_several() => {
                    self.has_vanished = true;
                }
                Err(error) => self.give_up(&entry, error)?,
            }
        }
        Ok(false)
    }

    /// Begins to read a file; false where it holds what it held when it was read before.
    fn begin(&mut self, entry: &FileEntry) -> Result<bool> {
        let known = self.known.files.get(&entry.name).cloned();
        let mut file = OpenFile { entry: entry.clone(), digest: None, cursor: None };
        if self.rules.new_files {
            let now = digest(&self.place.open(&entry.name)?, &*self.is_wanted)?;
            if let Some(known) = known.as_ref().filter(|known| known.digest == now) {
                self.note(entry, FileRead { bytes: entry.bytes, modified: entry.modified, ..known.clone() });
                self.pass(entry);
                return Ok(false);
            }
            file.digest = Some(now);
        }
        let grown = known.filter(|known| self.rules.append_only && known.bytes < entry.bytes);
        let end = grown.and_then(|known| known.end).filter(FileFormat::can_grow);
        let pages = match self.open(entry, end.clone()) {
            Err(error) if error.code() == "source_changed" && end.is_some() => {
                let message =
                    format!("`{}` has changed before the place where it ended, and is read anew", entry.name);
                self.merged.page.cursor.findings.push(Finding::unsure("files", message));
                self.open(entry, None)?
            }
            pages => {
                file.cursor = end;
                pages?
            }
        };
        self.current = Some(Current { file, pages });
        Ok(true)
    }

    /// Takes note of a file that is read to its end.
    pub(super) fn note(&mut self, entry: &FileEntry, read: FileRead) {
        self.state.read.insert(entry.name.clone(), read);
    }

    /// Goes behind a file.
    pub(super) fn pass(&mut self, entry: &FileEntry) {
        self.state.listed = listed(&self.state.listed, entry);
        self.state.last = Some(entry.name.clone());
        self.state.open = None;
        self.bytes_passed = self.bytes_passed.saturating_add(entry.bytes);
    }

    /// Makes a file that cannot be read a reject, where that is wanted and it is the file's fault.
    pub(super) fn give_up(&mut self, entry: &FileEntry, error: Error) -> Result<()> {
        let error = self.place.located(error, &entry.name);
        let is_at_fault = self.place.is_of_file(&error) && self.place.is_several();
        if self.rules.on_bad_file == OnBadFile::Fail || !is_at_fault {
            return Err(error);
        }
        let item = self.place.item(&entry.name);
        self.merged.add_bad_file(&entry.name, item, error.message());
        self.pass(entry);
        Ok(())
    }
}
