//! Every number that the other side can send, at its extremes: none may wrap, panic, make reading go on for ever, or pass
//! part of a source for all of it.

use std::time::Duration;

use catchment_core::{Coverage, ErrorKind, Reading};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::api::{api, pages};
use crate::server::{Reply, Request, Server, host};

/// Where a number stands.
const SLOTS: [&str; 14] = [
    "page",
    "pages",
    "total",
    "offset",
    "limit",
    "token",
    "count header",
    "id",
    "expires_in",
    "retry-after",
    "ratelimit",
    "x-ratelimit-reset",
    "x-ratelimit-remaining",
    "content",
];

/// As JSON has them, where it does; as the texts of headers.
const EXTREMES: [&str; 18] = [
    "0",
    "1",
    "-1",
    "0.5",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1e308",
    "-1e308",
    "1e400",
    "-1e400",
    "1e-400",
    "4294967296",
    "253402300800000",
    "null",
    "\"NaN\"",
    "123456789012345678901234567890123456789012345678901234567890",
];

/// A page of three records, or of none after the second, with a number that cannot be right.
fn body(slot: &str, number: &str, page: usize) -> String {
    if slot == "id" {
        return format!("{{\"items\": [{{\"id\": {number}, \"at\": {number}}}]}}");
    }
    let records: Vec<Value> = match page {
        1 | 2 => (0..3).map(|index| json!({"id": page * 3 + index, "at": 1})).collect(),
        _ => Vec::new(),
    };
    let more = match slot {
        "page" => format!(", \"page\": {number}, \"totalPages\": 2"),
        "pages" => format!(", \"page\": {page}, \"totalPages\": {number}"),
        "total" => format!(", \"page\": {page}, \"perPage\": 3, \"total\": {number}"),
        "offset" => format!(", \"offset\": {number}, \"limit\": 3, \"total\": 6"),
        "limit" => format!(", \"offset\": {}, \"limit\": {number}, \"total\": 6", (page - 1) * 3),
        "token" => format!(", \"next_cursor\": {number}"),
        _ => String::new(),
    };
    format!("{{\"items\": {}{more}}}", json!(records))
}

/// What the source answers, with the number in its body or its headers.
fn answer(slot: &str, number: &str, request: &Request) -> Reply {
    let plain = number.trim_matches('"');
    if request.path() == "/token" {
        return Reply::text(200, format!("{{\"access_token\": \"a\", \"expires_in\": {number}}}"));
    }
    if slot == "retry-after" {
        return Reply::text(429, "").header("retry-after", plain);
    }
    let reply = Reply::text(200, body(slot, number, request.number("page").unwrap_or(1)));
    match slot {
        "count header" => reply.header("x-total-count", plain),
        "ratelimit" => reply.header("ratelimit", &format!("\"d\";r=0;t={plain}")),
        "x-ratelimit-reset" => reply.header("x-ratelimit-remaining", "0").header("x-ratelimit-reset", plain),
        "x-ratelimit-remaining" => {
            reply.header("x-ratelimit-remaining", plain).header("x-ratelimit-reset", "60")
        }
        "content" => reply.header("age", plain).header("last-modified", plain),
        _ => reply,
    }
}

/// Reads two pages of three records each, with one number that cannot be right.
async fn read(slot: &'static str, number: String) -> Vec<catchment_core::Result<catchment_core::Page>> {
    let server = Server::start(move |request: &Request| answer(slot, &number, request)).await;
    // A request with a body is not repeated, so that no pause is waited for.
    let mut given =
        json!({"method": "POST", "incremental": {"cursorField": "at", "param": "since", "lookback": 1}});
    if slot == "expires_in" {
        given["auth"] = json!({"type": "oauth2_client_credentials", "tokenUrl": format!("{}/token", server.url),
            "clientId": "me", "clientSecret": "secret"});
    }
    // Answers that say nothing of pages.
    if !matches!(slot, "page" | "pages" | "total" | "offset" | "limit" | "token" | "id") {
        given["pagination"] = json!({"type": "page", "totalHeader": "x-total-count"});
    }
    let kept = Some(json!({"highest": "5"}));
    let reading = Reading { carryover: kept, ..Reading::default() };
    let source = api(&server.url, given, &host());
    let read = pages(&source, reading);
    tokio::time::timeout(Duration::from_secs(60), read).await.expect("it goes on for ever")
}

fn check(slot: &str, number: &str, read: &[catchment_core::Result<catchment_core::Page>]) {
    let records: usize = read.iter().flatten().map(|page| page.records.len() + page.rejects.len()).sum();
    match read.last().expect("it says something") {
        Ok(page) => {
            let is_whole =
                records == 6 || matches!(slot, "id") || page.cursor.coverage == Coverage::Truncated;
            // What says that there is no more, or nothing of a next page, is believed.
            let says_no_more =
                matches!(slot, "pages" | "total" | "token" | "page" | "offset" | "limit" | "count header");
            assert!(is_whole || says_no_more, "{slot} {number}: {records} records are taken for all");
        }
        Err(error) => {
            assert_ne!(error.code(), "panic", "{slot} {number}");
            assert_ne!(error.kind(), ErrorKind::System, "{slot} {number}: {error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_number_of_the_other_side_wraps_or_panics() {
    for slot in SLOTS {
        for number in EXTREMES {
            check(slot, number, &read(slot, number.to_owned()).await);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, max_shrink_iters: 8, ..ProptestConfig::default() })]

    #[test]
    fn nor_does_any_other(slot in 0..SLOTS.len(), number in prop_oneof![
        any::<u64>().prop_map(|number| number.to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_filter("JSON has no others", |number| number.is_finite()).prop_map(|number| format!("{number:e}")),
    ]) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let found = runtime.block_on(read(SLOTS[slot], number.clone()));
        check(SLOTS[slot], &number, &found);
    }
}
