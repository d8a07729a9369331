//! Pages that are odd, and what they say or do not say of the next one.

use catchment_core::{Coverage, Reading};
use serde_json::{Value, json};

use super::outcome;
use crate::api::{api, pages};
use crate::server::{Reply, Request, Server, host};

#[tokio::test]
async fn numbers_of_the_other_side_do_not_wrap() {
    let server = Server::start(|request: &Request| {
        let page = request.number("page").unwrap_or(1);
        let items: Vec<_> = (0..2).map(|index| json!({"id": page * 2 + index})).collect();
        let items = if page > 3 { Vec::new() } else { items };
        Reply::json(&json!({"page": page, "totalPages": u64::MAX, "items": items}))
    })
    .await;
    let (records, _, end) = outcome(&server.url, json!({})).await;
    assert_eq!(records, 6, "reading goes on past page 1");
    assert_eq!(end, "no_next_page", "and says that the number of pages cannot be");
}

#[tokio::test]
async fn a_failure_that_a_rule_ignores_is_no_complete_pass_and_moves_no_mark() {
    let server = Server::start(|request: &Request| match request.path() {
        "/" => Reply::json(&json!({"items": [{"id": 1, "at": 5}], "next": "/gone"})),
        _ => Reply::text(410, "gone"),
    })
    .await;
    let given = json!({"errorRules": [{"status": 410, "action": "ignore"}],
        "incremental": {"cursorField": "at", "param": "since"}});
    let read = pages(&api(&server.url, given, &host()), Reading::default()).await;
    let cursor = &read.last().unwrap().as_ref().unwrap().cursor;
    assert_eq!((cursor.coverage, &cursor.carryover), (Coverage::Truncated, &None));
    assert!(cursor.warning.as_ref().unwrap().contains("page 2"), "{cursor:?}");
}

/// How many pages the source of the odd pages has, of three songs each.
const PAGES: usize = 4;
/// How an answer says that a page follows.
const SIGNS: [&str; 7] = ["total", "pages", "has_more", "next", "cursor", "link", "none"];
/// How the page that has a bad day looks.
const ODDITIES: [&str; 6] = ["empty", "short", "null", "missing", "repeated", "error"];

fn songs(page: usize, size: usize) -> Vec<Value> {
    (0..size).map(|index| json!({"id": page * 3 + index})).collect()
}

/// A page as it should be, or with this oddity.
fn body(page: usize, oddity: Option<&str>) -> Value {
    match oddity {
        None => json!({"data": if page > PAGES { vec![] } else { songs(page, 3) }}),
        Some("empty") => json!({"data": []}),
        Some("short") => json!({"data": songs(page, 2)}),
        Some("null") => json!({"data": null}),
        Some("missing") => json!({"oh": 1}),
        Some("repeated") => json!({"data": songs(page - 1, 3)}),
        Some(_) => json!({"data": [], "error": "try later"}),
    }
}

/// The body, with a sign of the page that follows, if one does.
fn show_next(sign: &str, page: usize, mut body: Value) -> Reply {
    let next = (page < PAGES).then_some(page + 1);
    match sign {
        "total" => body["total"] = json!(PAGES * 3),
        "pages" => body["pages"] = json!(PAGES),
        "has_more" => body["more"] = json!(next.is_some()),
        "next" => body["next"] = next.map_or(json!(false), |next| json!(format!("?page={next}"))),
        "cursor" => body["cursor"] = json!(next),
        _ => {}
    }
    let reply = Reply::json(&body);
    match next.filter(|_| sign == "link") {
        Some(next) => reply.header("link", &format!("<?page={next}>; rel=\"next\"")),
        None => reply,
    }
}

/// The options for a source with this sign.
fn pagination(sign: &str) -> Value {
    match sign {
        "total" => json!({"type": "page", "totalPath": "total"}),
        "pages" => json!({"type": "page", "totalPagesPath": "pages"}),
        "has_more" => json!({"type": "page", "hasMorePath": "more"}),
        "next" => json!({"type": "next_url", "nextUrlPath": "next"}),
        "cursor" => json!({"type": "cursor", "cursorPath": "cursor"}),
        "link" => json!({"type": "link_header"}),
        _ => json!({"type": "page"}),
    }
}

/// How many records can be read, and how reading should end.
fn expect(sign: &str, odd: &str, at: usize) -> (usize, &'static str) {
    let end = match odd {
        "missing" => "no_records",
        "repeated" => "same_page",
        "error" => "error_in_answer",
        // Fewer than promised.
        _ if sign == "total" => "short_source",
        _ => "Complete",
    };
    // Nobody says that more follows.
    let is_told_nothing = sign == "none" && matches!(odd, "empty" | "null");
    let all = match odd {
        "short" => 11,
        _ if is_told_nothing => (at - 1) * 3,
        _ => 9,
    };
    (all, end)
}

#[tokio::test]
async fn an_odd_page_is_not_the_end_where_the_source_says_what_follows() {
    let mut wrong = Vec::new();
    for (sign, odd) in SIGNS.into_iter().flat_map(|sign| ODDITIES.map(|odd| (sign, odd))) {
        for at in [2, PAGES] {
            let server = Server::start(move |request: &Request| {
                let page = request.number("page").or(request.number("cursor")).unwrap_or(1);
                show_next(sign, page, body(page, (page == at).then_some(odd)))
            })
            .await;
            let given = json!({"dataPath": "data", "pagination": pagination(sign)});
            let (records, _, end) = outcome(&server.url, given).await;
            let (all, expected) = expect(sign, odd, at);
            if end != expected || expected == "Complete" && records != all {
                wrong.push(format!(
                    "{sign}, page {at} {odd}: {records} records, {end}; expected {all}, {expected}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn false_is_no_address_of_a_next_page() {
    let server =
        Server::start(|_: &Request| Reply::json(&json!({"items": [{"id": 1}], "next": false}))).await;
    let given = json!({"pagination": {"type": "next_url", "nextUrlPath": "next"}});
    assert_eq!(outcome(&server.url, given).await, (1, 0, "Complete".to_owned()));
}

#[tokio::test]
async fn a_form_for_errors_that_is_not_filled_in_is_none() {
    for error in [json!({"code": 0, "message": ""}), json!([]), json!(null), json!(false)] {
        let server = Server::start(move |request: &Request| match request.number("page").unwrap() {
            1 => Reply::json(&json!({"error": error, "data": [{"id": 1}]})),
            _ => Reply::json(&json!({"error": error, "data": []})),
        })
        .await;
        let given = json!({"dataPath": "data", "pagination": {"type": "page"}});
        assert_eq!(outcome(&server.url, given).await, (1, 0, "Complete".to_owned()));
    }
}
