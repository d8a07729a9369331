//! Files as a source: a place that yields blobs, and a format that reads them.

mod entry;
mod folder;
mod local;
mod location;
mod merge;
mod options;
mod place;
mod reader;
mod remote;
mod several;
mod state;

pub(crate) use entry::{FileEntry, listed};
pub(crate) use folder::pattern_base;
pub(crate) use location::{FileLocation, normalize};
pub(crate) use options::PlaceRules;
pub use options::{OnBadFile, PlaceOptions};
pub(crate) use place::Place;
pub(crate) use reader::{inspect, inspect_place, read, read_place, send_pages, test_place, watch};
pub use remote::RemoteFileOptions;
pub(crate) use remote::Wanted;
pub(crate) use several::SeveralPages;
