//! What is in a folder: all pages of a list, whatever becomes of its tokens.

use std::collections::{BTreeMap, HashSet};

use catchment_core::{Error, ErrorKind, Pulse, Result};

use super::client::DriveClient;
use super::meaning::{BAD_REQUEST, NOT_FOUND, STALE_TOKEN};
use super::resource::DriveFile;
use super::state::hash;

/// The most items of a folder, which is what Drive lets one have.
const MAX_ITEMS: usize = 500_000;
/// How often a list is begun anew because its page token died.
const MAX_RESTARTS: usize = 3;
/// How often a list may name a page that it has named before.
const MAX_REPEATED: usize = 10;
/// The most pages of a list.
const MAX_PAGES: usize = 100_000;

/// The page tokens of a list. Some pages are empty, and a server that errs leads in circles.
#[derive(Default)]
pub(super) struct Tokens {
    seen: HashSet<u64>,
    repeated: usize,
}

impl Tokens {
    /// Whether the list may be gone on with by the next token.
    pub(super) fn lead_on(&mut self, next: &str) -> bool {
        self.repeated += usize::from(!self.seen.insert(hash(next)));
        self.repeated <= MAX_REPEATED && self.seen.len() <= MAX_PAGES
    }
}

/// What is in a folder, in the order of ids; `None` where the folder cannot be seen any more, which looks like an empty one.
pub(super) async fn list_folder(
    client: &DriveClient,
    folder: &str,
    drive: Option<&str>,
    pulse: &Pulse,
) -> Result<Option<Vec<DriveFile>>> {
    let mut restarts = 0;
    loop {
        match list_pages(client, folder, drive, pulse).await {
            Ok(files) if files.is_empty() && !is_visible(client, folder, pulse).await? => return Ok(None),
            Ok(files) => return Ok(Some(files)),
            Err(error) if error.code() == STALE_TOKEN && restarts < MAX_RESTARTS => restarts += 1,
            // Tokens that die over and over are no fault of the request.
            Err(error) if error.code() == STALE_TOKEN => return Err(error.with_kind(ErrorKind::Unavailable)),
            Err(error) if error.code() == NOT_FOUND => {
                if !is_visible(client, folder, pulse).await? {
                    return Ok(None);
                }
                if restarts == MAX_RESTARTS {
                    return Err(error.with_kind(ErrorKind::Unavailable));
                }
                restarts += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

async fn list_pages(
    client: &DriveClient,
    folder: &str,
    drive: Option<&str>,
    pulse: &Pulse,
) -> Result<Vec<DriveFile>> {
    let (mut files, mut page, mut tokens) = (BTreeMap::new(), None::<String>, Tokens::default());
    loop {
        let list = match client.children(folder, drive, page.as_deref(), pulse).await {
            // The token is all that this page has other than the first.
            Err(error) if page.is_some() && error.code() == BAD_REQUEST => {
                return Err(Error::new(ErrorKind::Api, STALE_TOKEN, error.message()));
            }
            list => list?,
        };
        // Of one that is listed twice the later state counts.
        files.extend(list.files.into_iter().filter(|file| !file.trashed).map(|file| (file.id.clone(), file)));
        if files.len() > MAX_ITEMS {
            let message =
                format!("a folder has more than {MAX_ITEMS} items, which Drive does not let one have");
            return Err(Error::new(ErrorKind::Api, "endless_list", message));
        }
        match list.next_page_token {
            Some(next) if tokens.lead_on(&next) => page = Some(next),
            Some(_) => {
                let message = "Drive answers with the same pages of a list again and again";
                return Err(Error::new(ErrorKind::Unavailable, "endless_list", message));
            }
            None => return Ok(files.into_values().collect()),
        }
    }
}

async fn is_visible(client: &DriveClient, folder: &str, pulse: &Pulse) -> Result<bool> {
    match client.file(folder, pulse).await {
        Ok(folder) => Ok(!folder.trashed),
        Err(error) if error.code() == NOT_FOUND => Ok(false),
        Err(error) => Err(error),
    }
}
