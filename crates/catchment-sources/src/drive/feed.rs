//! Drive's change feed, read to its end: the last entry of each file is its present state.

use std::collections::BTreeMap;

use catchment_core::{Error, ErrorKind, Pulse, Result};

use super::client::DriveClient;
use super::meaning::{NOT_FOUND, STALE_TOKEN};
use super::resource::{Change, DriveFile};
use super::state::Logs;
use super::tree::MAX_SAME;

/// The most changes that are gone through; reading all files costs less then.
const MAX_CHANGES: usize = 100_000;

/// What changed since the tokens.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// By the ids of files: what each is now, or nothing where it cannot be seen any more.
    pub(super) files: BTreeMap<String, Option<DriveFile>>,
    /// Where the logs stand now.
    pub(super) next: Logs,
    /// Whether somebody became a member of a drive, or is none any more.
    pub(super) has_memberships: bool,
}

/// How reading the feed ended.
pub(super) enum FeedEnd {
    Read(Changes),
    /// A token is not taken any more.
    Stale,
    /// There are too many changes.
    TooMany,
}

/// Reads the logs from their tokens to their ends.
pub(super) async fn read_feed(client: &DriveClient, logs: &Logs, pulse: &Pulse) -> Result<FeedEnd> {
    let mut changes = Changes::default();
    for (log, token) in logs {
        let drive = Some(log.as_str()).filter(|log| !log.is_empty());
        let (mut token, mut same) = (token.clone(), 0);
        loop {
            let list = match client.changes(drive, &token, pulse).await {
                Err(error) if matches!(error.code(), STALE_TOKEN | NOT_FOUND) => return Ok(FeedEnd::Stale),
                list => list?,
            };
            list.changes.into_iter().try_for_each(|change| changes.add(change))?;
            if changes.files.len() > MAX_CHANGES {
                return Ok(FeedEnd::TooMany);
            }
            match (list.next_page_token, list.new_start_page_token) {
                (Some(next), None) if next != token || same < MAX_SAME => {
                    same = if next == token { same + 1 } else { 0 };
                    token = next;
                }
                (None, Some(end)) => {
                    changes.next.insert(log.clone(), end);
                    break;
                }
                _ => return Err(bad_feed("it names no token to go on with, or two")),
            }
        }
    }
    Ok(FeedEnd::Read(changes))
}

impl Changes {
    fn add(&mut self, change: Change) -> Result<()> {
        if change.change_type.as_deref() == Some("drive") {
            self.has_memberships = true;
            return Ok(());
        }
        let file = change.file.filter(|_| !change.removed);
        let id = change.file_id.or_else(|| file.as_ref().map(|file| file.id.clone()));
        let id = id.ok_or_else(|| bad_feed("a change has no id of its file"))?;
        if file.is_none() && !change.removed {
            return Err(bad_feed("a change says nothing of its file"));
        }
        // What one log has lost, another may have found.
        if file.is_some() || !self.is_in_another_log(&id) {
            self.files.insert(id, file);
        }
        Ok(())
    }

    fn is_in_another_log(&self, id: &str) -> bool {
        !self.next.is_empty() && self.files.get(id).is_some_and(Option::is_some)
    }
}

fn bad_feed(why: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "bad_answer",
        format!("the change feed of Google Drive makes no sense: {why}"),
    )
}
