//! The strictness of the fake, held against what is known of the real one (DRIVE.md).

// Code for tests: what goes wrong here ends the test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod changes;
mod client;
mod content;
mod faults;
mod listing;
mod sharing;
mod sheets;
mod tokens;
