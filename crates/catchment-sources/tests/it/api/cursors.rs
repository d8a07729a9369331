//! What a cursor keeps: where reading goes on in the middle of a page, and what the next run need not ask for again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use catchment_core::testkit::conforms;
use catchment_core::{Coverage, PageSize, Reading, Source};
use futures::StreamExt;
use serde_json::json;

use super::catalogue::songs;
use super::{api, error, pages, read_ids};
use crate::server::{Reply, Request, Server, host};

#[tokio::test]
async fn an_answer_longer_than_memory_is_read_as_it_comes() {
    let mut body = b"{\"items\": [".to_vec();
    let filler = "x".repeat(900);
    for number in 0..20_000 {
        let comma = if number == 0 { "" } else { "," };
        body.extend(format!("{comma}{{\"id\": {number}, \"filler\": \"{filler}\"}}").into_bytes());
    }
    body.extend(b"], \"next\": null}");
    let server = Server::start(move |_: &Request| Reply::text(200, body.clone())).await;
    let given = json!({"dataPath": "items", "pagination": {"type": "next_url", "nextUrlPath": "next"}});
    assert_eq!(read_ids(&server.url, given.clone()).await, (0..20_000).collect::<Vec<_>>());
    // In the middle of it, too.
    let api = api(&server.url, given, &host());
    let sized = |after| Reading { after, page_size: PageSize::rows(1000), ..Reading::default() };
    let cursor = api.read(sized(None)).skip(6).next().await.unwrap().unwrap().cursor;
    assert_eq!(cursor.records_read, 7000);
    let rest: u64 = pages(&api, sized(Some(cursor)))
        .await
        .into_iter()
        .map(|page| page.unwrap().records.len() as u64)
        .sum();
    assert_eq!(rest, 13_000);
    let (kind, code, _) = error(&server.url, json!({"dataPath": "items", "maxPageBytes": 10_000_000})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("api", "page_too_large"));
}

#[tokio::test]
async fn a_page_that_changed_under_a_cursor_is_told() {
    let turn = Arc::new(AtomicUsize::new(0));
    let count = turn.clone();
    let server = Server::start(move |_: &Request| {
        let shift = count.load(Ordering::SeqCst);
        Reply::json(&json!(songs(shift, 6, 20)))
    })
    .await;
    let api = api(&server.url, json!({}), &host());
    let sized = |after| Reading { after, page_size: PageSize::rows(2), ..Reading::default() };
    let cursor = api.read(sized(None)).next().await.unwrap().unwrap().cursor;
    turn.store(1, Ordering::SeqCst);
    let after = pages(&api, sized(Some(cursor))).await;
    assert_eq!(after[0].as_ref().unwrap_err().code(), "source_changed");
}

#[tokio::test]
async fn the_next_run_asks_only_for_what_is_new() {
    let server = Server::start(|request: &Request| {
        let since = request.param("since").unwrap_or_default();
        let all = ["2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"];
        let new: Vec<_> =
            all.iter().filter(|time| ***time > *since).map(|time| json!({"id": 1, "at": time})).collect();
        Reply::json(&json!({"items": new, "next": null}))
    })
    .await;
    let given = json!({"incremental": {"cursorField": "at", "param": "since", "initialValue": "2025-01-01T00:00:00Z"}});
    let source = || api(&server.url, given.clone(), &host());
    let everything = conforms(source).await;
    assert_eq!(everything.records.len(), 3);
    let last = pages(&source(), Reading::default()).await.pop().unwrap().unwrap();
    assert_eq!(
        (last.cursor.coverage, last.cursor.carryover.clone()),
        (Coverage::Complete, Some(json!({"highest": "2026-01-03T00:00:00Z"})))
    );
    let next = pages(&source(), Reading { carryover: last.cursor.carryover, ..Reading::default() })
        .await
        .pop()
        .unwrap()
        .unwrap();
    assert!(next.records.is_empty());
    assert_eq!(
        (next.cursor.coverage, next.cursor.carryover),
        (Coverage::Increment, Some(json!({"highest": "2026-01-03T00:00:00Z"})))
    );
    assert_eq!(server.targets().last().unwrap(), "/?since=2026-01-03T00%3A00%3A00Z");
}

#[tokio::test]
async fn an_answer_that_has_not_changed_is_not_read_again() {
    let server =
        Server::start(|request: &Request| match request.headers.get("if-none-match").map(String::as_str) {
            Some("\"v1\"") => Reply::text(304, ""),
            _ => Reply::json(&json!(songs(0, 3, 3))).header("ETag", "\"v1\""),
        })
        .await;
    let source = api(&server.url, json!({}), &host());
    let first = pages(&source, Reading::default()).await.pop().unwrap().unwrap();
    let again = pages(&source, Reading { carryover: first.cursor.carryover.clone(), ..Reading::default() })
        .await
        .pop()
        .unwrap()
        .unwrap();
    assert!(again.records.is_empty());
    assert_eq!(
        (again.cursor.coverage, again.cursor.carryover),
        (Coverage::Increment, first.cursor.carryover)
    );
}
