//! Files as a source: a place that yields blobs, and a format that reads them.

mod local;
mod location;
mod reader;
mod remote;

pub(crate) use local::normalize;
pub(crate) use location::FileLocation;
pub(crate) use reader::{inspect, read};
pub use remote::RemoteFileOptions;
