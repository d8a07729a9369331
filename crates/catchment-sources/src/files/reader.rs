//! The reading itself: files are opened where they are, and their format reads them on a thread of its own, as files block.

use std::sync::Arc;

use catchment_core::{
    Coverage, Cursor, Feed, Finding, Inspection, Page, PageSize, Pulse, Reading, Result, task_panicked,
};
use catchment_formats::{Blob, FileFormat, Format, Pages};
use futures::stream::BoxStream;

use super::folder::{Folder, Named};
use super::location::FileLocation;
use super::options::PlaceRules;
use super::place::Place;
use super::remote::RemoteFile;
use super::several::SeveralPages;
use crate::stream::from_task;

/// What is fetched of a file that is only looked at.
const LOOKED_AT_BYTES: u64 = 1 << 20;
/// Records that are looked at of several files.
const INSPECTED_RECORDS: usize = 1000;

/// The pages of a file.
pub(crate) fn read(
    location: &FileLocation,
    format: &impl Format,
    reading: Reading,
) -> BoxStream<'static, Result<Page>> {
    let (location, format) = (location.clone(), format.clone());
    from_task(async move |feed| match location.open(None, &reading.pulse).await {
        Ok((file, _)) => {
            let blob = Blob::new(file, watch(&feed, &reading)).map(|blob| location.named(blob));
            // It ends by itself when nobody reads on.
            drop(tokio::task::spawn_blocking(move || {
                let sent = blob.and_then(|blob| send_pages(&feed, format.open(blob, reading)?));
                feed.blocking_end(sent.map_err(|error| location.located(error)));
            }));
        }
        Err(error) => feed.end(Err(error)).await,
    })
}

/// The pages of whatever a location names: a file, a folder, or a pattern.
pub(crate) fn read_place(
    location: &FileLocation,
    format: &FileFormat,
    rules: PlaceRules,
    reading: Reading,
) -> BoxStream<'static, Result<Page>> {
    let local = match location {
        FileLocation::Remote(remote) if rules.new_files => return read_if_new(remote, format, reading),
        FileLocation::Remote(_) => return read(location, format, reading),
        FileLocation::Local(local) => local.clone(),
    };
    let (location, format) = (location.clone(), format.clone());
    from_task(async move |feed| {
        // It ends by itself when nobody reads on.
        drop(tokio::task::spawn_blocking(move || {
            let read = || {
                let is_wanted = watch(&feed, &reading);
                match Folder::named(&local)? {
                    Named::File if !rules.new_files => {
                        let blob = location.named(Blob::new(local.files.open(&local.path)?, is_wanted)?);
                        send_pages(&feed, format.open(blob, reading)?)
                    }
                    named => {
                        let place: Box<dyn Place> = match named {
                            Named::File => Box::new(local.clone()),
                            Named::Several(folder) => Box::new(folder),
                        };
                        let pages = SeveralPages::start(place, &format, rules, reading, is_wanted)?;
                        send_pages(&feed, Box::new(pages))
                    }
                }
            };
            let sent = read();
            feed.blocking_end(sent.map_err(|error| location.located(error)));
        }));
    })
}

/// The pages of a file at an address, if it is another one than the last run has read.
fn read_if_new(
    remote: &Arc<RemoteFile>,
    format: &FileFormat,
    reading: Reading,
) -> BoxStream<'static, Result<Page>> {
    let (remote, format) = (remote.clone(), format.clone());
    from_task(async move |feed| {
        let known = if reading.after.is_none() { reading.carryover.clone() } else { None };
        let known = known.and_then(|known| serde_json::from_value(known).ok());
        let location = FileLocation::Remote(remote.clone());
        let (file, version) = match remote.fetch_if_new(known.as_ref(), &reading.pulse).await {
            Ok((Some(file), version)) => (file, version),
            Ok((None, version)) => {
                let message = "the server says that the file has not changed since the last completed run";
                let cursor = Cursor {
                    coverage: Coverage::Increment,
                    carryover: serde_json::to_value(version).ok(),
                    findings: vec![Finding::sure("files", message)],
                    ..Cursor::default()
                };
                feed.send(Page { cursor, ..Page::default() }).await;
                return feed.end(Ok(())).await;
            }
            Err(error) => return feed.end(Err(location.located(error))).await,
        };
        let blob = Blob::new(file, watch(&feed, &reading)).map(|blob| location.named(blob));
        // It ends by itself when nobody reads on.
        drop(tokio::task::spawn_blocking(move || {
            let sent = blob.and_then(|blob| {
                let carryover = serde_json::to_value(version).ok();
                send_pages(&feed, Box::new(Versioned { pages: format.open(blob, reading)?, carryover }))
            });
            feed.blocking_end(sent.map_err(|error| location.located(error)));
        }));
    })
}

/// Pages whose cursors tell the next run which version they are of.
struct Versioned {
    pages: Box<dyn Pages>,
    carryover: Option<serde_json::Value>,
}

impl Pages for Versioned {
    fn next(&mut self) -> Result<Option<Page>> {
        let page = self.pages.next()?;
        Ok(page.map(|mut page| {
            page.cursor.carryover.clone_from(&self.carryover);
            page
        }))
    }
}

/// Whether pages are still wanted. Each block that is read is a sign of life: it may take long to come to where an earlier
/// attempt stood.
pub(crate) fn watch(feed: &Feed<Page>, reading: &Reading) -> Arc<dyn Fn() -> bool + Send + Sync> {
    let (is_read, pulse) = (feed.watch(), reading.pulse.clone());
    Arc::new(move || {
        pulse.beat();
        is_read()
    })
}

/// Reads to the end.
pub(crate) fn send_pages(feed: &Feed<Page>, mut pages: Box<dyn Pages>) -> Result<()> {
    while let Some(page) = pages.next()? {
        if !feed.blocking_send(page) {
            break;
        }
    }
    Ok(())
}

/// What a file is found out to be, and its first records; with a look at all of it where that is wanted.
pub(crate) async fn inspect(
    location: &FileLocation,
    format: &impl Format,
    fields: Arc<[Box<str>]>,
    is_thorough: bool,
) -> Result<Inspection> {
    let mut opened = location.open(Some(LOOKED_AT_BYTES), &Pulse::default()).await?;
    loop {
        let (file, is_whole) = opened;
        let (look, fields, format) = (location.clone(), fields.clone(), format.clone());
        let look = move || {
            let blob = look.named(Blob::new(file, Arc::new(|| true))?.with_is_whole(is_whole));
            if !is_whole && format.needs_whole(&blob)? {
                return Ok(None);
            }
            let look = if is_thorough { Format::explore } else { Format::inspect };
            look(&format, blob, fields).map(Some)
        };
        let inspected = tokio::task::spawn_blocking(look).await.unwrap_or_else(|_| Err(task_panicked()));
        if let Some(inspection) = inspected.map_err(|error| location.located(error))? {
            return Ok(inspection);
        }
        opened = location.open(None, &Pulse::default()).await?;
    }
}

/// What is found out of whatever a location names; of several files, by their first records.
pub(crate) async fn inspect_place(
    location: &FileLocation,
    format: &FileFormat,
    rules: PlaceRules,
    fields: Arc<[Box<str>]>,
    is_thorough: bool,
) -> Result<Inspection> {
    let FileLocation::Local(local) = location else {
        return inspect(location, format, fields, is_thorough).await;
    };
    let (local, of_several, wanted) = (local.clone(), format.clone(), fields.clone());
    let look = move || match Folder::named(&local)? {
        Named::File => Ok(None),
        Named::Several(folder) => inspect_several(folder, &of_several, rules, wanted).map(Some),
    };
    let found = tokio::task::spawn_blocking(look).await.unwrap_or_else(|_| Err(task_panicked()));
    match found.map_err(|error| location.located(error))? {
        Some(inspection) => Ok(inspection),
        None => inspect(location, format, fields, is_thorough).await,
    }
}

/// What several files are found out to be: how many, which columns they have together, and their first records. How each is
/// written is found out when it is read, and no option of all of them.
fn inspect_several(
    folder: Folder,
    format: &FileFormat,
    rules: PlaceRules,
    fields: Arc<[Box<str>]>,
) -> Result<Inspection> {
    let files = folder.files()?;
    let shown: Vec<_> = files.iter().take(3).map(|file| format!("`{}`", file.name)).collect();
    let more = if files.len() > shown.len() { ", …" } else { "" };
    let message = format!("{} files: {}{more}", files.len(), shown.join(", "));
    let reading = Reading { fields, page_size: PageSize::rows(INSPECTED_RECORDS), ..Reading::default() };
    let page = SeveralPages::start(Box::new(folder), format, rules, reading, Arc::new(|| true))?.next()?;
    let mut findings = page.as_ref().map(|page| page.cursor.findings.clone()).unwrap_or_default();
    findings.retain(|finding| finding.topic != "files");
    findings.insert(0, Finding::sure("files", message));
    let page = page.filter(|page| page.count() > 0);
    Ok(Inspection { options: serde_json::Map::new(), findings, page })
}

/// Whether reading could start.
pub(crate) async fn test_place(location: &FileLocation) -> Result<()> {
    let FileLocation::Local(local) = location else {
        return location.open(None, &Pulse::default()).await.map(|_| ());
    };
    let local = local.clone();
    let look = move || match Folder::named(&local)? {
        Named::File => local.files.open(&local.path).map(|_| ()),
        Named::Several(folder) => folder.files().map(|_| ()),
    };
    let looked = tokio::task::spawn_blocking(look).await.unwrap_or_else(|_| Err(task_panicked()));
    looked.map_err(|error| location.located(error))
}
