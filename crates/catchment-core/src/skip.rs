//! Records that a source passes over on purpose.

use crate::text::printable;
use crate::{Location, truncate_text};

/// How much of a record that is passed over is kept, in bytes.
const MAX_SHOWN_BYTES: usize = 500;

/// A record that was passed over on purpose, as the options of its source say: nothing is dropped in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Why, as a stable name in snake case, such as `totals_row`.
    pub reason: &'static str,
    /// Where it stands.
    pub location: Location,
    /// Its text, for people; cut.
    pub shown: String,
}

impl Skip {
    /// A record that is passed over; `shown` is its text.
    pub fn new(reason: &'static str, location: impl Into<Location>, shown: &str) -> Self {
        let shown = printable(truncate_text(shown, MAX_SHOWN_BYTES));
        Self { reason, location: location.into(), shown }
    }
}
