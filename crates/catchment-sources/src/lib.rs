//! The sources that Catchment brings along. They see the contract alone, as a source of yours would.

pub mod api;
pub mod csv;
mod digests;
pub mod drive;
mod fields;
pub mod file;
mod files;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod http;
mod media;
mod patterns;
mod stream;
pub mod usb;

use catchment_core::Registry;

/// All of them, by name.
pub fn builtin() -> Registry {
    Registry::default()
        .with::<api::Api>()
        .with::<csv::Csv>()
        .with::<file::AnyFile>()
        .with::<drive::GoogleDrive>()
        .with::<usb::Usb>()
}
