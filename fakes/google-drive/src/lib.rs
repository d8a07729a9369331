//! A Google Drive for tests, as strict and as nasty as the real one.
//!
//! [`FakeDrive::start`] serves the Drive API, the Sheets API, the token endpoint, docs.google.com and
//! googleusercontent.com on five ports of loopback. A test builds a world (folders, files, sheets, shortcuts, shared
//! drives), lets a client loose on it, changes it at any request ([`FakeDrive::before`], [`FakeDrive::after`]), lets
//! any answer go wrong ([`FakeDrive::fail`]), and compares what the client has with [`FakeDrive::walk`].
//!
//! It refuses what Google refuses, and also what Google only ignores: unknown query parameters.

// Code for tests: what goes wrong here ends the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod api;
mod call;
pub mod demo;
mod docs;
mod drive;
mod exports;
mod faults;
mod fields;
mod http;
mod origin;
mod principal;
mod problem;
mod query;
mod record;
mod refusals;
mod service;
mod sheets;
mod shorthand;
mod token;
mod world;

pub use call::Call;
pub use drive::FakeDrive;
pub use faults::fault::Fault;
pub use faults::matcher::Matcher;
pub use faults::rules::RuleId;
pub use origin::Origin;
pub use principal::Principal;
pub use record::{Comeback, Seen};
pub use world::cell::Cell;
pub use world::item::{FileTraits, ImageMetadata, VideoMetadata};
pub use world::native::NativeKind;
pub use world::page_tokens::TokenDeath;
pub use world::settings::Settings;
pub use world::spreadsheet::{Tab, text_rows};
pub use world::state::World;
pub use world::walk::FileView;
