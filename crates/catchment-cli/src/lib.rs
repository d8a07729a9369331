//! The doors of Catchment: the command line and the HTTP API. They reach nothing but its service, and answer in one set of
//! typed views.

mod cli;
mod config;
mod http;
mod plugged;
mod view;

pub use catchment_sources::builtin;
pub use cli::{main, main_with};
