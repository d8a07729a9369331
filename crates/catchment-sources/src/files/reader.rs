//! The reading itself: a file is opened where it is, and its format reads it on a thread of its own, as files block.

use std::sync::Arc;

use catchment_core::{Feed, Inspection, Page, Pulse, Reading, Result, task_panicked};
use catchment_formats::{Blob, Format};
use futures::stream::BoxStream;

use super::location::FileLocation;
use crate::stream::from_task;

/// What is fetched of a file that is only looked at.
const LOOKED_AT_BYTES: u64 = 1 << 20;

/// The pages of a file.
pub(crate) fn read(
    location: &FileLocation,
    format: &impl Format,
    reading: Reading,
) -> BoxStream<'static, Result<Page>> {
    let (location, format) = (location.clone(), format.clone());
    from_task(async move |feed| match location.open(None, &reading.pulse).await {
        Ok((file, _)) => {
            let (is_read, pulse) = (feed.watch(), reading.pulse.clone());
            // Each block that is read is a sign of life: it may take long to come to where an earlier attempt stood.
            let is_wanted = Arc::new(move || {
                pulse.beat();
                is_read()
            });
            let blob = Blob::new(file, is_wanted);
            // It ends by itself when nobody reads on.
            drop(tokio::task::spawn_blocking(move || {
                let sent = send_pages(&feed, blob, &format, reading);
                feed.blocking_end(sent.map_err(|error| location.located(error)));
            }));
        }
        Err(error) => feed.end(Err(error)).await,
    })
}

/// Reads a file to its end.
fn send_pages(feed: &Feed<Page>, blob: Result<Blob>, format: &impl Format, reading: Reading) -> Result<()> {
    let mut pages = format.open(blob?, reading)?;
    while let Some(page) = pages.next()? {
        if !feed.blocking_send(page) {
            break;
        }
    }
    Ok(())
}

/// What a file is found out to be, and its first records.
pub(crate) async fn inspect(
    location: &FileLocation,
    format: &impl Format,
    fields: Arc<[Box<str>]>,
) -> Result<Inspection> {
    let (file, is_whole) = location.open(Some(LOOKED_AT_BYTES), &Pulse::default()).await?;
    let format = format.clone();
    let look = move || {
        let blob = Blob::new(file, Arc::new(|| true))?.with_is_whole(is_whole);
        format.inspect(blob, fields)
    };
    let inspected = tokio::task::spawn_blocking(look).await.unwrap_or_else(|_| Err(task_panicked()));
    inspected.map_err(|error| location.located(error))
}
