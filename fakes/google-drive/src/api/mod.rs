//! The Drive API, v3: a file for each of its methods.

pub(crate) mod changes;
pub(crate) mod content;
pub(crate) mod drives;
pub(crate) mod exchange;
pub(crate) mod export;
mod file_resource;
pub(crate) mod listing;
mod listing_order;
pub(crate) mod metadata;
mod params;
