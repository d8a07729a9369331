//! JSON APIs: how their pages follow, what their records hold, who they are asked as.

mod access;
mod catalogue;
mod cursors;
mod ends;
mod findings;
mod options;
mod pagination;
mod probing;
mod records;

use catchment_core::{Adapter, Host, Page, Reading, Result, Source};
use catchment_sources::api::{Api, ApiOptions};
use futures::StreamExt;
use serde_json::Value;

use crate::server::host;

pub(crate) fn options(options: Value) -> ApiOptions {
    catchment_core::parse_options(options.as_object().unwrap().clone()).unwrap()
}

pub(crate) fn api(url: &str, given: Value, host: &Host) -> Api {
    Api::new(&Api::normalize(url).unwrap(), options(given), host).unwrap()
}

pub(crate) async fn pages(api: &Api, reading: Reading) -> Vec<Result<Page>> {
    api.read(reading).collect().await
}

/// The error that a reading ends with.
pub(crate) async fn error(url: &str, given: Value) -> (String, String, String) {
    let api = api(url, given, &host());
    let last = pages(&api, Reading::default()).await.pop().unwrap();
    let error = last.unwrap_err();
    (error.kind().to_string(), error.code().to_owned(), error.full_message())
}

async fn read_ids(url: &str, given: Value) -> Vec<usize> {
    let all = pages(&api(url, given, &host()), Reading::default()).await;
    let mut ids = Vec::new();
    for page in all.into_iter().map(Result::unwrap) {
        let place = page.columns.iter().position(|column| &**column == "id");
        ids.extend(
            page.records
                .iter()
                .map(|record| record.value(place.unwrap()).as_trimmed().unwrap().parse::<usize>().unwrap()),
        );
    }
    ids
}
