//! Volumes, with sticks that fail in each way that real ones do.

mod damage;
mod records;
mod scripted;
mod volumes;
mod yanks;

use catchment_core::{FileAccess, Host, Page, Reading, Result, Source, Value, VolumeAccess};
use catchment_sources::usb::Usb;
use futures::StreamExt;

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

/// The records of pages, each as its values in the order of some columns, `null` for none.
fn values(pages: &[Page], names: &[&str]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for page in pages {
        let place = |name: &&str| page.columns.iter().position(|column| **column == **name).unwrap();
        let places: Vec<_> = names.iter().map(place).collect();
        let text = |value: Value<'_>| value.to_string();
        all.extend(
            page.records.iter().map(|record| places.iter().map(|at| text(record.value(*at))).collect()),
        );
    }
    all
}
