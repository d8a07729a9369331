//! How values are read where their own form leaves it open.

use jiff::tz::TimeZone;

/// How values are read where their own form leaves it open.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    /// The sign before the decimals of numbers in text.
    pub(super) decimal: DecimalSeparator,
    /// How dates and times are written, as strptime has it; or `hex` and `base64`.
    pub(super) format: Option<String>,
    /// The zone of times that tell none.
    pub(super) zone: TimeZone,
    /// Whether white space around text is left out.
    pub(super) trims: bool,
}

/// The sign before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalSeparator {
    /// A point; nothing may group thousands, as nobody said which sign is which.
    Assumed,
    /// This one; the other one may group thousands.
    Named(char),
}
