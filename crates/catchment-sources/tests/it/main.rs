//! The sources on real files and real servers.

#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::needless_pass_by_value)]

mod api;
mod csv;
mod drive;
mod edges;
mod extremes;
mod faults;
mod file;
mod server;
mod usb;
mod values;
