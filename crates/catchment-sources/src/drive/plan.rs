//! What is read of Drive, and how: the options, checked.

use std::time::Duration;

use catchment_core::{Error, Host, Pulse, Result, invalid_option};
use catchment_formats::{FileFormat, Format, SheetChoice};
use serde_json::Value;

use super::client::DriveClient;
use super::content::Fetcher;
use super::identifier::ItemId;
use super::names::NamePattern;
use super::options::{DriveOptions, DriveRead, DriveValues, Shortcuts, tab_of};
use super::pattern::Wanted;
use super::resource::DriveFile;
use super::state::DriveKept;
use super::tree::Scope;
use crate::files::PlaceRules;

/// How far ahead of this machine a server's clock may be and be believed.
const MAX_CLOCK_SKEW: u64 = 36 * 60 * 60;

/// What is read of Drive, and how.
pub(super) struct Drive {
    pub(super) client: DriveClient,
    pub(super) item: ItemId,
    read: DriveRead,
    /// Which files are read as rows.
    pub(super) rows_scope: Scope,
    /// Which files are content.
    pub(super) files_scope: Scope,
    pub(super) names: NamePattern,
    reconcile_after: Duration,
    pub(super) format: FileFormat,
    pub(super) rules: PlaceRules,
    tab: Option<SheetChoice>,
    values: DriveValues,
}

/// What is read of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The rows of a file.
    Rows,
    /// The rows of all files of a folder.
    FolderRows,
    /// The files of a folder.
    Files,
}

impl Drive {
    /// Checks the options.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub(super) fn new(identifier: &str, options: DriveOptions, host: &Host) -> Result<Self> {
        let DriveOptions { drive, mut format } = options;
        let item = ItemId::parse(identifier)?;
        let tab = tab_of(&mut format);
        if item.gid.is_some() && tab.is_some() {
            return Err(invalid_option(
                "sheet",
                "names a tab, and the link names one as well (`gid`); leave one of them out",
            ));
        }
        let format = FileFormat::new(&format, host.language.as_deref())?;
        let scope = |is_for_rows| {
            Ok::<_, Error>(Scope {
                wanted: Wanted::new(drive.pattern.as_deref(), is_for_rows)?,
                is_recursive: drive.recursive.unwrap_or(true),
                follows_shortcuts: drive.shortcuts == Shortcuts::Follow,
            })
        };
        Ok(Self {
            rows_scope: scope(true)?,
            files_scope: scope(false)?,
            names: NamePattern::new(drive.name_pattern.as_deref())?,
            reconcile_after: drive.reconcile_after()?,
            rules: PlaceRules { on_bad_file: drive.on_bad_file.unwrap_or_default(), ..PlaceRules::default() },
            client: DriveClient::new(&drive, format.max_bytes(), host)?,
            read: drive.read,
            values: drive.values,
            item,
            format,
            tab,
        })
    }

    /// What is read of an item.
    ///
    /// # Errors
    /// `config`, `invalid_options`, where its files are asked for and it is none that has some.
    pub(super) fn use_of(&self, root: &DriveFile) -> Result<Use> {
        match (root.is_folder(), self.read) {
            (true, DriveRead::Rows) => Ok(Use::FolderRows),
            (true, _) => Ok(Use::Files),
            (false, DriveRead::Files) => {
                Err(invalid_option("read", &format!("is `files`, and `{}` is no folder", root.name)))
            }
            (false, _) => Ok(Use::Rows),
        }
    }

    pub(super) fn fetcher<'a>(&'a self, pulse: &'a Pulse) -> Fetcher<'a> {
        Fetcher {
            client: &self.client,
            pulse,
            max_bytes: self.format.max_bytes(),
            gid: self.item.gid,
            tab: self.tab.as_ref(),
            values: self.values,
        }
    }

    /// What an earlier run left, if what it read is still what is there, and it was read not too long ago.
    pub(super) fn unchanged(&self, known: Option<Value>, content: &str, now: u64) -> Option<DriveKept> {
        let kept = serde_json::from_value(known?).ok()?;
        match &kept {
            DriveKept::Rows { content: known, read } if known == content && !self.is_over(*read, now) => {
                Some(kept)
            }
            _ => None,
        }
    }

    /// Whether all has to be read again after so long a time.
    pub(super) fn is_over(&self, since: u64, now: u64) -> bool {
        // One that is to come was told by a clock that was off: it says nothing.
        since > now.saturating_add(MAX_CLOCK_SKEW)
            || now.saturating_sub(since) >= self.reconcile_after.as_secs()
    }
}
