//! Google Drive as a source: its name, its secrets, and its readings.

use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{Adapter, Cursor, Feed, Finding, Host, Inspection, Page, Reading, Result, Source};
use futures::stream::BoxStream;
use serde_json::{Map, Value};

use super::folder::read_folder;
use super::identifier::ItemId;
use super::increment::Known;
use super::inventory::Output;
use super::options::DriveOptions;
use super::plan::{Drive, Use};
use super::resource::DriveFile;
use super::root::{changed, root};
use super::rows::read_rows;
use super::state::{DriveKept, DriveState};
use super::sweep::Inventory;
use crate::stream::from_task;

/// Something in Google Drive.
pub struct GoogleDrive(Arc<Drive>);

impl Adapter for GoogleDrive {
    const TYPE: &'static str = "drive";
    const SECRETS: &'static [&'static str] =
        &["/auth/key", "/auth/clientSecret", "/auth/refreshToken", "/resourceKey"];
    const STATELESS: &'static [&'static str] =
        &["/auth", "/resourceKey", "/rateLimit", "/timeouts", "/reconcileAfter", "/maxFileBytes"];
    type Options = DriveOptions;

    fn parse(options: Map<String, Value>) -> Result<DriveOptions> {
        DriveOptions::parse(options)
    }

    fn normalize(identifier: &str) -> Result<String> {
        ItemId::parse(identifier).map(|item| item.normalized())
    }

    fn new(identifier: &str, options: DriveOptions, host: &Host) -> Result<Self> {
        Drive::new(identifier, options, host).map(|drive| Self(Arc::new(drive)))
    }
}

#[async_trait]
impl Source for GoogleDrive {
    async fn test_connection(&self) -> Result<()> {
        self.0.test_connection().await.map_err(|error| self.0.client.http.redact_error(error))
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let drive = self.0.clone();
        from_task(async move |feed| {
            let (feed, result) = drive.read(reading, feed).await;
            feed.end(result.map_err(|error| drive.client.http.redact_error(error))).await;
        })
    }

    async fn inspect(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.0.inspect(fields, false).await.map_err(|error| self.0.client.http.redact_error(error))
    }

    async fn explore(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.0.inspect(fields, true).await.map_err(|error| self.0.client.http.redact_error(error))
    }
}

impl Drive {
    /// Reads from a cursor on, and gives the feed back.
    async fn read(self: &Arc<Self>, reading: Reading, feed: Feed<Page>) -> (Feed<Page>, Result<()>) {
        let start = async {
            let state = reading.after.as_ref().map(Cursor::state::<DriveState>).transpose()?;
            let root = root(&self.client, &self.item, &reading.pulse).await?;
            Ok((state, self.use_of(&root)?, root))
        };
        match start.await {
            Err(error) => (feed, Err(error)),
            Ok((None, Use::Rows, root)) => read_rows(self, root, None, reading, feed).await,
            Ok((Some(DriveState::Rows(state)), Use::Rows, root)) => {
                read_rows(self, root, Some(state), reading, feed).await
            }
            Ok((None, Use::FolderRows, root)) => read_folder(self, root, None, reading, feed).await,
            Ok((Some(DriveState::Folder(state)), Use::FolderRows, root)) => {
                read_folder(self, root, Some(state), reading, feed).await
            }
            Ok((state, Use::Files, root)) => {
                let read = self.read_files(root, state, reading, &feed).await;
                (feed, read)
            }
            Ok((_, _, root)) => {
                let what = format!("`{}` is something else than it was", root.name);
                (feed, Err(changed(&what)))
            }
        }
    }

    /// Reads the files of a folder: what changed, where that is known, and else all of them.
    async fn read_files(
        &self,
        root: DriveFile,
        state: Option<DriveState>,
        reading: Reading,
        feed: &Feed<Page>,
    ) -> Result<()> {
        let records_read = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        let mut out = Output::new(&self.names, feed, reading.page_size.clone(), records_read);
        let pulse = &reading.pulse;
        let inventory = Inventory {
            client: &self.client,
            item: &self.item,
            scope: &self.files_scope,
            root: &root,
            pulse,
        };
        let known = reading.carryover.and_then(|kept| serde_json::from_value(kept).ok());
        let known = match known {
            // Tokens are numbers: those of another account are taken, and say nothing.
            Some(DriveKept::Files { account, logs, swept, tree })
                if account == self.client.account_key()? =>
            {
                Some(Known { account, logs, swept, tree })
            }
            _ => None,
        };
        match (state, known) {
            (Some(DriveState::Sweep(state)), _) => inventory.sweep(Some(state), &mut out).await,
            (Some(DriveState::Increment(state)), Some(known)) => {
                inventory.resume(known, state, &mut out).await
            }
            (Some(_), _) => Err(changed("what the run before had left is not there any more")),
            (None, Some(known)) => {
                let reason = if known.swept == 0 {
                    Some("the last run was interrupted while more than files had changed")
                } else if self.is_over(known.swept, self.client.server_seconds()) {
                    Some("the time of the option `reconcileAfter` is over")
                } else {
                    inventory.increment(known, &mut out).await?
                };
                let Some(reason) = reason else { return Ok(()) };
                out.find(Finding::sure("sweep", format!("all files were read: {reason}")));
                inventory.sweep(None, &mut out).await
            }
            (None, None) => inventory.sweep(None, &mut out).await,
        }
    }
}
