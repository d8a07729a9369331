//! A server of a few songs that knows all ways to ask for the next page.

use serde_json::{Value, json};

use crate::server::{Reply, Request, Server};

pub(super) const TOTAL: usize = 11;

pub(super) fn song(number: usize) -> Value {
    json!({"id": number, "name": format!("Song {number}"), "artist": {"name": "Zoë"}})
}

pub(super) fn songs(from: usize, count: usize, total: usize) -> Vec<Value> {
    (from..total.min(from + count)).map(song).collect()
}

pub(super) async fn catalogue() -> Server {
    Server::start(|request: &Request| {
        answer_by_number(request)
            .or_else(|| answer_by_cursor(request))
            .or_else(|| answer_by_link(request))
            .unwrap_or_else(|| panic!("{} is asked for", request.path()))
    })
    .await
}

/// How many songs are asked for.
fn limit(request: &Request) -> usize {
    request.number("limit").unwrap_or(3)
}

/// Where the next page begins, if there is one.
fn next_from(from: usize, request: &Request) -> Option<usize> {
    let next = from + limit(request);
    (next < TOTAL).then_some(next)
}

/// Pages that are asked for by their number or their offset, and the one page that has all.
fn answer_by_number(request: &Request) -> Option<Reply> {
    let size = limit(request);
    let body = match request.path() {
        "/page" => {
            let from = (request.number("page").unwrap() - 1) * size;
            json!({"data": {"items": songs(from, size, TOTAL)}})
        }
        "/offset" => {
            let from = request.number("offset").unwrap();
            json!({"total": TOTAL, "rows": songs(from, size, TOTAL)})
        }
        "/numbered" => {
            let page = request.number("page").unwrap_or(1);
            let items = songs((page - 1) * 3, 3, TOTAL);
            json!({"page": page, "perPage": 3, "totalItems": TOTAL, "totalPages": 4, "items": items})
        }
        "/all" => json!(songs(0, TOTAL, TOTAL)),
        _ => return None,
    };
    Some(Reply::json(&body))
}

/// Pages that are asked for by what the page before said.
fn answer_by_cursor(request: &Request) -> Option<Reply> {
    let size = limit(request);
    let reply = match request.path() {
        "/cursor" => {
            let from = request.param("after").map_or(0, |token| token[1..].parse().unwrap());
            let next = next_from(from, request).map(|next| format!("t{next}"));
            Reply::json(&json!({"songs": songs(from, size, TOTAL), "meta": {"next": next}}))
        }
        "/body" => {
            let body = if request.body.is_empty() { Value::Null } else { request.json() };
            let from = usize::try_from(body["page"]["from"].as_u64().unwrap_or(0)).unwrap();
            Reply::json(&json!({"songs": songs(from, size, TOTAL), "next": next_from(from, request)}))
        }
        "/several" => {
            let from = request.number("from").unwrap_or(0);
            assert!(from == 0 || request.param("check") == Some(format!("-{from}")));
            let more =
                next_from(from, request).map(|next| json!({"from": next, "check": format!("-{next}")}));
            Reply::json(&json!({"query": songs(from, size, TOTAL), "continue": more}))
        }
        "/header" => {
            let from = request.number("cursor").unwrap_or(0);
            let reply = Reply::json(&json!(songs(from, size, TOTAL)));
            match next_from(from, request) {
                Some(next) => reply.header("X-Next", &next.to_string()),
                None => reply,
            }
        }
        _ => return None,
    };
    Some(reply)
}

/// Pages whose address the page before gave.
fn answer_by_link(request: &Request) -> Option<Reply> {
    let from = request.number("from").unwrap_or(0);
    let songs = songs(from, limit(request), TOTAL);
    let next = next_from(from, request);
    let reply = match request.path() {
        "/link" => {
            let reply = Reply::json(&json!(songs));
            let reply = reply.header("link", "</link?from=0>; rel=first, </other>; rel=\"up\"");
            match next {
                Some(next) => {
                    reply.header("link", &format!("</link?from={next}>; title=\"a, b\"; rel=\"next\""))
                }
                None => reply,
            }
        }
        "/next" => {
            let next = next.map(|next| format!("?from={next}"));
            Reply::json(&json!({"count": TOTAL, "next": next, "results": songs}))
        }
        _ => return None,
    };
    Some(reply)
}
