//! The walk through a volume: depth first, names in the order of their bytes, so that a place in it is a path.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::junk::{is_junk, is_of_programs};
use super::kinds::{ContentKind, MediaKind, is_console, of_extension, other_kind};
use super::level::Level;
use super::mounts::{Disk, DiskEntry, DiskKind};
use super::options::Rules;
use crate::media::extension;

/// How deep folders are followed.
const MAX_DEPTH: usize = 64;
/// The most files and folders of a volume.
const MAX_FILES: u64 = 1_000_000;
/// The longest path, in bytes.
const MAX_PATH: usize = 4096;

/// Something that was found.
#[derive(Debug)]
pub(super) enum Found {
    /// A file of audio or video, or a game.
    Item(Item),
    /// A folder that could not be read, or that another file system is mounted on: what is in it is not known.
    Hole { path: PathBuf, why: String, is_rejected: bool },
}

/// A file of audio or video, or a game, which may be a folder.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) modified: i64,
    pub(super) media: MediaKind,
    /// What the folders above it say that it is.
    pub(super) by_folder: Option<ContentKind>,
    pub(super) is_folder: bool,
    /// A file in it that holds something: that it can be read proves that the volume is there.
    pub(super) sample: Option<PathBuf>,
    /// A digest of the names, sizes and times of all files in its folder.
    pub(super) folder: u64,
    /// When the newest of them was written.
    pub(super) folder_modified: i64,
}

/// Why a walk ends early.
#[derive(Debug)]
pub(super) enum WalkError {
    /// Something below the root cannot be read, and the volume has to be asked whether it is there.
    Io(io::Error),
    TooMany,
}

/// A walk under way.
pub(super) struct Walk<'a> {
    disk: &'a dyn Disk,
    rules: &'a Rules,
    levels: Vec<Level>,
    files: u64,
    /// What was passed over, by its kind.
    pub(super) passed: BTreeMap<&'static str, u64>,
    /// The first file that holds something.
    pub(super) sample: Option<PathBuf>,
}

impl<'a> Walk<'a> {
    /// # Errors
    /// Where the root cannot be read.
    pub(super) fn new(disk: &'a dyn Disk, rules: &'a Rules) -> Result<Self, WalkError> {
        let mut walk =
            Self { disk, rules, levels: Vec::new(), files: 0, passed: BTreeMap::new(), sample: None };
        let entries = walk.list(Path::new("")).map_err(WalkError::Io)?;
        walk.levels.push(Level::new(PathBuf::new(), entries, None, false));
        Ok(walk)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<DiskEntry>> {
        let mut entries = self.sorted(path)?;
        // What is being written while the folder is read may be there twice; two that stay so cannot be told apart.
        if entries.windows(2).any(|pair| pair[0].name == pair[1].name) {
            entries = self.sorted(path)?;
            entries.dedup_by(|one, other| {
                let is_same = one.name == other.name;
                if is_same {
                    other.kind = DiskKind::Lost;
                }
                is_same
            });
        }
        // An emptied folder looks like that of a volume that was pulled out.
        if entries.is_empty() && !self.disk.is_alive(None) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(entries)
    }

    fn sorted(&self, path: &Path) -> io::Result<Vec<DiskEntry>> {
        let mut entries = self.disk.entries(path)?;
        entries.sort_by(|one, other| one.name.as_bytes().cmp(other.name.as_bytes()));
        Ok(entries)
    }

    /// What is found next.
    ///
    /// # Errors
    /// Where something cannot be read, and that may be as the volume is away.
    pub(super) fn next(&mut self) -> Result<Option<Found>, WalkError> {
        while let Some(level) = self.levels.last_mut() {
            let Some(entry) = level.entries.next() else {
                self.levels.pop();
                continue;
            };
            let path = level.path.join(&entry.name);
            let (kind, holds_games) = (level.kind, level.holds_games);
            if let Some(found) = self.look_at(&entry, path, (kind, holds_games))? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    fn look_at(
        &mut self,
        entry: &DiskEntry,
        path: PathBuf,
        (kind, holds_games): (Option<ContentKind>, bool),
    ) -> Result<Option<Found>, WalkError> {
        let name = entry.name.to_string_lossy().into_owned();
        if entry.kind == DiskKind::File && entry.bytes > 0 && self.sample.is_none() {
            self.sample = Some(path.clone());
        }
        if is_junk(&name) || is_of_programs(&path.to_string_lossy()) {
            return Ok(self.pass("left by systems and programs"));
        }
        if entry.kind != DiskKind::File && self.rules.leaves_out(&path.to_string_lossy()) {
            return Ok(self.pass("left out by the options"));
        }
        match entry.kind {
            DiskKind::Lost => {
                let why = "it is listed, and is not there, or has the name of another one".to_owned();
                Ok(Some(Found::Hole { path, why, is_rejected: true }))
            }
            DiskKind::Other => Ok(self.pass("links and devices")),
            DiskKind::Mount => {
                let why = "another file system is mounted there".to_owned();
                Ok(Some(Found::Hole { path, why, is_rejected: false }))
            }
            DiskKind::Folder if holds_games && !is_console(&name) => self.game_in_folder(entry, path),
            DiskKind::Folder => {
                self.count()?;
                self.enter(path, &name, kind, holds_games)
            }
            DiskKind::File => {
                self.count()?;
                Ok(self.file(entry, path, &name, (kind, holds_games)))
            }
        }
    }

    fn count(&mut self) -> Result<(), WalkError> {
        self.files += 1;
        if self.files > MAX_FILES { Err(WalkError::TooMany) } else { Ok(()) }
    }

    fn pass(&mut self, what: &'static str) -> Option<Found> {
        *self.passed.entry(what).or_default() += 1;
        None
    }

    fn file(
        &mut self,
        &DiskEntry { bytes, modified, .. }: &DiskEntry,
        path: PathBuf,
        name: &str,
        (by_folder, holds_games): (Option<ContentKind>, bool),
    ) -> Option<Found> {
        if !self.rules.wants(&path.to_string_lossy()) {
            return self.pass("left out by the options");
        }
        let extension = extension(name);
        let media = match extension.as_deref().and_then(of_extension) {
            Some(media) => media,
            None if holds_games => MediaKind::Game,
            None => return self.pass(other_kind(extension.as_deref())),
        };
        let media = if holds_games { MediaKind::Game } else { media };
        let sample = (bytes > 0).then(|| path.clone());
        let (folder, folder_modified) = self.folder();
        let is_folder = false;
        Some(Found::Item(Item {
            path,
            bytes,
            modified,
            media,
            by_folder,
            is_folder,
            sample,
            folder,
            folder_modified,
        }))
    }

    /// The digest of the folder that is gone through.
    fn folder(&self) -> (u64, i64) {
        self.levels.last().map(|level| level.digest).unwrap_or_default()
    }

    /// Goes into a folder.
    fn enter(
        &mut self,
        path: PathBuf,
        name: &str,
        kind: Option<ContentKind>,
        holds_games: bool,
    ) -> Result<Option<Found>, WalkError> {
        if self.levels.len() >= MAX_DEPTH || path.as_os_str().len() > MAX_PATH {
            let why =
                format!("it is deeper than {MAX_DEPTH} folders, or its path is longer than {MAX_PATH} bytes");
            return Ok(Some(Found::Hole { path, why, is_rejected: true }));
        }
        // The first folder from the top that says what it holds counts.
        let own = kind.or_else(|| self.rules.kind_of_folder(name));
        match self.list(&path) {
            Ok(entries) => {
                let holds_games = holds_games || own == Some(ContentKind::Game);
                self.levels.push(Level::new(path, entries, own, holds_games));
                Ok(None)
            }
            Err(error) => self.hole(path, error),
        }
    }

    /// What cannot be read of a volume that is there is a hole.
    fn hole(&self, path: PathBuf, error: io::Error) -> Result<Option<Found>, WalkError> {
        if !self.disk.is_alive(None) {
            return Err(WalkError::Io(error));
        }
        if error.kind() == io::ErrorKind::NotFound {
            // It was deleted meanwhile.
            return Ok(None);
        }
        Ok(Some(Found::Hole { path, why: error.to_string(), is_rejected: true }))
    }

    /// A game that is a folder: its size is the sum of what is in it.
    fn game_in_folder(&mut self, entry: &DiskEntry, path: PathBuf) -> Result<Option<Found>, WalkError> {
        if !self.rules.wants(&path.to_string_lossy()) {
            return Ok(self.pass("left out by the options"));
        }
        let (mut bytes, mut modified, mut sample) = (0_u64, entry.modified, None);
        let mut open: Vec<(PathBuf, usize)> = vec![(path.clone(), self.levels.len())];
        while let Some((folder, depth)) = open.pop() {
            let entries = match self.list(&folder) {
                Ok(entries) => entries,
                // It was deleted since the folder that it is in was read.
                Err(error)
                    if folder != path
                        && error.kind() == io::ErrorKind::NotFound
                        && self.disk.is_alive(None) =>
                {
                    continue;
                }
                Err(error) => return self.hole(path, error),
            };
            for entry in entries {
                match entry.kind {
                    DiskKind::Folder if depth < MAX_DEPTH => open.push((folder.join(&entry.name), depth + 1)),
                    DiskKind::File => {
                        self.files += 1;
                        bytes = bytes.saturating_add(entry.bytes);
                        modified = modified.max(entry.modified);
                        if entry.bytes > 0 {
                            sample.get_or_insert_with(|| folder.join(&entry.name));
                        }
                    }
                    _ => {}
                }
            }
            if self.files > MAX_FILES {
                return Err(WalkError::TooMany);
            }
        }
        let (by_folder, (folder, folder_modified)) = (Some(ContentKind::Game), self.folder());
        Ok(Some(Found::Item(Item {
            path,
            bytes,
            modified,
            media: MediaKind::Game,
            by_folder,
            is_folder: true,
            sample,
            folder,
            folder_modified,
        })))
    }
}
