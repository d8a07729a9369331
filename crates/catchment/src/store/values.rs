//! How counts, times and texts are stored, and read back.

use catchment_core::Error;
use jiff::Timestamp;

/// How much of a message is stored. Some list all columns of a file.
pub(super) const MAX_MESSAGE_BYTES: usize = 8192;

/// A count for the database. There are no counts beyond it.
pub(super) fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count from the database, where CHECKs keep it from being negative.
pub(super) fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// A time from milliseconds since 1970.
pub(super) fn timestamp(milliseconds: Option<i64>) -> Option<Timestamp> {
    milliseconds.and_then(|milliseconds| Timestamp::from_millisecond(milliseconds).ok())
}

/// A time as both databases take it.
pub(super) fn time_text(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// JSON of our own that does not read back: somebody changed it by hand, or a newer version wrote it.
pub(super) fn unreadable(what: &str, error: &serde_json::Error) -> Error {
    Error::config(
        "unreadable",
        format!(
            "{what} in the database cannot be read: {error}; it was changed by hand, or written by a newer version"
        ),
    )
}

/// So many days back, in milliseconds from now.
pub(super) const fn days_ago_ms(days: i64) -> i64 {
    -days * 24 * 60 * 60 * 1000
}
