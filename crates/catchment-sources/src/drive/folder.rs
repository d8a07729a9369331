//! The rows of all files that fit in a folder, one after the other, as those of one source. All are read when one of them
//! changed, and none when none did.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::sync::{Arc, Mutex};

use catchment_core::{Coverage, Cursor, Error, ErrorKind, Feed, Page, Pulse, Reading, Result, task_panicked};
use catchment_formats::blob::ContinueCheck;
use catchment_formats::{Blob, Pages};
use tokio::runtime::Handle;

use super::content::{CORRUPT_DOWNLOAD, Content};
use super::meaning::DOWNLOAD_QUOTA;
use super::pattern::join;
use super::plan::Drive;
use super::resource::DriveFile;
use super::root::changed;
use super::rows::send_unchanged;
use super::state::{DriveKept, DriveState, FolderState, hash, inner};
use super::tree::{Walker, entries};
use crate::files::{FileEntry, Place, SeveralPages, listed, send_pages, watch};

/// Files that are kept on the disk after they were looked at, until they are read: so many, and so many bytes.
const MAX_KEPT: usize = 200;
const MAX_KEPT_BYTES: u64 = 4 << 30;

/// The files of a folder of Drive, as a place.
struct DriveFolder {
    drive: Arc<Drive>,
    root: DriveFile,
    pulse: Pulse,
    runtime: Handle,
    /// The list that was made first, until it is asked for.
    first: Mutex<Option<Vec<FileEntry>>>,
    /// Whether files are looked at before they are read.
    looks_first: bool,
    /// By their names in the list.
    files: Mutex<HashMap<Arc<str>, DriveFile>>,
    kept: Mutex<Kept>,
    lacking: Lacking,
}

/// The ids of files that could not be fetched, and can be at another time: all is read again then.
type Lacking = Arc<Mutex<HashSet<String>>>;

/// What was fetched, and is read again soon.
#[derive(Default)]
struct Kept {
    files: HashMap<String, Content>,
    bytes: u64,
    /// The ids of those that were looked at.
    looked_at: HashSet<String>,
}

/// Reads the rows of all files of a folder, from the cursor of the reading on, and gives the feed back.
pub(super) async fn read_folder(
    drive: &Arc<Drive>,
    root: DriveFile,
    before: Option<FolderState>,
    mut reading: Reading,
    feed: Feed<Page>,
) -> (Feed<Page>, Result<()>) {
    let now = drive.client.server_seconds();
    let lacking = Lacking::default();
    let folder = DriveFolder {
        drive: drive.clone(),
        root,
        pulse: reading.pulse.clone(),
        runtime: Handle::current(),
        first: Mutex::default(),
        looks_first: before.is_none(),
        files: Mutex::default(),
        kept: Mutex::default(),
        lacking: lacking.clone(),
    };
    let found = match folder.walk().await {
        Ok(found) => found,
        Err(error) => return (feed, Err(error)),
    };
    let content = found.iter().fold(String::new(), |so_far, entry| listed(&so_far, entry));
    let known = reading.carryover.take().filter(|_| before.is_none());
    if let Some(kept) = drive.unchanged(known, &content, now) {
        let message = format!("none of {} files has changed since the last completed run", found.len());
        let sent = send_unchanged(&feed, kept, message).await;
        return (feed, sent);
    }
    if let Ok(mut first) = folder.first.lock() {
        *first = Some(found);
    }
    let was_lacking = before.as_ref().is_some_and(|state| state.is_lacking);
    reading.after = before.and_then(|state| reading.after.take().map(|cursor| inner(&cursor, state.files)));
    let kept = DriveKept::Rows { content, read: now };
    let (format, rules) = (drive.format.clone(), drive.rules);
    let read = move || {
        let is_wanted = watch(&feed, &reading);
        let pages = SeveralPages::start(Box::new(folder), &format, rules, reading, is_wanted);
        let sent = pages
            .and_then(|pages| send_pages(&feed, Box::new(FolderPages { pages, kept, was_lacking, lacking })));
        (feed, sent)
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| {
        let (feed, _) = catchment_core::feed(1);
        (feed, Err(task_panicked()))
    })
}

impl DriveFolder {
    /// The files that are meant, in the order of their names; two of one path are told apart by their ids.
    async fn walk(&self) -> Result<Vec<FileEntry>> {
        let (client, scope) = (&self.drive.client, &self.drive.rows_scope);
        let walker = Walker::new(client, scope, &self.pulse, false);
        let tree = walker.walk(&self.root, "").await?;
        let mut by_path: BTreeMap<String, Vec<DriveFile>> = BTreeMap::new();
        for (id, folder) in &tree.folders {
            for entry in entries(client, scope, (id, folder), &self.pulse).await? {
                by_path.entry(join(&folder.path, &entry.file.name)).or_default().push(entry.file);
            }
        }
        let mut named: BTreeMap<Arc<str>, DriveFile> = BTreeMap::new();
        for (path, files) in by_path {
            let is_alone = files.len() == 1;
            for file in files {
                let name = if is_alone { path.clone() } else { format!("{path} ({})", file.id) };
                named.insert(name.into(), file);
            }
        }
        let entry = |(name, file): (&Arc<str>, &DriveFile)| FileEntry {
            name: name.clone(),
            bytes: file.size.unwrap_or_default(),
            modified: Some(hash(&format!("{}\n{}", file.id, file.content_key()))),
        };
        let found = named.iter().map(entry).collect();
        if let Ok(mut files) = self.files.lock() {
            files.extend(named);
        }
        Ok(found)
    }

    fn file(&self, name: &str) -> Result<DriveFile> {
        let files = self.files.lock().map_err(|_| task_panicked())?;
        files.get(name).cloned().ok_or_else(|| {
            Error::new(ErrorKind::Config, "no_such_file", format!("`{name}` is not in the folder"))
        })
    }

    /// What is in a file; fetched once where there is room for it until it is read.
    fn content(&self, name: &str) -> Result<Content> {
        let file = self.file(name)?;
        let mut kept = self.kept.lock().map_err(|_| task_panicked())?;
        if let Some(content) = kept.files.remove(&file.id) {
            kept.bytes = kept.bytes.saturating_sub(content.len());
            return Ok(content);
        }
        drop(kept);
        let content = self.runtime.block_on(self.drive.fetcher(&self.pulse).fetch(&file));
        let mut lacking = self.lacking.lock().map_err(|_| task_panicked())?;
        if content.is_err() {
            lacking.insert(file.id.clone());
        } else {
            lacking.remove(&file.id);
        }
        drop(lacking);
        let content = content?;
        if content.of.content_key() != file.content_key() {
            return Err(changed(&format!("`{name}` is another one now")));
        }
        let mut kept = self.kept.lock().map_err(|_| task_panicked())?;
        let is_first = self.looks_first && kept.looked_at.insert(file.id.clone());
        if is_first
            && kept.files.len() < MAX_KEPT
            && kept.bytes.saturating_add(content.len()) <= MAX_KEPT_BYTES
        {
            kept.bytes = kept.bytes.saturating_add(content.len());
            kept.files.insert(file.id, content.try_clone()?);
        }
        Ok(content)
    }
}

impl Place for DriveFolder {
    fn list(&self) -> Result<Vec<FileEntry>> {
        match self.first.lock().ok().and_then(|mut first| first.take()) {
            Some(first) => Ok(first),
            None => self.runtime.block_on(self.walk()),
        }
    }

    fn open(&self, name: &str) -> Result<File> {
        self.content(name).map(|content| content.file)
    }

    fn blob(&self, name: &str, is_wanted: ContinueCheck) -> Result<Blob> {
        self.content(name)?.blob(is_wanted)
    }

    fn without_files(&self) -> Option<Error> {
        let message = format!(
            "the folder `{}` has no file that could be read as rows; check the options `pattern` and `recursive`, and that its files are \
             shared",
            self.root.name
        );
        Some(Error::config("no_files", message))
    }

    fn item(&self, name: &str) -> Option<String> {
        self.file(name).ok().map(|file| file.id)
    }

    fn is_of_file(&self, error: &Error) -> bool {
        matches!(error.kind(), ErrorKind::Parsing | ErrorKind::Config)
            || matches!(error.code(), DOWNLOAD_QUOTA | CORRUPT_DOWNLOAD)
    }
}

/// Pages of several files whose cursors know that these are in Drive.
struct FolderPages {
    pages: SeveralPages,
    kept: DriveKept,
    /// Whether an attempt before lacked a file.
    was_lacking: bool,
    lacking: Lacking,
}

impl Pages for FolderPages {
    fn next(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.pages.next()? else { return Ok(None) };
        let cursor = std::mem::take(&mut page.cursor);
        let is_lacking = self.was_lacking || self.lacking.lock().map_or(true, |lacking| !lacking.is_empty());
        let state = DriveState::Folder(FolderState { files: cursor.state.clone(), is_lacking });
        // What was not read as it is now is read again.
        let is_whole = cursor.coverage == Coverage::Complete && !is_lacking;
        let carryover = serde_json::to_value(&self.kept).ok().filter(|_| is_whole);
        page.cursor = Cursor { carryover, state: Cursor::new(0, &state)?.state, ..cursor };
        Ok(Some(page))
    }
}
