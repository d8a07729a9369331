//! Records that could not be applied.

use crate::text::printable;
use crate::{ErrorKind, Location, truncate_text};

/// How much of a record that could not be applied is kept, in bytes.
pub const MAX_RAW_BYTES: usize = 4096;

/// A record that could not be applied: why, where it stands, and what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reject {
    /// [`ErrorKind::Parsing`] or [`ErrorKind::Validation`].
    pub kind: ErrorKind,
    /// A stable name in snake case, such as `ragged_row`.
    pub code: &'static str,
    /// What is wrong and what would be accepted, for people.
    pub message: String,
    /// Where the record stands.
    pub location: Location,
    /// The target column that refused its value.
    pub column: Option<Box<str>>,
    /// What identifies the record in its source, where that is known.
    pub item: Option<Box<str>>,
    /// Its text, cut at [`MAX_RAW_BYTES`].
    pub raw: String,
    /// Its fields as a JSON object, where it was read well enough to have them: what a replay mends.
    pub record: Option<Box<str>>,
}

impl Reject {
    /// A reject of `raw`, which is cut.
    pub fn new(
        kind: ErrorKind,
        code: &'static str,
        message: String,
        location: impl Into<Location>,
        raw: &str,
    ) -> Self {
        let (message, raw) = (printable(message), truncate_text(raw, MAX_RAW_BYTES));
        Self { kind, code, message, location: location.into(), column: None, item: None, raw, record: None }
    }
}
