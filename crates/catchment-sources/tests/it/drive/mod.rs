//! Google Drive, against a server as strict as the real one.

mod access;
mod faults;
mod files;
mod folder;
mod increments;
mod rows;
mod table;
mod trials;
mod trials_content;
mod trials_links;
mod trials_sweeps;

use catchment_core::{Adapter, Error, Host, Inspection, Page, PageSize, Pulse, Reading, Result, Source};
use catchment_sources::drive::GoogleDrive;
use fake_google_drive::FakeDrive;
use futures::StreamExt;
use serde_json::{Map, json};

use crate::values::values;

/// The host of a source that reads the fake.
pub(crate) fn host(drive: &FakeDrive) -> Host {
    let addresses = [
        ("drive", drive.url()),
        ("sheets", drive.sheets_url()),
        ("google-token", drive.token_url()),
        ("google-docs", drive.docs_url()),
    ];
    Host {
        addresses: addresses.map(|(name, url)| (name.to_owned(), url.to_owned())).into(),
        ..crate::server::host()
    }
}

/// What everybody gives: the service account, and no pace.
pub(crate) fn options(drive: &FakeDrive, more: serde_json::Value) -> Map<String, serde_json::Value> {
    let serde_json::Value::Object(mut options) = json!({
        "auth": {"type": "service_account", "key": drive.service_account_key()},
        "rateLimit": {"requestsPerSecond": 100_000},
    }) else {
        unreachable!()
    };
    if let serde_json::Value::Object(more) = more {
        options.extend(more);
    }
    options
}

pub(crate) fn source(drive: &FakeDrive, id: &str, more: serde_json::Value) -> GoogleDrive {
    try_source(drive, id, more).unwrap()
}

pub(crate) fn try_source(drive: &FakeDrive, id: &str, more: serde_json::Value) -> Result<GoogleDrive> {
    GoogleDrive::new(&GoogleDrive::normalize(id)?, GoogleDrive::parse(options(drive, more))?, &host(drive))
}

/// All pages of a reading, or why it ended.
pub(crate) async fn read(source: &GoogleDrive, reading: Reading) -> Result<Vec<Page>> {
    let mut pages = source.read(reading);
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        all.push(page?);
    }
    Ok(all)
}

/// The error of a source that is read from its beginning.
pub(crate) async fn error_of(source: &GoogleDrive) -> Error {
    match read(source, Reading::default()).await {
        Ok(pages) => panic!("it was read: {pages:?}"),
        Err(error) => error,
    }
}

pub(crate) async fn inspect(source: &GoogleDrive) -> Inspection {
    source.inspect([].into()).await.unwrap()
}

/// A reading in pages of so many records.
pub(crate) fn pages_of(rows: usize) -> Reading {
    Reading { page_size: PageSize::rows(rows), pulse: Pulse::default(), ..Reading::default() }
}
