//! Each way that pages follow one another, read to its end and resumed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use catchment_core::testkit::{SourceOutput, conforms};
use serde_json::json;

use super::catalogue::{TOTAL, catalogue, songs};
use super::{api, read_ids};
use crate::server::{Reply, Request, Server, host};

/// The ids of what was read.
fn ids(everything: &SourceOutput) -> Vec<usize> {
    let place = everything.columns.as_ref().unwrap().iter().position(|column| &**column == "id").unwrap();
    let id = |(_, values): &(String, Vec<String>)| {
        values[place].trim_matches(|c: char| !c.is_ascii_digit()).parse()
    };
    everything.records.iter().map(|record| id(record).unwrap()).collect()
}

#[tokio::test]
async fn every_pagination_reads_all_and_resumes_at_every_cursor() {
    let server = catalogue().await;
    for (path, given) in [
        (
            "/page",
            json!({"pagination": {"enabled": true, "type": "page", "limitParam": "limit", "limit": 3}}),
        ),
        ("/page", json!({"pagination": {"type": "page"}, "dataPath": "$.data.items[*]"})),
        (
            "/offset",
            json!({"pagination": {"type": "offset", "limitParam": "limit", "limit": 4, "totalPath": "total"}}),
        ),
        (
            "/offset",
            json!({"pagination": {"type": "offset", "limitParam": "limit", "limit": 4, "fullPages": true}}),
        ),
        (
            "/cursor",
            json!({"pagination": {"type": "cursor", "cursorPath": "meta.next", "cursorParam": "after"}}),
        ),
        (
            "/body",
            json!({"method": "POST", "body": {"q": 1, "page": {"from": 0}}, "pagination":
            {"type": "cursor", "cursorPath": "next", "cursorBodyPath": "page.from"}}),
        ),
        (
            "/several",
            json!({"dataPath": "query", "pagination": {"type": "cursor", "cursorPath": "continue"}}),
        ),
        (
            "/several",
            json!({"dataPath": "query", "pagination":
            {"type": "cursor", "cursorParams": {"from": "continue.from", "check": "continue.check"}}}),
        ),
        ("/header", json!({"pagination": {"type": "cursor", "cursorHeader": "X-Next"}})),
        ("/link", json!({"pagination": {"type": "link_header"}})),
        ("/link", json!({})),
        ("/next", json!({"pagination": {"type": "next_url", "nextUrlPath": "next"}})),
        ("/next", json!({"pagination": {"type": "auto"}})),
        ("/several", json!({"dataPath": "$.query[?@.id >= 0]"})),
        ("/numbered", json!({})),
        ("/all", json!({"pagination": {"type": "none"}})),
        ("/all", json!({})),
    ] {
        let url = format!("{}{path}", server.url);
        let everything = conforms(|| api(&url, given.clone(), &host())).await;
        assert_eq!(ids(&everything), (0..TOTAL).collect::<Vec<_>>(), "{path} {given}");
        assert!(everything.rejects.is_empty());
    }
}

#[tokio::test]
async fn pages_smaller_than_asked_for_lose_nothing() {
    // The server gives at most 3, whatever is asked for.
    let server = Server::start(|request: &Request| {
        Reply::json(&json!(songs(request.number("offset").unwrap(), 3, 10)))
    })
    .await;
    let given = json!({"pagination": {"type": "offset", "limitParam": "limit", "limit": 5}});
    assert_eq!(read_ids(&server.url, given).await, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn requests_run_ahead_and_their_answers_stay_in_order() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (gate, highest) = (now.clone(), most.clone());
    let server = Server::start(move |request: &Request| {
        let page = request.number("page").unwrap();
        let under_way = gate.fetch_add(1, Ordering::SeqCst) + 1;
        highest.fetch_max(under_way, Ordering::SeqCst);
        // Others come in as long as this one takes; the later, the sooner it is done.
        for _ in 0..(40 - page.min(39)) * 1000 {
            std::thread::yield_now();
        }
        gate.fetch_sub(1, Ordering::SeqCst);
        Reply::json(&json!(songs((page - 1) * 2, 2, 60)))
    })
    .await;
    let given = json!({"pagination": {"type": "page", "limitParam": "limit", "limit": 2, "fullPages": true},
        "rateLimit": {"maxConcurrency": 3}});
    assert_eq!(read_ids(&server.url, given).await, (0..60).collect::<Vec<_>>());
    assert!(most.load(Ordering::SeqCst) <= 3);
}
