//! Times as the contract shows them.

use jiff::Timestamp;

/// A time in UTC with milliseconds (RFC 3339): `2026-01-24T14:30:00.000Z`.
pub(crate) fn iso(time: Timestamp) -> String {
    format!("{time:.3}")
}
