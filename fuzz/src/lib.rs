//! What the fuzz targets call that is no part of a crate's own.

pub mod engine;
