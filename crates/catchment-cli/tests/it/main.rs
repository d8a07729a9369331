//! Catchment as its users meet it: as a library, over HTTP, on the command line, and killed.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value, unreachable_pub)]

mod api;
mod bulk;
mod cli;
/// Shared with the sources' own tests.
#[macro_use]
#[path = "../../../../fuzz/src/corpus.rs"]
mod corpus;
mod conflicts;
mod docs;
mod drive;
mod edges;
mod files;
mod first_day;
mod fuzz;
mod gated;
mod gone;
mod http;
mod inspect;
mod kill;
mod logs;
mod model;
mod operators;
mod preview;
mod proxy;
mod readme;
/// The server that the sources' own tests have.
#[expect(dead_code, reason = "they use all of it")]
#[path = "../../../catchment-sources/tests/it/server.rs"]
mod remote;
mod replay;
mod runs;
mod saved;
mod schema;
mod support;
mod sync;
mod targets;
mod usb;
mod views;
