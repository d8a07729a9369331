//! JSON APIs: requests, records, pages.

mod answer;
mod carryover;
mod cycle;
mod detect;
mod endpoint;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod incremental;
mod inspect;
mod link;
mod options;
mod page_buffer;
mod pagination;
mod reader;
mod source;
mod state;
mod summary;
mod told_errors;

pub use options::{ApiOptions, IncrementalOptions, Method, PaginationOptions, PaginationType};
pub use source::Api;
