//! Drive's change feed, read to its end: the last entry of each file is its present state.

use std::collections::{BTreeMap, HashSet};

use catchment_core::{Error, ErrorKind, Pulse, Result};

use super::client::DriveClient;
use super::list::Tokens;
use super::meaning::NOT_FOUND;
use super::resource::{Change, DriveFile};
use super::state::Logs;

/// The most changes that are gone through; reading all files costs less then.
const MAX_CHANGES: usize = 100_000;
/// The most files that are asked for one by one, as one log has lost them and another may have found them.
const MAX_ASKED: usize = 1_000;

/// What changed since the tokens.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// By the ids of files: what each is now, or nothing where it cannot be seen any more.
    pub(super) files: BTreeMap<String, Option<DriveFile>>,
    /// Where the logs stand now.
    pub(super) next: Logs,
    /// Files that one log had lost, and that are there.
    pub(super) found: HashSet<String>,
    /// Whether somebody became a member of a drive, or is none any more.
    pub(super) has_memberships: bool,
}

/// How reading the feed ended.
pub(super) enum FeedEnd {
    Read(Changes),
    /// A log cannot be read on from its token, for this reason.
    Stale(Error),
    /// There are too many changes.
    TooMany,
}

/// Reads the logs from their tokens to their ends.
pub(super) async fn read_feed(client: &DriveClient, logs: &Logs, pulse: &Pulse) -> Result<FeedEnd> {
    let mut changes = Changes::default();
    for (log, token) in logs {
        let drive = Some(log.as_str()).filter(|log| !log.is_empty());
        let (mut token, mut tokens) = (token.clone(), Tokens::default());
        loop {
            let list = match client.changes(drive, &token, pulse).await {
                Err(error) if is_of_log(&error) => return Ok(FeedEnd::Stale(error)),
                list => list?,
            };
            list.changes.into_iter().try_for_each(|change| changes.add(change))?;
            if changes.files.len() > MAX_CHANGES {
                return Ok(FeedEnd::TooMany);
            }
            match (list.next_page_token, list.new_start_page_token) {
                (Some(next), None) if tokens.lead_on(&next) => token = next,
                (None, Some(end)) => {
                    changes.next.insert(log.clone(), end);
                    break;
                }
                (Some(_), None) => return Err(bad_feed("its tokens lead in circles")),
                _ => return Err(bad_feed("it names no token to go on with, or two")),
            }
        }
    }
    if logs.len() > 1 && !changes.ask_for_lost(client, pulse).await? {
        return Ok(FeedEnd::TooMany);
    }
    Ok(FeedEnd::Read(changes))
}

/// Whether a log cannot be read, by this account or from its token: reading all files tells what is true.
fn is_of_log(error: &Error) -> bool {
    error.kind() == ErrorKind::Api || matches!(error.code(), NOT_FOUND | "membership" | "no_permission")
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
        self.files.insert(id, file);
        Ok(())
    }

    /// Asks for what logs have lost, as logs are not in order among each other: what one has lost, another may have found. False
    /// where that is too much.
    async fn ask_for_lost(&mut self, client: &DriveClient, pulse: &Pulse) -> Result<bool> {
        if self.files.values().filter(|file| file.is_none()).count() > MAX_ASKED {
            return Ok(false);
        }
        for (id, file) in self.files.iter_mut().filter(|(_, file)| file.is_none()) {
            *file = match client.file(id, pulse).await {
                Err(error) if error.code() == NOT_FOUND => None,
                found => Some(found?),
            };
            self.found.extend(file.as_ref().map(|file| file.id.clone()));
        }
        Ok(true)
    }
}

fn bad_feed(why: &str) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        "bad_answer",
        format!("the change feed of Google Drive makes no sense: {why}"),
    )
}
