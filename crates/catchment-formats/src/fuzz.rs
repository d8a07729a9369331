//! Fuzz targets: what holds whatever comes in, each a function of bytes that panics where it does not.
//!
//! The fuzzer calls them from `fuzz/`, with feature `fuzz`; `cargo test` calls them with the inputs in `fuzz/corpus`. They
//! are here, and not in `fuzz/`, because what they look at is nobody else's concern.

pub use crate::csv::fuzz::{csv, csv_cursor, csv_file};
pub use crate::files::fuzz::{file, file_cursor};
pub use crate::json::fuzz::{json, path};

/// The first line as text, and what comes after it.
pub fn split_line(data: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memchr(b'\n', data)?;
    Some((str::from_utf8(&data[..end]).ok()?, &data[end + 1..]))
}

#[cfg(test)]
#[macro_use]
#[path = "../../../fuzz/src/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus::run;

    corpora!(super: csv, csv_file, csv_cursor, file, file_cursor, json, path);
}
