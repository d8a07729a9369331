//! What Google keeps: items, permissions, change logs, tokens; and all ways in which tests change them.

pub(crate) mod access;
pub(crate) mod blob;
mod building;
pub(crate) mod cell;
pub(crate) mod change_log;
mod clock;
pub(crate) mod credentials;
mod editing;
mod ids;
pub(crate) mod item;
mod mutation;
pub(crate) mod native;
pub(crate) mod page_tokens;
pub(crate) mod settings;
pub(crate) mod spreadsheet;
pub(crate) mod state;
pub(crate) mod walk;
