//! Catchment as its users meet it: as a library, over HTTP, on the command line, and killed.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod cli;
mod gated;
mod http;
mod kill;
mod runs;
mod schema;
mod support;
mod sync;
