//! Reading a volume: what is found becomes pages, and before each of them goes out the volume proves that it is still there.

use std::io;
use std::path::{Path, PathBuf};

use catchment_core::{
    Coverage, Cursor, Error, ErrorKind, Feed, Finding, Page, PageSize, Position, Pulse, Reading, Reject,
    Result, Skip,
};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::finder::away;
use super::kept::Folders;
use super::mounts::Disk;
use super::options::Rules;
use super::path_text::{folder_of, text_of};
use super::proof::Proof;
use super::record::{COLUMNS, Content, add, add_name, is_read, read_content};
use super::walk::{Found, Item, Walk, WalkError};
use crate::fields::columns_of;

/// What a cursor holds: the file that was read last, and a digest of all up to it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct UsbState {
    /// Its path, as bytes in hexadecimal where it is no text.
    after: Option<String>,
    /// XXH3-128 over paths, sizes and times.
    digest: String,
    /// How much of it could not be read.
    holes: u64,
}

/// A reading under way.
pub(super) struct Reader<'a> {
    rules: &'a Rules,
    proof: Proof<'a>,
    feed: &'a Feed<Page>,
    page_size: PageSize,
    pulse: Pulse,
    page: Page,
    records_read: u64,
    digest: Xxh3,
    state: UsbState,
    folders: Folders,
    /// Whether files of folders that have not changed need not be read.
    accepts_unchanged: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        disk: &'a dyn Disk,
        rules: &'a Rules,
        volume: String,
        feed: &'a Feed<Page>,
        reading: &Reading,
    ) -> Self {
        Self {
            rules,
            proof: Proof::new(disk, volume),
            feed,
            page_size: reading.page_size.clone(),
            pulse: reading.pulse.clone(),
            page: empty_page(),
            records_read: reading.after.as_ref().map_or(0, |cursor| cursor.records_read),
            digest: Xxh3::new(),
            state: UsbState::default(),
            folders: Folders::new(reading.carryover.as_ref()),
            accepts_unchanged: reading.accepts_unchanged,
        }
    }

    /// Reads to the end, from behind the cursor on.
    ///
    /// # Errors
    /// `unavailable`, `volume_away`; `system`, `source_changed`; `config`, `too_many_files`.
    pub(super) fn run(mut self, after: Option<&Cursor>) -> Result<()> {
        let before: Option<UsbState> = after.map(Cursor::state).transpose()?;
        let mut walk = Walk::new(self.proof.disk, self.rules).map_err(|error| self.failed(error))?;
        let mut is_behind = before.is_none();
        while let Some(found) = walk.next().map_err(|error| self.failed(error))? {
            self.pulse.beat();
            let path = match &found {
                Found::Item(item) => text_of(&item.path),
                Found::Hole { path, .. } => text_of(path),
            };
            self.note(&found, &path);
            if let Found::Item(item) = &found {
                self.folders.note(folder_of(&path), item.folder, item.folder_modified, is_behind);
            }
            if is_behind {
                self.take(found)?;
                if self.is_full() && !self.send(Coverage::Complete, None, Vec::new(), None)? {
                    return Ok(());
                }
            } else if let Some(before) = &before
                && before.after.as_deref() == Some(path.as_str())
            {
                self.must_be_same(before)?;
                is_behind = true;
            }
        }
        if let Some(before) = before.filter(|_| !is_behind) {
            // A cursor behind nothing stands at the beginning of an empty volume.
            self.must_be_same(&before)?;
        }
        // A file of any kind proves that the volume is there.
        self.proof.hold(walk.sample.as_deref());
        self.end(&walk.passed)
    }

    /// What was delivered must be what is there.
    fn must_be_same(&self, before: &UsbState) -> Result<()> {
        if self.digest_text() == before.digest {
            return Ok(());
        }
        self.proof.prove()?;
        let message = format!(
            "the volume {} changed while it was being read: what was read before is not what is there now",
            self.proof.volume
        );
        Err(Error::new(ErrorKind::System, "source_changed", message))
    }

    fn digest_text(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }

    /// Takes note of what was found: where reading stands, and what has been there up to it.
    fn note(&mut self, found: &Found, path: &str) {
        let (bytes, modified) = match found {
            Found::Item(Item { bytes, modified, .. }) => (*bytes, *modified),
            Found::Hole { .. } => (0, -1),
        };
        self.digest.update(path.as_bytes());
        self.digest.update(&[0]);
        self.digest.update(&bytes.to_be_bytes());
        self.digest.update(&modified.to_be_bytes());
        self.state.after = Some(path.to_owned());
        self.state.holes += u64::from(matches!(found, Found::Hole { .. }));
    }

    fn take(&mut self, found: Found) -> Result<()> {
        match found {
            Found::Item(item) => self.add(&item),
            Found::Hole { path, why, is_rejected } => {
                let path = text_of(&path);
                let location = Position::Item { page: 0, path: path.as_str().into() };
                if is_rejected {
                    let message = format!(
                        "what is in the folder cannot be read: {why}; check the volume, or leave it out (option `exclude`)"
                    );
                    let reject =
                        Reject::new(ErrorKind::Parsing, "unreadable_folder", message, location, &path);
                    self.page.rejects.push(Reject { item: Some(path.into()), ..reject });
                } else {
                    self.page.skips.push(Skip::new("mounted_over", location, &format!("{path}: {why}")));
                }
                Ok(())
            }
        }
    }

    /// Adds a file, whatever can be read of it; where nothing in its folder has changed it is only named.
    fn add(&mut self, item: &Item) -> Result<()> {
        self.proof.hold(item.sample.as_deref());
        let path = text_of(&item.path);
        if self.accepts_unchanged
            && is_read(item, self.rules)
            && self.folders.is_unchanged(folder_of(&path), item.folder)
        {
            add_name(&mut self.page.unchanged, item);
            return Ok(());
        }
        let content = self.read(item);
        match content {
            Ok(content) => {
                if content.tag_error.is_some() {
                    self.folders.doubt(folder_of(&path));
                }
                add(&mut self.page.records, item, content);
            }
            Err(error) if self.proof.is_alive() => {
                self.folders.doubt(folder_of(&path));
                if error.kind() == io::ErrorKind::NotFound {
                    // It was deleted since its folder was read.
                    return Ok(());
                }
                let message = format!(
                    "the file cannot be read: {error}; what is known of it stays. Check the volume, or leave it out (option `exclude`)"
                );
                let location = Position::Item { page: 0, path: path.as_str().into() };
                let reject = Reject::new(ErrorKind::Parsing, "unreadable_file", message, location, &path);
                self.page.rejects.push(Reject { item: Some(path.into()), ..reject });
            }
            Err(_) => return Err(away(&self.proof.volume)),
        }
        Ok(())
    }

    fn read(&mut self, item: &Item) -> io::Result<Content> {
        if item.is_folder {
            return Ok(Content::default());
        }
        let file = self.proof.disk.open(&item.path)?;
        let content = read_content(&file, item, self.rules, &self.pulse)?;
        // A file that cannot be read may be one of a volume that is gone.
        if content.tag_error.is_some() && !self.proof.is_alive() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        Ok(content)
    }

    fn failed(&self, error: WalkError) -> Error {
        match error {
            WalkError::Io(error) if self.proof.is_alive() => {
                let message = format!("reading the volume {}: {error}", self.proof.volume);
                Error::new(ErrorKind::System, "io", message).with_source(error)
            }
            WalkError::Io(_) => away(&self.proof.volume),
            WalkError::TooMany => {
                let message = format!(
                    "the volume {} has more than a million files; name a folder in it",
                    self.proof.volume
                );
                Error::config("too_many_files", message)
            }
        }
    }

    fn is_full(&self) -> bool {
        self.page.count() >= self.page_size.max_rows()
            || self.page.records.bytes() >= self.page_size.max_bytes()
    }

    /// Sends what there is, if the volume is still there; false where nobody reads on.
    fn send(
        &mut self,
        coverage: Coverage,
        warning: Option<String>,
        findings: Vec<Finding>,
        carryover: Option<serde_json::Value>,
    ) -> Result<bool> {
        self.proof.prove()?;
        let mut page = std::mem::replace(&mut self.page, empty_page());
        self.records_read += page.count() as u64;
        self.state.digest = self.digest_text();
        page.cursor = Cursor {
            coverage,
            is_inventory: true,
            warning,
            findings,
            carryover,
            ..Cursor::new(self.records_read, &self.state)?
        };
        Ok(self.feed.blocking_send(page))
    }

    fn end(&mut self, passed: &std::collections::BTreeMap<&'static str, u64>) -> Result<()> {
        let mut findings = Vec::new();
        if !passed.is_empty() {
            let shown: Vec<_> = passed.iter().map(|(what, count)| format!("{count} {what}")).collect();
            findings.push(Finding::sure("passed_over", shown.join(", ")));
        }
        let (coverage, warning) = self.proof.coverage(self.state.holes);
        let carryover = self.folders.carryover().filter(|_| coverage == Coverage::Complete);
        self.send(coverage, warning, findings, carryover).map(|_| ())
    }
}

fn empty_page() -> Page {
    Page { columns: columns_of(&COLUMNS), ..Page::default() }
}

/// The path of a folder in a volume, for people.
pub(super) fn shown(volume: &str, folder: &Path) -> String {
    if folder == PathBuf::new() { volume.to_owned() } else { format!("{volume}, in `{}`", folder.display()) }
}
