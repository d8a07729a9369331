//! Where a file is, and what opens it there.

use std::fs::File;
use std::sync::Arc;

use catchment_core::{Error, Host, Pulse, Result, invalid_option, is_web_url, mask_url_query};

use catchment_formats::Blob;

use super::local::{self, LocalFile};
use super::remote::{RemoteFile, RemoteFileOptions, Wanted};
use crate::http::source_url;

/// Where a file is.
#[derive(Clone)]
pub(crate) enum FileLocation {
    Local(LocalFile),
    Remote(Arc<RemoteFile>),
}

impl FileLocation {
    /// What an identifier names: a path, or an http or https address, of which `wanted` is asked for.
    pub(crate) fn new(
        identifier: &str,
        options: RemoteFileOptions,
        wanted: Wanted,
        host: &Host,
    ) -> Result<Self> {
        if is_web_url(identifier) {
            let remote = RemoteFile::new(source_url(identifier)?, options, wanted, host)?;
            return Ok(Self::Remote(Arc::new(remote)));
        }
        if let Some(option) = options.given() {
            return Err(invalid_option(option, "is for files at a URL, and this one is local; leave it out"));
        }
        Ok(Self::Local(LocalFile::new(identifier, host)))
    }

    /// Says which file an error is of.
    pub(super) fn located(&self, error: Error) -> Error {
        match self {
            Self::Local(local) => error.with("path", local.path.display()),
            Self::Remote(remote) => error.with("url", mask_url_query(remote.url.as_str())),
        }
    }

    /// A blob of it, with its name.
    pub(super) fn named(&self, blob: Blob) -> Blob {
        let path = match self {
            Self::Local(local) => local.path.to_string_lossy(),
            Self::Remote(remote) => remote.url.path().into(),
        };
        blob.with_name(path.rsplit('/').next().unwrap_or_default())
    }

    /// Whether only this machine can read it.
    pub(crate) fn is_bound_to_node(&self) -> bool {
        matches!(self, Self::Local(_))
    }

    /// Opens the file, or so many bytes of its beginning where it is fetched; with whether it is whole.
    pub(crate) async fn open(&self, most: Option<u64>, pulse: &Pulse) -> Result<(File, bool)> {
        let opened = match self {
            Self::Local(local) => local.open().await.map(|file| (file, true)),
            Self::Remote(remote) => remote.fetch(most, pulse).await,
        };
        opened.map_err(|error| self.located(error))
    }
}

/// The one spelling of an address, or of a path.
///
/// # Errors
/// `config` where it is neither.
pub(crate) fn normalize(identifier: &str) -> Result<String> {
    if is_web_url(identifier) {
        return source_url(identifier).map(String::from);
    }
    local::normalize(identifier)
}
