//! APIs whose first answer says nothing of pages: what inspecting tries, and what it finds.

use catchment_core::{Finding, Inspection, Reading, Result, Source};
use serde_json::{Value, json};

use super::catalogue::songs;
use super::{api, error, pages, read_ids};
use crate::server::{Reply, Request, Server, host};

pub(super) const TOTAL: usize = 7;

/// A server of bare lists, three songs each from a place that it takes out of a request.
pub(super) async fn server(from: fn(&Request) -> usize) -> Server {
    Server::start(move |request| Reply::json(&json!(songs(from(request), 3, TOTAL)))).await
}

/// The same, which refuses pages that have no songs.
async fn strict(status: u16) -> Server {
    Server::start(move |request| match songs((request.number("page").unwrap_or(1) - 1) * 3, 3, TOTAL) {
        songs if songs.is_empty() => Reply::text(status, r#"{"message": "no such page"}"#),
        songs => Reply::json(&json!(songs)),
    })
    .await
}

pub(super) async fn explored(url: &str, given: Value) -> Result<Inspection> {
    api(url, given, &host()).explore([].into()).await
}

pub(super) fn pagination(findings: &[Finding]) -> &Finding {
    findings.iter().rfind(|finding| finding.topic == "pagination").unwrap()
}

/// The findings that a run would keep.
pub(super) async fn read_findings(url: &str, given: Value) -> Vec<Finding> {
    let pages = pages(&api(url, given, &host()), Reading::default()).await;
    pages.into_iter().flat_map(|page| page.unwrap().cursor.findings).collect()
}

#[tokio::test]
async fn the_way_that_leads_to_other_records_is_found_and_reads_them_all() {
    for (server, path, expected) in [
        (
            server(|request| (request.number("page").unwrap_or(1) - 1) * 3).await,
            "/",
            json!({"type": "page", "pageParam": "page", "startPage": 1}),
        ),
        (
            server(|request| request.number("page").unwrap_or(0) * 3).await,
            "/",
            json!({"type": "page", "pageParam": "page", "startPage": 0}),
        ),
        (
            server(|request| request.number("offset").unwrap_or(0)).await,
            "/",
            json!({"type": "offset", "offsetParam": "offset", "startOffset": 0}),
        ),
        (
            server(|request| request.number("skip").unwrap_or(0)).await,
            "/",
            json!({"type": "offset", "offsetParam": "skip", "startOffset": 0}),
        ),
        (
            server(|request| (request.number("_page").unwrap_or(1) - 1) * 3).await,
            "/",
            json!({"type": "page", "pageParam": "_page", "startPage": 1}),
        ),
        (
            server(|request| (request.number("pageNum").unwrap_or(1) - 1) * 3).await,
            "/?pageNum=1&per_page=3",
            json!({"type": "page", "pageParam": "pageNum", "startPage": 1}),
        ),
        (
            strict(404).await,
            "/",
            json!({"type": "page", "pageParam": "page", "startPage": 1, "endStatus": [404]}),
        ),
    ] {
        let url = format!("{}{path}", server.url);
        let inspection = explored(&url, json!({})).await.unwrap();
        assert_eq!(inspection.options["pagination"], expected);
        let finding = pagination(&inspection.findings);
        assert!(!finding.is_unsure && finding.message.contains("3 other records"), "{finding}");
        let given = Value::Object(inspection.options);
        assert_eq!(read_ids(&url, given).await, (0..TOTAL).collect::<Vec<_>>(), "{expected}");
    }
}

#[tokio::test]
async fn where_it_is_not_clear_how_the_pages_end_that_is_told() {
    let clamped = server(|request| (request.number("page").unwrap_or(1).min(3) - 1) * 3).await;
    for (server, option) in [(strict(400).await, "`endStatus`"), (clamped, "`fullPages`")] {
        let inspection = explored(&server.url, json!({})).await.unwrap();
        assert!(!pagination(&inspection.findings).is_unsure);
        let doubt = inspection.findings.last().unwrap();
        assert!(doubt.is_unsure && doubt.message.contains(option), "{doubt}");
    }
}

#[tokio::test]
async fn a_parameter_of_the_address_that_looks_like_it_is_tried_first() {
    let server = server(|request| (request.number("pageNum").unwrap_or(1) - 1) * 3).await;
    explored(&format!("{}/?size=3&pageNum=1", server.url), json!({})).await.unwrap();
    assert_eq!(server.targets()[1], "/?size=3&pageNum=2");
}

#[tokio::test]
async fn a_way_whose_second_page_is_empty_or_refused_is_one_and_the_first_page_was_all() {
    for (status, end) in [(200, json!(null)), (404, json!([404])), (400, json!([400]))] {
        let server = Server::start(move |request| match request.number("page") {
            None | Some(1) => Reply::json(&json!(songs(0, 3, 3))),
            Some(_) => Reply::text(status, "[]"),
        })
        .await;
        let inspection = explored(&server.url, json!({})).await.unwrap();
        let found = &inspection.options["pagination"];
        assert_eq!(
            (&found["type"], &found["startPage"], &found["endStatus"]),
            (&json!("page"), &json!(1), &end)
        );
        let finding = pagination(&inspection.findings);
        assert!(!finding.is_unsure && finding.message.contains("no second page"), "{finding}");
        assert_eq!(read_ids(&server.url, Value::Object(inspection.options)).await, [0, 1, 2]);
    }
}

#[tokio::test]
async fn what_ignores_or_refuses_all_parameters_or_is_never_the_same_is_no_way() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let is_bare = |request: &Request| !request.target.contains('?');
    for server in [
        Server::start(|_| Reply::json(&json!(songs(0, 3, 3)))).await,
        // Whatever is asked for, the records are others.
        Server::start(move |_| {
            let now = count.fetch_add(3, std::sync::atomic::Ordering::SeqCst);
            Reply::json(&json!(songs(now, 3, 1000)))
        })
        .await,
        Server::start(move |request| {
            if is_bare(request) {
                Reply::json(&json!(songs(0, 3, 3)))
            } else {
                Reply::text(422, "unknown parameter")
            }
        })
        .await,
        Server::start(move |request| {
            let error = json!({"error": "unknown parameter"});
            Reply::json(&if is_bare(request) { json!(songs(0, 3, 3)) } else { error })
        })
        .await,
        // A filter that finds something else, and pages by a skip that is no number of records.
        Server::start(|request| match (request.number("p"), request.number("skip")) {
            (Some(price), _) => Reply::json(&json!(songs(100 + price, 3, 1000))),
            (_, Some(pages)) => Reply::json(&json!(songs(pages * 3, 3, 1000))),
            _ => Reply::json(&json!(songs(0, 3, 3))),
        })
        .await,
    ] {
        let inspection = explored(&server.url, json!({})).await.unwrap();
        let finding = pagination(&inspection.findings);
        assert!(finding.is_unsure && finding.message.contains("{\"type\": \"none\"}"), "{finding}");
        assert_eq!(inspection.options.get("pagination"), None);
        assert_eq!(inspection.page.unwrap().records.len(), 3);
    }
}

#[tokio::test]
async fn a_server_that_fails_or_pushes_back_is_left_alone() {
    for (status, most) in [(429, 2), (401, 4)] {
        let server = Server::start(move |request| {
            if request.target.contains('?') {
                Reply::text(status, "no")
            } else {
                Reply::json(&json!(songs(0, 3, 3)))
            }
        })
        .await;
        let inspection = explored(&server.url, json!({})).await.unwrap();
        let finding = pagination(&inspection.findings);
        assert!(finding.is_unsure && finding.message.contains(&status.to_string()), "{finding}");
        assert_eq!(server.targets().len(), most);
    }
}

#[tokio::test]
async fn a_failure_of_one_way_does_not_hide_another() {
    let server = Server::start(|request| match request.number("page") {
        Some(_) => Reply::text(500, "oops"),
        None => Reply::json(&json!(songs(request.number("offset").unwrap_or(0), 3, TOTAL))),
    })
    .await;
    let inspection = explored(&server.url, json!({})).await.unwrap();
    assert_eq!(inspection.options["pagination"]["offsetParam"], "offset");
}

#[tokio::test]
async fn neither_a_post_nor_a_given_way_nor_an_answer_that_says_it_is_tried() {
    for (given, body, requests) in [
        (json!({"method": "POST"}), json!(songs(0, 3, 3)), 1),
        (json!({"pagination": {"type": "none"}}), json!(songs(0, 3, 3)), 1),
        (json!({"pagination": {"enabled": false}}), json!(songs(0, 3, 3)), 1),
        (json!({}), json!({"total": 3, "items": songs(0, 3, 3)}), 1),
        (json!({"pagination": {"totalPath": "n"}}), json!({"n": 3, "items": songs(0, 3, 3)}), 1),
        (json!({}), json!([]), 1),
    ] {
        let server = Server::start(move |_| Reply::json(&body)).await;
        explored(&server.url, given.clone()).await.unwrap();
        assert_eq!(server.targets().len(), requests, "{given}");
        // Reading and checking never try.
        read_findings(&server.url, given.clone()).await;
        api(&server.url, given.clone(), &host()).inspect([].into()).await.unwrap();
        assert_eq!(server.targets().len(), 3 * requests, "{given}");
    }
}

#[tokio::test]
async fn where_an_answer_tells_of_more_trying_finds_them_and_its_total_is_kept() {
    let server = Server::start(|request| {
        let from = (request.number("page").unwrap_or(1) - 1) * 3;
        Reply::json(&json!({"total": TOTAL, "songs": songs(from, 3, TOTAL)}))
    })
    .await;
    let inspection = explored(&server.url, json!({})).await.unwrap();
    let found = json!({"type": "page", "pageParam": "page", "startPage": 1, "totalPath": "total"});
    assert_eq!(inspection.options["pagination"], found);
    let stuck = Server::start(|_| Reply::json(&json!({"total": TOTAL, "songs": songs(0, 3, 3)}))).await;
    let refused = explored(&stuck.url, json!({})).await.unwrap_err();
    assert_eq!(refused.code(), "unknown_pagination");
    assert!(refused.message().contains("(page, offset,"), "{refused}");
}

#[tokio::test]
async fn a_total_in_a_header_is_kept_so_that_no_page_past_the_last_is_asked_for() {
    // As WordPress does, which refuses a page past the last with 400.
    let server =
        Server::start(|request| match songs((request.number("page").unwrap_or(1) - 1) * 3, 3, TOTAL) {
            songs if songs.is_empty() => Reply::text(400, r#"{"code": "rest_post_invalid_page_number"}"#),
            songs => Reply::json(&json!(songs)).header("X-WP-Total", &TOTAL.to_string()),
        })
        .await;
    let inspection = explored(&server.url, json!({})).await.unwrap();
    assert!(inspection.findings.iter().all(|finding| !finding.is_unsure), "{:?}", inspection.findings);
    let found = &inspection.options["pagination"];
    assert_eq!(found["totalHeader"], "x-wp-total");
    assert_eq!(read_ids(&server.url, json!({"pagination": found})).await.len(), TOTAL);
}

#[tokio::test]
async fn a_limit_that_is_named_goes_with_each_page_that_is_tried() {
    let server = Server::start(|request| {
        let limit = request.number("limit").unwrap_or(3);
        Reply::json(&json!(songs(request.number("offset").unwrap_or(0), limit, TOTAL)))
    })
    .await;
    let given = json!({"pagination": {"limitParam": "limit", "limit": 2}});
    let inspection = explored(&server.url, given.clone()).await.unwrap();
    let found = json!({"type": "offset", "offsetParam": "offset", "startOffset": 0, "limitParam": "limit", "limit": 2});
    assert_eq!(inspection.options["pagination"], found);
    assert!(server.targets().iter().all(|target| target.contains("limit=2")), "{:?}", server.targets());
    assert_eq!(
        read_ids(&server.url, Value::Object(inspection.options)).await,
        (0..TOTAL).collect::<Vec<_>>()
    );
    // Reading does not try: it takes pages to be numbered, and sees that they are not.
    assert_eq!(error(&server.url, given).await.1, "same_page");
}
