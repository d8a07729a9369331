//! A file on a disk of this machine.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::entry::{FileEntry, nanoseconds};
use catchment_core::{Error, FileAccess, Host, Result, absolute_path, task_panicked};

/// A path, and what the operator allows of the disk.
#[derive(Clone)]
pub(crate) struct LocalFile {
    pub(super) path: PathBuf,
    pub(super) files: FileAccess,
}

impl LocalFile {
    pub(super) fn new(path: &str, host: &Host) -> Self {
        Self { path: path.into(), files: host.files.clone() }
    }

    /// The file as one of several.
    pub(super) fn entry(&self) -> Result<FileEntry> {
        let failed = |error| Error::io(format!("reading the metadata of {}", self.path.display()), error);
        let metadata = self.files.open(&self.path)?.metadata().map_err(failed)?;
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let modified = metadata.modified().ok().and_then(nanoseconds);
        Ok(FileEntry { name: name.into(), bytes: metadata.len(), modified })
    }

    /// Opens it on a thread of its own, as a file system may hang.
    pub(super) async fn open(&self) -> Result<File> {
        let Self { path, files } = self.clone();
        tokio::task::spawn_blocking(move || files.open(&path)).await.unwrap_or_else(|_| Err(task_panicked()))
    }
}

/// The one spelling of a path: absolute, without `.` and `..`.
pub(super) fn normalize(identifier: &str) -> Result<String> {
    if identifier.is_empty() {
        return Err(Error::config("no_identifier", "the path of the file is empty; give a path or a URL")
            .with_detail("/sourceIdentifier", "is empty"));
    }
    if let Some((scheme, _)) = identifier.split_once("://") {
        let message = format!(
            "`{scheme}:` URLs are not supported; give the path of a file, or an http:// or https:// URL"
        );
        let problem = "is neither a path nor an http:// or https:// URL";
        return Err(Error::config("not_a_path", message).with_detail("/sourceIdentifier", problem));
    }
    let path = absolute_path(Path::new(identifier))?;
    // It was text before, and only text was added.
    Ok(path.to_string_lossy().into_owned())
}
