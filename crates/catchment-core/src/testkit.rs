//! The conformance suite: what every source must do, whatever it reads.

use futures::StreamExt;

use crate::{Columns, Cursor, Page, PageSize, Reading, Record, Reject, Result, Skip, Source};

/// All that a source delivered, in order.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SourceOutput {
    /// The columns, where there was a page.
    pub columns: Option<Columns>,
    /// The values of each record, as text with its kind, and its place.
    pub records: Vec<(String, Vec<String>)>,
    /// What could not be read.
    pub rejects: Vec<Reject>,
    /// What was passed over.
    pub skips: Vec<Skip>,
    /// The values of each record that left the source, as text with its kind.
    pub gone: Vec<Vec<String>>,
}

impl SourceOutput {
    fn add(&mut self, page: &Page) {
        self.columns.get_or_insert_with(|| page.columns.clone());
        assert_eq!(self.columns.as_ref(), Some(&page.columns), "a page has other columns than the first");
        for record in page.records.iter() {
            assert_eq!(
                record.len(),
                page.columns.len(),
                "a record does not have one value for each column: {record:?}"
            );
            self.records.push((record.location().to_string(), texts(record)));
        }
        assert!(page.unchanged.is_empty(), "a page vouches for records where nobody accepts that");
        self.gone.extend(page.gone.iter().map(texts));
        self.rejects.extend(page.rejects.iter().cloned());
        self.skips.extend(page.skips.iter().cloned());
    }

    fn count(&self) -> u64 {
        (self.records.len() + self.rejects.len() + self.skips.len()) as u64
    }
}

fn texts(record: Record<'_>) -> Vec<String> {
    record.values().map(|value| format!("{value:?}")).collect()
}

/// Holds a source against the whole contract, with pages of one record and more, and returns what it
/// delivered so that it can be compared with what was expected. `make` makes the same source each time.
///
/// # Panics
/// Where the source breaks the contract, with what it did.
#[expect(clippy::panic, reason = "a test suite tells by panicking")]
pub async fn conforms<S: Source>(make: impl Fn() -> S) -> SourceOutput {
    if let Err(error) = make().test_connection().await {
        panic!("test_connection fails where read is expected to work: {error}");
    }
    let (whole, _) = read_all(&make(), None, 1_000_000).await;
    for rows in [1, 3, 1000] {
        let (again, cursors) = read_all(&make(), None, rows).await;
        assert_eq!(again, whole, "pages of {rows} records deliver other records than a single page");
        for (delivered, cursor) in cursors {
            resumes_at(&make(), &cursor, delivered, &whole, rows).await;
        }
    }
    drops_early(&make()).await;
    whole
}

/// Reads from `after` to the end; with the cursor of each page and how much had been delivered by then.
async fn read_all<S: Source>(
    source: &S,
    after: Option<Cursor>,
    rows: usize,
) -> (SourceOutput, Vec<(SourceOutput, Cursor)>) {
    let start = after.as_ref().map_or(0, |cursor| cursor.records_read);
    let mut all = SourceOutput::default();
    let mut cursors = Vec::new();
    let mut pages = source.read(Reading { after, page_size: PageSize::rows(rows), ..Reading::default() });
    while let Some(page) = pages.next().await {
        let page = expect_page(page);
        assert!(page.count() <= rows, "a page of {} records where {rows} were asked for", page.count());
        all.add(&page);
        assert_eq!(
            page.cursor.records_read,
            start + all.count(),
            "the cursor's `records_read` differs from the records read"
        );
        // A cursor lives as text in a table between two attempts.
        let text = serde_json::to_string(&page.cursor).unwrap_or_default();
        let cursor: Cursor = serde_json::from_str(&text).unwrap_or_else(|_| page.cursor.clone());
        assert_eq!(cursor, page.cursor, "the cursor does not survive a round trip through JSON");
        cursors.push((all.clone(), cursor));
    }
    drop(pages);
    (all, cursors)
}

async fn resumes_at<S: Source>(
    source: &S,
    cursor: &Cursor,
    before: SourceOutput,
    whole: &SourceOutput,
    rows: usize,
) {
    let (rest, _) = read_all(source, Some(cursor.clone()), rows).await;
    let mut joined = before;
    if rest.columns.is_some() {
        joined.columns = rest.columns;
    }
    joined.records.extend(rest.records);
    joined.rejects.extend(rest.rejects);
    joined.skips.extend(rest.skips);
    joined.gone.extend(rest.gone);
    assert_eq!(&joined, whole, "resuming at {cursor:?} delivers other records than reading on");
}

/// A stream that is dropped after its first page, or before it, leaves the source usable.
async fn drops_early<S: Source>(source: &S) {
    let small = || Reading { page_size: PageSize::rows(1), ..Reading::default() };
    drop(source.read(small()));
    let mut pages = source.read(small());
    let first = pages.next().await.map(expect_page).map(|page| page.cursor);
    drop(pages);
    let again = source.read(small()).next().await.map(expect_page).map(|page| page.cursor);
    assert_eq!(first, again, "dropping a stream changed what the next one reads");
}

#[expect(clippy::panic, reason = "a test suite tells by panicking")]
fn expect_page(page: Result<Page>) -> Page {
    page.unwrap_or_else(|error| panic!("reading failed: {} ({}): {error}", error.kind(), error.code()))
}
