//! From bytes to records. A [`Format`] turns an opened file, a [`Blob`], into pages of records, wherever the file came
//! from. It blocks, and it knows neither a network nor an async runtime: whoever calls it gives it a thread.

mod archive;
pub mod blob;
pub mod csv;
mod files;
mod format;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod json;
mod spreadsheet;
mod table;
mod text;

pub use blob::Blob;
pub use files::{FileFormat, FileFormatOptions, FileKind, FileOption};
pub use format::{Format, Pages};
pub use spreadsheet::{GridCell, GridWriter, HiddenRows, SheetChoice, SheetOptions, column_name};
pub use table::{TableOptions, Totals};
