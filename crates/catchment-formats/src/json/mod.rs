//! JSON as text: records are cut out of a document as they stand, and never become a tree.

mod check;
pub mod fields;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
pub mod lists;
pub mod path;
mod query;
pub mod records;
pub mod selection;
pub mod step;
mod suggest;
