//! Volumes, with sticks that fail in each way that real ones do.

mod damage;
mod records;
mod scripted;
mod volumes;
mod yanks;

use catchment_core::{FileAccess, Host, Page, Reading, Result, Source, VolumeAccess};
use catchment_sources::usb::Usb;
use futures::StreamExt;

use crate::values::values;

fn host() -> Host {
    Host { files: FileAccess::Anywhere, volumes: VolumeAccess::Anywhere, ..Host::default() }
}

/// All pages of a reading, or why it ended; with those before that.
async fn pages(source: &Usb, reading: Reading) -> (Vec<Page>, Result<()>) {
    let mut pages = source.read(reading);
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => all.push(page),
            Err(error) => return (all, Err(error)),
        }
    }
    (all, Ok(()))
}
