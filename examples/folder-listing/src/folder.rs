//! The files of a folder as records, one each. Copy it, and replace what it reads.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use catchment_core::{
    Adapter, Columns, Cursor, Error, ErrorKind, Feed, FileAccess, Host, Page, Position, Progress, Reading,
    Records, Reject, Result, Source, Value, absolute_path, feed, invalid_option, task_panicked,
};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A folder on a disk of this machine.
#[derive(Clone)]
pub(crate) struct Folder {
    path: PathBuf,
    extensions: Vec<String>,
    /// What the operator allows of the disk.
    files: FileAccess,
}

/// What is listed. The doc comments are the reference of the options.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct FolderOptions {
    /// Extensions of the files to list, such as `mp3`; without them, all files.
    #[serde(default)]
    extensions: Vec<String>,
}

/// Where reading resumes: after the file of this name. Names of files need not be text.
#[derive(Serialize, Deserialize)]
struct State {
    last_name: Vec<u8>,
}

impl Adapter for Folder {
    const TYPE: &'static str = "folder";
    type Options = FolderOptions;

    /// One folder has one name, however it is written.
    fn normalize(identifier: &str) -> Result<String> {
        Ok(absolute_path(Path::new(identifier))?.to_string_lossy().into_owned())
    }

    fn check_access(identifier: &str, host: &Host) -> Result<()> {
        host.files.check(Path::new(identifier))
    }

    /// Checks the options; nothing is read yet.
    fn new(identifier: &str, options: FolderOptions, host: &Host) -> Result<Self> {
        let extensions: Vec<_> =
            options.extensions.iter().map(|extension| extension.to_lowercase()).collect();
        if let Some(bad) = extensions.iter().find(|extension| extension.is_empty() || extension.contains('.'))
        {
            let problem = format!("`{bad}` is not an extension; write it without a dot, such as mp3");
            return Err(invalid_option("extensions", &problem));
        }
        Ok(Self { path: identifier.into(), extensions, files: host.files.clone() })
    }
}

#[async_trait]
impl Source for Folder {
    async fn test_connection(&self) -> Result<()> {
        let folder = self.clone();
        let listed = tokio::task::spawn_blocking(move || folder.list().map(|_| ()));
        listed.await.unwrap_or_else(|_| Err(task_panicked()))
    }

    /// A disk may take its time, which tasks must not: a thread reads, and hands over page after page.
    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let folder = self.clone();
        let (feed, pages) = feed(1);
        // It ends by itself when nobody reads on.
        drop(tokio::task::spawn_blocking(move || {
            let sent = folder.send_pages(&feed, &reading);
            feed.blocking_end(sent);
        }));
        pages
    }

    /// Another machine has other disks.
    fn is_bound_to_node(&self) -> bool {
        true
    }
}

impl Folder {
    /// The names of its files, in an order that is the same each time.
    fn list(&self) -> Result<Vec<OsString>> {
        self.files.check(&self.path)?;
        let failed = |error| Error::io(format!("listing {}", self.path.display()), error);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_type().map_err(failed)?.is_file() && self.is_wanted(&entry.file_name()) {
                names.push(entry.file_name());
            }
        }
        names.sort();
        Ok(names)
    }

    fn is_wanted(&self, name: &OsStr) -> bool {
        let extension =
            Path::new(name).extension().map(|extension| extension.to_string_lossy().to_lowercase());
        self.extensions.is_empty() || extension.is_some_and(|extension| self.extensions.contains(&extension))
    }

    /// Hands over pages until there are no more, or nobody wants them.
    fn send_pages(&self, feed: &Feed<Page>, reading: &Reading) -> Result<()> {
        let columns: Columns = ["id".into(), "title".into(), "bytes".into()].into();
        let mut names = self.list()?;
        let mut count = 0;
        if let Some(cursor) = &reading.after {
            let last = OsString::from_vec(cursor.state::<State>()?.last_name);
            names.retain(|name| *name > last);
            count = cursor.records_read;
        }
        let mut rest = names.as_slice();
        while !rest.is_empty() {
            // The engine may change it from page to page.
            let (page, after) = rest.split_at(reading.page_size.max_rows().min(rest.len()));
            let (records, rejects) = self.records(page)?;
            let last_name = page.last().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
            count += page.len() as u64;
            let cursor = Cursor::new(count, &State { last_name })?;
            let progress = Progress::default();
            if !feed.blocking_send(Page {
                columns: columns.clone(),
                records,
                rejects,
                cursor,
                progress,
                ..Page::default()
            }) {
                break;
            }
            rest = after;
        }
        Ok(())
    }

    /// What can be said of each file. A name that is not text cannot be stored, and is told as a reject.
    fn records(&self, names: &[OsString]) -> Result<(Records, Vec<Reject>)> {
        let (mut records, mut rejects) = (Records::default(), Vec::new());
        for name in names {
            let shown = name.to_string_lossy();
            let position = Position::Item { page: 1, path: shown.clone().into() };
            let Some(text) = name.to_str() else {
                let message = "the name of the file is not UTF-8; rename it".to_owned();
                rejects.push(Reject::new(ErrorKind::Parsing, "bad_name", message, position, &shown));
                continue;
            };
            let path = self.path.join(name);
            let metadata = std::fs::symlink_metadata(&path)
                .map_err(|error| Error::io(format!("looking at {}", path.display()), error))?;
            let (title, bytes) = (Path::new(name).file_stem().unwrap_or(name), metadata.len().to_string());
            let values = [Value::Text(text), Value::Text(&title.to_string_lossy()), Value::Number(&bytes)];
            records.push(position, text, values);
        }
        Ok((records, rejects))
    }
}

#[cfg(test)]
mod tests {
    use catchment_core::testkit::conforms;

    use super::*;

    fn folder(path: &Path, extensions: &[&str]) -> Result<Folder> {
        let extensions = extensions.iter().map(ToString::to_string).collect();
        let host = Host { files: FileAccess::Anywhere, ..Host::default() };
        Folder::new(path.to_str().unwrap(), FolderOptions { extensions }, &host)
    }

    #[tokio::test]
    async fn files_are_listed_in_order_and_resumed_after_any_of_them() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("inner.mp4")).unwrap();
        for name in ["b.mp4", "a.MP4", "c.txt"] {
            std::fs::write(dir.path().join(name), name).unwrap();
        }
        std::fs::write(dir.path().join(OsStr::from_bytes(b"\xff.mp4")), "").unwrap();
        let listed = conforms(|| folder(dir.path(), &["mp4"]).unwrap()).await;
        let titles: Vec<_> = listed.records.iter().map(|(_, values)| values[1].as_str()).collect();
        assert_eq!(titles, [r#"Text("a")"#, r#"Text("b")"#]);
        assert_eq!(listed.rejects[0].code, "bad_name");
    }

    #[tokio::test]
    async fn what_is_missing_or_not_allowed_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let missing = folder(&dir.path().join("missing"), &[]).unwrap();
        assert_eq!(missing.test_connection().await.unwrap_err().code(), "no_such_file");
        let nowhere = Folder { files: FileAccess::Nowhere, ..missing };
        assert_eq!(nowhere.test_connection().await.unwrap_err().code(), "outside_data_dirs");
        assert!(folder(dir.path(), &[".mp4"]).is_err());
    }
}
