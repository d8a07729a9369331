//! Catchment as its users meet it: as a library, over HTTP, on the command line, and killed.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value, unreachable_pub)]

mod bulk;
mod cli;
mod docs;
mod gated;
mod http;
mod kill;
mod proxy;
mod runs;
mod schema;
mod support;
mod sync;
