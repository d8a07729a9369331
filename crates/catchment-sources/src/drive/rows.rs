//! The rows of one file: nothing is read as long as it holds what it held.

use std::sync::Arc;

use catchment_core::{Coverage, Cursor, Feed, Finding, Page, Reading, Result, task_panicked};
use catchment_formats::{Format, Pages};

use super::plan::Drive;
use super::resource::DriveFile;
use super::root::changed;
use super::state::{DriveKept, DriveState, RowsState, inner};
use crate::files::{send_pages, watch};

/// Reads the rows of a file, from the cursor of the reading on, and gives the feed back.
pub(super) async fn read_rows(
    drive: &Arc<Drive>,
    file: DriveFile,
    before: Option<RowsState>,
    mut reading: Reading,
    feed: Feed<Page>,
) -> (Feed<Page>, Result<()>) {
    let now = drive.client.server_seconds();
    if let Some(state) = &before
        && (state.id != file.id || state.content != file.content_key())
    {
        return (feed, Err(changed(&format!("`{}` is another one now", file.name))));
    }
    let known = reading.carryover.take().filter(|_| before.is_none());
    if let Some(kept) = drive.unchanged(known, &file.content_key(), now) {
        let message = format!("`{}` has not changed since the last completed run", file.name);
        let sent = send_unchanged(&feed, kept, message).await;
        return (feed, sent);
    }
    let pulse = reading.pulse.clone();
    let content = match drive.fetcher(&pulse).fetch(&file).await {
        Ok(content) => content,
        Err(error) => return (feed, Err(error)),
    };
    if before.as_ref().is_some_and(|state| state.content != content.of.content_key()) {
        return (feed, Err(changed(&format!("`{}` is another one now", file.name))));
    }
    reading.after = before.and_then(|state| reading.after.take().map(|cursor| inner(&cursor, state.cursor)));
    let kept = DriveKept::Rows { content: content.of.content_key(), read: now };
    let format = drive.format.clone();
    let read = move || {
        let (id, key, findings) = (content.of.id.clone(), content.of.content_key(), content.findings.clone());
        let name = content.of.name.clone();
        let open = || {
            let pages = format.open(content.blob(watch(&feed, &reading))?, reading)?;
            send_pages(&feed, Box::new(RowsPages { pages, id, key, kept, findings }))
        };
        let sent = open().map_err(|error| error.with("file", name));
        (feed, sent)
    };
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| {
        // Its feed went with it: whoever reads is told by that.
        let (feed, _) = catchment_core::feed(1);
        (feed, Err(task_panicked()))
    })
}

/// Sends a page that says that nothing has changed.
pub(super) async fn send_unchanged(feed: &Feed<Page>, kept: DriveKept, message: String) -> Result<()> {
    let cursor = Cursor {
        coverage: Coverage::Increment,
        carryover: serde_json::to_value(kept).ok(),
        findings: vec![Finding::sure("files", message)],
        ..Cursor::default()
    };
    feed.send(Page { cursor, ..Page::default() }).await;
    Ok(())
}

/// Pages of a format whose cursors know the file.
struct RowsPages {
    pages: Box<dyn Pages>,
    id: String,
    key: String,
    kept: DriveKept,
    findings: Vec<Finding>,
}

impl Pages for RowsPages {
    fn next(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.pages.next()? else { return Ok(None) };
        let cursor = std::mem::take(&mut page.cursor);
        let (id, content) = (self.id.clone(), self.key.clone());
        let state = DriveState::Rows(RowsState { id, content, cursor: cursor.state.clone() });
        let findings = self.findings.drain(..).chain(cursor.findings.iter().cloned()).collect();
        let carryover = serde_json::to_value(&self.kept).ok();
        page.cursor =
            Cursor { findings, carryover, ..Cursor { state: Cursor::new(0, &state)?.state, ..cursor } };
        Ok(Some(page))
    }
}
