//! JSON as text: records are cut out of a document as they stand, and never become a tree.

mod check;
mod document;
pub mod fields;
mod format;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod lines;
pub mod lists;
mod locate;
mod options;
pub mod path;
mod query;
pub mod records;
pub mod selection;
pub mod step;
mod suggest;
mod text;
mod walker;

pub use format::JsonFormat;
pub use options::JsonOptions;
