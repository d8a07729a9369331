//! What holds for any text and any file that is read as CSV. See [`crate::fuzz`].

mod file;
mod framing;

pub use file::{csv_cursor, csv_file};
pub use framing::csv;

/// Records that are resumed at, of those that there are.
const RESUMED: usize = 12;
