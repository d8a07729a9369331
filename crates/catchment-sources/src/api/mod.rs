//! JSON APIs as sources: requests, pages, records.
//!
//! `source` is the door. An `endpoint` is the options made ready; a `reader` goes through its pages, by `pagination`,
//! and keeps its `state` in cursors. What no option says is discovered from the first answer (`detect`, `reader::plan`).

mod answer;
mod body_errors;
mod carryover;
mod cycle;
mod detect;
mod endpoint;
mod findings;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod incremental;
mod inspect;
mod link;
mod options;
mod page_buffer;
mod pagination;
mod probe;
mod reader;
mod source;
mod state;
mod summary;

pub use crate::http::{
    AuthOptions, ClientAuthentication, ErrorAction, ErrorRule, KeyLocation, OtherOrigins, RateLimit, Scopes,
    Statuses, Timeouts,
};
pub use options::{ApiOptions, IncrementalOptions, Method, PaginationOptions, PaginationType};
pub use source::Api;
