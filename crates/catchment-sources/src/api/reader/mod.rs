//! The reading itself: page after page, each request on its way before the records of the page before are taken.
//!
//! For each page, `run` lets `fetch` get its answer, `open` find its records, `take` take them, and `advance` move on to
//! the next one, for which `ahead` has sent the request. `tried` asks for pages that may not exist.

mod advance;
mod fetch;
mod plan;
mod prefetch;
mod records;
mod response;
mod run;
mod tried;

pub(super) use fetch::Reader;
pub(super) use tried::TriedPage;
