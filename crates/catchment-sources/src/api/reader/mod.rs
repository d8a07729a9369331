//! The reading itself: page after page, each request on its way before the records of the page before are taken.

mod advance;
mod ahead;
mod fetch;
mod open;
mod plan;
mod run;
mod take;

pub(super) use fetch::Reader;
