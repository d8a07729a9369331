//! Where a source ends, and what must not be taken for its end.

use catchment_core::{Coverage, Page, Reading, Result};
use serde_json::json;

use super::catalogue::{TOTAL, catalogue, songs};
use super::{api, error, pages, read_ids};
use crate::server::{Reply, Request, Server, host};

/// A server of so many songs in pages of 3, that answers 404 past the end.
async fn with_an_end(total: usize) -> Server {
    Server::start(move |request: &Request| {
        let from = (request.number("page").unwrap() - 1) * 3;
        if from < total {
            Reply::json(
                &json!({"more": from + 3 < total, "total": total + 1, "items": songs(from, 3, total)}),
            )
        } else {
            Reply::text(404, "no such page")
        }
    })
    .await
}

#[tokio::test]
async fn the_end_is_where_the_options_say_it_is() {
    let server = with_an_end(6).await;
    for more in [json!({"endStatus": [404]}), json!({"hasMorePath": "more"}), json!({"maxPages": 2})] {
        let mut pagination = json!({"type": "page"});
        pagination.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(
            read_ids(&server.url, json!({"pagination": pagination})).await,
            (0..6).collect::<Vec<_>>()
        );
    }
    let (kind, _, message) = error(&server.url, json!({"pagination": {"type": "page"}})).await;
    assert_eq!(kind, "api");
    assert!(message.contains("404") && message.contains("no such page"), "{message}");
}

#[tokio::test]
async fn fewer_records_than_promised_are_no_end() {
    let server = with_an_end(6).await;
    let given = json!({"pagination": {"type": "page", "endStatus": [404], "totalPath": "total"}});
    // The last answer has no body to tell the total: it is the one before that counts.
    let read = pages(&api(&server.url, given, &host()), Reading::default()).await;
    assert_eq!(read.last().unwrap().as_ref().unwrap_err().code(), "short_source");
    let given = json!({"pagination": {"type": "page", "hasMorePath": "more", "totalPath": "total"}});
    assert_eq!(error(&server.url, given).await.1, "short_source");
}

#[tokio::test]
async fn a_limit_on_pages_is_told_as_such() {
    let server = catalogue().await;
    let url = format!("{}/link", server.url);
    let coverage = |pages: Vec<Result<Page>>| pages.last().unwrap().as_ref().unwrap().cursor.coverage;
    let cut = pages(&api(&url, json!({"pagination": {"maxPages": 2}}), &host()), Reading::default()).await;
    assert_eq!(coverage(cut), Coverage::Truncated);
    let whole = pages(&api(&url, json!({"pagination": {"maxPages": 4}}), &host()), Reading::default()).await;
    assert_eq!(coverage(whole), Coverage::Complete);
}

#[tokio::test]
async fn what_would_go_on_for_ever_ends_with_a_reason() {
    let server = Server::start(|request: &Request| {
        let from = request.number("from").unwrap_or(0);
        match request.path() {
            "/deaf" => Reply::json(&json!(songs(0, 3, 3))),
            "/empty" => Reply::json(&json!({"items": [], "next": format!("/empty?from={}", from + 1)})),
            "/long" => Reply::json(
                &json!({"items": songs(0, 3, 3), "next": format!("/long?{}", "x".repeat(20_000))}),
            ),
            "/same" => Reply::json(&json!({"items": songs(from, 1, 100), "next": "/same?from=1"})),
            _ => {
                let next = if from == 40 { 7 } else { from + 1 };
                Reply::json(&json!({"items": songs(from, 1, 100), "next": format!("/circle?from={next}")}))
            }
        }
    })
    .await;
    let at = |path: &str| format!("{}{path}", server.url);
    assert_eq!(error(&at("/deaf"), json!({"pagination": {"type": "page"}})).await.1, "same_page");
    assert_eq!(error(&at("/same"), json!({})).await.1, "same_next_page");
    assert_eq!(error(&at("/circle"), json!({})).await.1, "same_next_page");
    assert_eq!(error(&at("/empty"), json!({})).await.1, "no_next_page");
    assert_eq!(error(&at("/long"), json!({})).await.1, "no_next_page");
}

#[tokio::test]
async fn more_records_than_there_are_ways_to_ask_for_is_an_error() {
    let server =
        Server::start(|_: &Request| Reply::json(&json!({"items": songs(0, 3, 3), "total": 9}))).await;
    assert_eq!(error(&server.url, json!({})).await.1, "unknown_pagination");
}

#[tokio::test]
async fn a_wrong_path_to_the_next_page_is_not_the_end() {
    let server = catalogue().await;
    for (path, pagination) in [
        ("/next", json!({"type": "next_url", "nextUrlPath": "links.next"})),
        ("/cursor", json!({"type": "cursor", "cursorPath": "meta.nextt", "hasMorePath": "meta.next"})),
        ("/link", json!({"type": "link_header", "linkRelation": "nxt"})),
    ] {
        let (kind, code, _) =
            error(&format!("{}{path}", server.url), json!({"pagination": pagination})).await;
        assert_eq!((kind.as_str(), code.as_str()), ("api", "no_next_page"), "{path}");
    }
    // One that says nothing about more does not end it either, nor does a source that is begun in its middle.
    let given =
        json!({"pagination": {"type": "page", "hasMorePath": "typo", "limitParam": "limit", "limit": 3}});
    assert_eq!(read_ids(&format!("{}/page", server.url), given).await.len(), TOTAL);
    let given = json!({"pagination": {"type": "offset", "startOffset": 4, "totalPath": "total"}});
    assert_eq!(read_ids(&format!("{}/offset", server.url), given).await, (4..TOTAL).collect::<Vec<_>>());
}
