//! The unit of progress: some records, what could not be read, and the cursor that stands after them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Cursor, Progress, Records, Reject, Skip};

/// The name of a column that holds the whole record as a JSON object. Where there is one, what no column is mapped
/// from is kept as it stands there.
pub const WHOLE_RECORD: &str = "*";

/// The names of a page's columns, shared by all its records.
pub type Columns = Arc<[Box<str>]>;

/// Some records in the order of the source, and the cursor that stands after them. A page without records only moves
/// the cursor.
#[derive(Debug, Default)]
pub struct Page {
    /// One name for each value of a record.
    pub columns: Columns,
    /// What was read.
    pub records: Records,
    /// What could not be read. They count as records.
    pub rejects: Vec<Reject>,
    /// What was passed over on purpose. They count as records.
    pub skips: Vec<Skip>,
    /// What the source tells has left it since an earlier run: records of which only those values are there that identify them.
    /// They count as none. A complete pass needs them not: what it does not deliver is gone.
    pub gone: Records,
    /// What the source vouches for to be as it delivered it to the run whose carryover this one was given: records of which only
    /// those values are there that identify them. They count as records. Only where [`Reading::accepts_unchanged`](crate::Reading).
    pub unchanged: Records,
    /// The position to resume from after this page.
    pub cursor: Cursor,
    /// How far the source has been read.
    pub progress: Progress,
}

impl Page {
    /// How many records it accounts for.
    pub fn count(&self) -> usize {
        self.records.len() + self.rejects.len() + self.skips.len() + self.unchanged.len()
    }
}

/// How large a page should become. The engine makes it smaller when the database is slow; a source looks at
/// it again before each page.
#[derive(Debug, Clone)]
pub struct PageSize {
    rows: Arc<AtomicUsize>,
    max_bytes: usize,
}

impl PageSize {
    /// A page of at most `rows` records.
    pub fn rows(rows: usize) -> Self {
        Self { rows: Arc::new(AtomicUsize::new(rows.max(1))), max_bytes: 4 << 20 }
    }

    /// Records that a page should hold at most, rejects included; at least 1.
    pub fn max_rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes after which a page should end; one record more may pass it.
    pub fn max_bytes(&self) -> usize {
        self.max_bytes
    }

    /// Sets the number of records, from the next page on.
    pub fn set_rows(&self, rows: usize) {
        self.rows.store(rows.max(1), Ordering::Relaxed);
    }
}

impl Default for PageSize {
    /// 5,000 records or 4 MiB.
    fn default() -> Self {
        Self::rows(5000)
    }
}
