//! A buffer of records on their way to the engine: small pages of the source become larger ones while it is busy.

use catchment_core::{
    Columns, Cursor, Error, ErrorKind, Feed, Page, PageSize, Progress, Records, Reject, Result,
};

/// Records and rejects that have not been sent yet.
pub(super) struct PageBuffer {
    feed: Feed<Page>,
    page_size: PageSize,
    pub(super) records: Records,
    pub(super) rejects: Vec<Reject>,
    /// How many of them are of pages that are whole, and the cursor after these.
    whole: Option<(usize, usize, Cursor)>,
}

impl PageBuffer {
    pub(super) fn new(feed: Feed<Page>, page_size: PageSize) -> Self {
        Self { feed, page_size, records: Records::default(), rejects: Vec::new(), whole: None }
    }

    /// Notes that what is buffered ends with a whole page of the source; `cursor` is where the next one begins.
    pub(super) fn end_page(&mut self, cursor: Cursor) {
        self.whole = Some((self.records.len(), self.rejects.len(), cursor));
    }

    /// Sends the pages that are whole, and drops the rest.
    pub(super) async fn flush_whole_pages(&mut self, columns: &Columns, bytes: u64) -> Result<()> {
        let Some((records, rejects, cursor)) = self.whole.take() else { return Ok(()) };
        self.records.truncate(records);
        self.rejects.truncate(rejects);
        self.flush(columns, cursor, bytes).await
    }

    fn count(&self) -> usize {
        self.records.len() + self.rejects.len()
    }

    /// Whether a page of the size that the engine asks for is together.
    pub(super) fn is_full(&self) -> bool {
        self.count() >= self.page_size.max_rows() || self.records.bytes() >= self.page_size.max_bytes()
    }

    /// Whether somebody waits for a page. Small pages of the source become larger ones while the database is busy.
    pub(super) fn is_wanted(&self) -> bool {
        self.count() > 0 && self.feed.has_room()
    }

    /// Sends all that is buffered.
    pub(super) async fn flush(&mut self, columns: &Columns, cursor: Cursor, bytes: u64) -> Result<()> {
        self.whole = None;
        let (records, rejects) = (std::mem::take(&mut self.records), std::mem::take(&mut self.rejects));
        let progress = Progress { bytes, total_bytes: None };
        let page = Page { columns: columns.clone(), records, rejects, cursor, progress, ..Page::default() };
        if self.feed.send(page).await {
            return Ok(());
        }
        Err(Error::new(ErrorKind::System, "gone", "the pages are no longer read"))
    }

    /// Ends the stream.
    pub(super) async fn end(self, result: Result<()>) {
        self.feed.end(result).await;
    }
}
