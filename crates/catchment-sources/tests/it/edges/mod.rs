//! What a source must not take for what it is not: each test is a defect that was found.

mod answers;
mod files;
mod pages;
mod secrets;

use catchment_core::{Adapter, FileAccess, Host, Reading};
use catchment_sources::csv::{Csv, CsvOptions};
use serde_json::Value;

use crate::api::{api, pages};
use crate::server::host;

/// What reading an address came to: how many records and rejects, and the last cursor's pass or the error's code.
async fn outcome(url: &str, given: Value) -> (usize, usize, String) {
    let read = pages(&api(url, given, &host()), Reading::default()).await;
    let count = |count: fn(&catchment_core::Page) -> usize| read.iter().flatten().map(count).sum();
    let end = match read.last().unwrap() {
        Ok(page) => format!("{:?}", page.cursor.coverage),
        Err(error) => error.code().to_owned(),
    };
    (count(|page| page.records.len()), count(|page| page.rejects.len()), end)
}

fn csv(identifier: &str, options: CsvOptions) -> Csv {
    Csv::new(identifier, options, &Host { files: FileAccess::Anywhere, ..host() }).unwrap()
}
