//! What every format does: find out how a blob is written, and read it from a cursor on.

use std::sync::Arc;

use catchment_core::{Inspection, Page, Reading, Result};

use crate::Blob;

/// How the records of a blob are written. Whoever calls it has a thread to spare: its functions block.
pub trait Format: Clone + Send + Sync + 'static {
    /// Sniffs a blob: the options that reading it would use, and its first records. `fields` are as in
    /// [`Reading::fields`].
    ///
    /// # Errors
    /// What reading would fail with.
    fn inspect(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection>;

    /// Opens a blob at the cursor of `reading`, or at its beginning.
    ///
    /// # Errors
    /// `system`, `source_changed`, where the blob is not what it was up to the cursor; `parsing` where it is none of this
    /// format.
    fn open(&self, blob: Blob, reading: Reading) -> Result<Box<dyn Pages>>;

    /// The longest blob that is read, in bytes of text after decompression.
    fn max_bytes(&self) -> u64;
}

/// Pages of a blob, one after the other.
pub trait Pages {
    /// The next page; `None` at the end, if the blob is still what it was when it was opened.
    ///
    /// # Errors
    /// Why reading cannot continue. What cannot be read of a single record is a reject of its page.
    fn next(&mut self) -> Result<Option<Page>>;
}
