//! JSON APIs: how their pages follow, what their records hold, who they are asked as.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use catchment_core::testkit::{Everything, conforms};
use catchment_core::{
    Adapter, Host, NetworkAccess, Page, PageSize, Pass, Reading, Result, SecretAccess, Source, TokenStore,
};
use catchment_sources::api::{Api, ApiOptions};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::server::{Reply, Request, Server, host};

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

fn song(number: usize) -> Value {
    json!({"id": number, "name": format!("Song {number}"), "artist": {"name": "Zoë"}})
}

fn songs(from: usize, count: usize, total: usize) -> Vec<Value> {
    (from..total.min(from + count)).map(song).collect()
}

/// The ids of what was read.
fn ids(everything: &Everything) -> Vec<usize> {
    let place = everything.columns.as_ref().unwrap().iter().position(|column| &**column == "id").unwrap();
    let id = |(_, values): &(String, Vec<String>)| {
        values[place].trim_matches(|c: char| !c.is_ascii_digit()).parse()
    };
    everything.records.iter().map(|record| id(record).unwrap()).collect()
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

const TOTAL: usize = 11;

/// A server that knows all ways to ask for the next page.
async fn catalogue() -> Server {
    Server::start(|request: &Request| {
        let size = request.number("limit").unwrap_or(3);
        let body = if request.body.is_empty() { Value::Null } else { request.json() };
        let after = |next: usize| (next < TOTAL).then_some(next);
        match request.path() {
            "/page" => {
                let from = (request.number("page").unwrap() - 1) * size;
                Reply::json(&json!({"data": {"items": songs(from, size, TOTAL)}}))
            }
            "/offset" => {
                let from = request.number("offset").unwrap();
                Reply::json(&json!({"total": TOTAL, "rows": songs(from, size, TOTAL)}))
            }
            "/cursor" => {
                let from = request.param("after").map_or(0, |token| token[1..].parse().unwrap());
                let next = after(from + size).map(|next| format!("t{next}"));
                Reply::json(&json!({"songs": songs(from, size, TOTAL), "meta": {"next": next}}))
            }
            "/body" => {
                let from = usize::try_from(body["page"]["from"].as_u64().unwrap_or(0)).unwrap();
                Reply::json(&json!({"songs": songs(from, size, TOTAL), "next": after(from + size)}))
            }
            "/several" => {
                let from = request.number("from").unwrap_or(0);
                assert!(from == 0 || request.param("check") == Some(format!("-{from}")));
                let more = after(from + size).map(|next| json!({"from": next, "check": format!("-{next}")}));
                Reply::json(&json!({"query": songs(from, size, TOTAL), "continue": more}))
            }
            "/header" => {
                let from = request.number("cursor").unwrap_or(0);
                let reply = Reply::json(&json!(songs(from, size, TOTAL)));
                match after(from + size) {
                    Some(next) => reply.header("X-Next", &next.to_string()),
                    None => reply,
                }
            }
            "/link" => {
                let from = request.number("from").unwrap_or(0);
                let reply = Reply::json(&json!(songs(from, size, TOTAL)));
                let reply = reply.header("link", "</link?from=0>; rel=first, </other>; rel=\"up\"");
                match after(from + size) {
                    Some(next) => reply.header("link", &format!("</link?from={next}>; title=\"a, b\"; rel=\"next\"")),
                    None => reply,
                }
            }
            "/next" => {
                let from = request.number("from").unwrap_or(0);
                let next = after(from + size).map(|next| format!("?from={next}"));
                Reply::json(&json!({"count": TOTAL, "next": next, "results": songs(from, size, TOTAL)}))
            }
            "/numbered" => {
                let page = request.number("page").unwrap_or(1);
                let items = songs((page - 1) * 3, 3, TOTAL);
                Reply::json(&json!({"page": page, "perPage": 3, "totalItems": TOTAL, "totalPages": 4, "items": items}))
            }
            "/all" => Reply::json(&json!(songs(0, TOTAL, TOTAL))),
            other => panic!("{other} is asked for"),
        }
    })
    .await
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
async fn the_contracts_example_works_as_written() {
    let server = catalogue().await;
    let given = json!({
        "method": "GET",
        "auth": {"type": "bearer", "token": "your-api-token"},
        "dataPath": "data.items",
        "pagination": {"enabled": true, "type": "page", "limitParam": "limit", "pageParam": "page", "maxPages": 50}
    });
    let fields: Arc<[Box<str>]> = ["name".into(), "artist.name".into(), "id".into()].into();
    let reading = Reading { fields, ..Reading::default() };
    let read = pages(&api(&format!("{}/page", server.url), given, &host()), reading).await;
    let page = read[0].as_ref().unwrap();
    assert_eq!(page.columns.join("|"), "name|artist.name|id|*");
    let first: Vec<_> = page.records.get(0).unwrap().values().map(|value| value.to_string()).collect();
    assert_eq!(first, ["Song 0", "Zoë", "0", &song(0).to_string()]);
    assert_eq!(page.records.get(2).unwrap().position().to_string(), "page 1, $.data.items[2]");
    assert_eq!(server.targets()[0], "/page?limit=100&page=1");
    assert_eq!(server.headers("authorization")[0].as_deref(), Some("Bearer your-api-token"));
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

/// A server of so many songs in pages of 3, that answers 404 past the end.
async fn with_an_end(total: usize) -> Server {
    Server::start(move |request: &Request| {
        let from = (request.number("page").unwrap() - 1) * 3;
        match from < total {
            true => Reply::json(
                &json!({"more": from + 3 < total, "total": total + 1, "items": songs(from, 3, total)}),
            ),
            false => Reply::text(404, "no such page"),
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
    let pass = |pages: Vec<Result<Page>>| pages.last().unwrap().as_ref().unwrap().cursor.pass;
    let cut = pages(&api(&url, json!({"pagination": {"maxPages": 2}}), &host()), Reading::default()).await;
    assert_eq!(pass(cut), Pass::Truncated);
    let whole = pages(&api(&url, json!({"pagination": {"maxPages": 4}}), &host()), Reading::default()).await;
    assert_eq!(pass(whole), Pass::Complete);
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
async fn what_is_no_record_is_rejected_with_its_place() {
    let deep = format!("{{\"id\": 4, \"x\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    let long = format!("{{\"id\": 5, \"x\": \"{}\"}}", "y".repeat(5000));
    let body = [
        r#"[{"id": 12345678901234567890123, "price": 0.10, "big": 1e400, "nul": "a\u0000b"}"#,
        r#"7, "x", null, {"id": 1, "id": 2}, {"id": "\ud800"}"#,
        &deep,
        &long,
        "{\"id\": 6, \"x\": \"\u{fffd}\"}",
    ]
    .join(",");
    let mut bytes = body.replace('\u{fffd}', "\u{1}").into_bytes();
    bytes.push(b']');
    let broken = bytes.iter().map(|byte| if *byte == 1 { 0xff } else { *byte }).collect::<Vec<_>>();
    let server = Server::start(move |_: &Request| Reply::text(200, broken.clone())).await;
    let given = json!({"maxRecordBytes": 4000});
    let everything = conforms(|| api(&server.url, given.clone(), &host())).await;
    let columns = everything.columns.as_ref().unwrap().join("|");
    assert_eq!(columns, "id|price|big|nul|x|*");
    assert_eq!(everything.records.len(), 1);
    assert_eq!(everything.records[0].1[0], "Number(\"12345678901234567890123\")");
    assert_eq!(everything.records[0].1[1], "Number(\"0.10\")");
    assert_eq!(everything.records[0].1[2], "Number(\"1e400\")");
    let rejects: Vec<_> =
        everything.rejects.iter().map(|reject| format!("{} {}", reject.position, reject.code)).collect();
    assert_eq!(
        rejects,
        [
            "page 1, $[1] not_a_record",
            "page 1, $[2] not_a_record",
            "page 1, $[3] not_a_record",
            "page 1, $[4] doubled_name",
            "page 1, $[5] lone_surrogate",
            "page 1, $[6] too_deep",
            "page 1, $[7] record_too_long",
            "page 1, $[8] bad_encoding",
        ]
    );
}

#[tokio::test]
async fn rows_without_names_are_read_by_their_places() {
    let server = Server::start(|_: &Request| {
        Reply::json(&json!({"columns": ["id", "title"], "rows": [[1, "a"], [2, "b"]]}))
    })
    .await;
    let everything = conforms(|| api(&server.url, json!({}), &host())).await;
    assert_eq!(everything.columns.unwrap().join("|"), "[0]|[1]|*");
    assert_eq!(everything.records[1].1, ["Number(\"2\")", "Text(\"b\")", "Json(\"[2,\\\"b\\\"]\")"]);
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
        (last.cursor.pass, last.cursor.keep.clone()),
        (Pass::Complete, Some(json!({"highest": "2026-01-03T00:00:00Z"})))
    );
    let next = pages(&source(), Reading { kept: last.cursor.keep, ..Reading::default() })
        .await
        .pop()
        .unwrap()
        .unwrap();
    assert!(next.records.is_empty());
    assert_eq!(
        (next.cursor.pass, next.cursor.keep),
        (Pass::Increment, Some(json!({"highest": "2026-01-03T00:00:00Z"})))
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
    let again = pages(&source, Reading { kept: first.cursor.keep.clone(), ..Reading::default() })
        .await
        .pop()
        .unwrap()
        .unwrap();
    assert!(again.records.is_empty());
    assert_eq!((again.cursor.pass, again.cursor.keep), (Pass::Increment, first.cursor.keep));
}

#[tokio::test]
async fn credentials_stay_at_home() {
    let other = Server::start(|request: &Request| {
        assert_eq!(request.headers.get("authorization"), None);
        assert_eq!(request.headers.get("x-key"), None);
        assert_eq!(request.param("key"), None);
        Reply::json(&json!({"items": songs(3, 3, 6), "next": null}))
    })
    .await;
    let target = other.url.replace("127.0.0.1", "127.0.0.2").replace("http://127.0.0.2", "http://127.0.0.1");
    let home = Server::start(move |request: &Request| match request.path() {
        "/moved" => Reply::text(302, "").header("Location", &format!("{target}/x?key=k-secret")),
        _ => Reply::json(&json!({"items": songs(0, 3, 6), "next": format!("{target}/x?key=k-secret&a=1")})),
    })
    .await;
    for path in ["/links", "/moved"] {
        for (name, auth) in [
            ("bearer", json!({"type": "bearer", "token": "s-secret"})),
            ("query", json!({"type": "api_key", "name": "key", "key": "k-secret", "in": "query"})),
        ] {
            let given = json!({"auth": auth, "headers": {"X-Key": "h-secret"}});
            let url = format!("{}{path}", home.url);
            let (kind, code, message) = error(&url, given.clone()).await;
            assert_eq!((kind.as_str(), code.as_str()), ("config", "other_origin"), "{path} {name}");
            assert!(!message.contains("secret"), "{message}");
            if name == "bearer" {
                continue;
            }
            let mut bare = given;
            bare["otherOrigins"] = "bare".into();
            let read = pages(&api(&url, bare, &host()), Reading::default()).await;
            assert!(read.last().unwrap().is_ok(), "{read:?}");
        }
    }
    assert!(home.headers("x-key").iter().all(|key| key.as_deref() == Some("h-secret")));
}

#[derive(Debug, Default)]
struct Tokens(Mutex<std::collections::BTreeMap<String, String>>);

#[async_trait]
impl TokenStore for Tokens {
    async fn token(&self, key: &str) -> Result<Option<String>> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn keep_token(&self, key: &str, token: &str) -> Result<()> {
        self.0.lock().unwrap().insert(key.to_owned(), token.to_owned());
        Ok(())
    }

    async fn claim(&self, _: &str) -> Result<()> {
        Ok(())
    }

    async fn release(&self, _: &str) {}
}

/// Hands out access tokens that are good for 2 requests, and refresh tokens that are good for one use.
async fn authority() -> Server {
    let (issued, uses) = (Mutex::new(0), Mutex::new(0));
    Server::start(move |request: &Request| {
        let (mut issued, mut uses) = (issued.lock().unwrap(), uses.lock().unwrap());
        if request.path() == "/token" {
            let form: std::collections::BTreeMap<_, _> =
                url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
            if form["grant_type"] == "refresh_token" && form["refresh_token"] != format!("r{issued}") {
                return Reply::text(400, r#"{"error": "invalid_grant"}"#);
            }
            if request.headers.get("authorization").map(String::as_str) != Some("Basic bWU6YyUzQXM=") {
                return Reply::text(401, r#"{"error": "invalid_client"}"#);
            }
            (*issued, *uses) = (*issued + 1, 0);
            return Reply::json(&json!({"access_token": format!("a{issued}-secret"), "expires_in": 3600,
                "refresh_token": format!("r{issued}")}));
        }
        *uses += 1;
        let is_known = request.headers.get("authorization") == Some(&format!("Bearer a{issued}-secret"));
        if !is_known || *uses > 2 {
            return Reply::text(401, format!("{:?} is no good", request.headers.get("authorization")));
        }
        let from = request.number("from").unwrap_or(0);
        let next = (from + 1 < 7).then(|| format!("/x?from={}", from + 1));
        Reply::json(&json!({"items": songs(from, 1, 7), "next": next}))
    })
    .await
}

#[tokio::test]
async fn tokens_are_fetched_renewed_and_kept() {
    for kind in ["oauth2_client_credentials", "oauth2_refresh_token"] {
        let server = authority().await;
        let mut auth = json!({"type": kind, "tokenUrl": format!("{}/token", server.url), "clientId": "me", "clientSecret": "c:s"});
        if kind == "oauth2_refresh_token" {
            auth["refreshToken"] = "r0".into();
        }
        let host = Host { tokens: Some(Arc::new(Tokens::default())), ..host() };
        let read = async || -> Vec<Result<Page>> {
            pages(&api(&server.url, json!({"auth": auth}), &host), Reading::default()).await
        };
        for _ in 0..2 {
            let count: usize = read().await.into_iter().map(|page| page.unwrap().records.len()).sum();
            assert_eq!(count, 7, "{kind}");
        }
    }
    let server = authority().await;
    let auth = json!({"type": "oauth2_client_credentials", "tokenUrl": format!("{}/token", server.url), "clientId": "me", "clientSecret": "wrong-secret"});
    let (kind, code, message) = error(&server.url, json!({"auth": auth})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("authentication", "unauthorized"));
    assert!(!message.contains("wrong-secret"), "{message}");
}

#[tokio::test]
async fn only_allowed_addresses_are_connected_to() {
    let server = catalogue().await;
    let port: u16 = server.url.rsplit(':').next().unwrap().parse().unwrap();
    let refused = async |url: &str, host: &Host| -> String {
        let api = api(url, json!({}), host);
        pages(&api, Reading::default()).await.pop().unwrap().unwrap_err().code().to_owned()
    };
    let nobody = Host::default();
    for name in [
        "127.0.0.1",
        "localhost",
        "0x7f.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
        "[::1]",
        "0.0.0.0",
        "127.0.0.1.",
        "169.254.169.254",
    ] {
        assert_eq!(
            refused(&format!("http://{name}:{port}/all"), &nobody).await,
            "address_not_allowed",
            "{name}"
        );
    }
    // The own port, by its name too; and where a redirect leads.
    let everything = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
    let own = Some(format!("127.0.0.1:{port}").parse().unwrap());
    let own = Host { network: NetworkAccess::new(everything, own), ..Host::default() };
    for name in ["127.0.0.1", "localhost", "127.1"] {
        assert_eq!(
            refused(&format!("http://{name}:{port}/all"), &own).await,
            "address_not_allowed",
            "{name}"
        );
    }
    let away =
        Server::start(|_: &Request| Reply::text(307, "").header("Location", "http://169.254.169.254/latest"))
            .await;
    let given = json!({"otherOrigins": "bare"});
    assert_eq!(error(&away.url, given).await.1, "address_not_allowed");
    assert!(server.targets().is_empty());
    assert!(Api::check_access("http://169.254.169.254/", &nobody).is_err());
}

#[test]
fn secrets_do_not_print_and_bad_options_say_where() {
    let given = json!({
        "auth": {"type": "basic", "username": "me", "password": "p-hunter2"},
        "headers": {"X-A": "h-hunter2"},
    });
    assert!(!format!("{:?}", options(given)).contains("hunter2"));
    let refused = |given: Value, host: &Host| {
        let parsed = catchment_core::parse_options(given.as_object().unwrap().clone());
        let error = parsed.and_then(|options| Api::new("https://a.example", options, host)).err().unwrap();
        error.details()[0].pointer.clone()
    };
    for (given, pointer) in [
        (json!({"pagination": {"type": "next_url"}}), "/options/pagination/nextUrlPath"),
        (json!({"pagination": {"type": "cursor"}}), "/options/pagination/cursorPath"),
        (json!({"pagination": {"kind": "page"}}), "/options/pagination/kind"),
        (json!({"body": {}}), "/options/body"),
        (json!({"dataPath": "a..b"}), "/options/dataPath"),
        (json!({"headers": {"a b": "c"}}), "/options/headers/a b"),
        (json!({"errorRules": [{"status": "9xx", "action": "fail"}]}), "/options/errorRules/0/status"),
        (json!({"rateLimit": {"maxConcurrency": 0}}), "/options/rateLimit/maxConcurrency"),
        (
            json!({"incremental": {"cursorField": "a", "param": "b", "lookback": "soon"}}),
            "/options/incremental/lookback",
        ),
    ] {
        assert_eq!(refused(given, &host()), pointer);
    }
    let misplaced = json!({"auth": "Bearer hunter2, \", expected"}).as_object().unwrap().clone();
    let error = catchment_core::parse_options::<ApiOptions>(misplaced).err().unwrap();
    assert!(!error.message().contains("hunter2") && error.message().contains("expected"), "{error}");
    let web = Host { secrets: SecretAccess::Restricted { dir: None }, ..host() };
    let given = json!({"auth": {"type": "bearer", "token": {"env": "DATABASE_URL"}}});
    assert_eq!(refused(given, &web), "/options/auth/token");
    for address in ["ftp://a.example", "https://me:pw@a.example", "a.example", "file:///etc/passwd"] {
        assert!(Api::normalize(address).is_err(), "{address}");
    }
    assert_eq!(Api::normalize("HTTPS://A.example:443/x#y").unwrap(), "https://a.example/x");
}

#[tokio::test]
async fn inspecting_tells_how_it_was_read() {
    let server = catalogue().await;
    let inspection =
        api(&format!("{}/numbered", server.url), json!({}), &host()).inspect([].into()).await.unwrap();
    assert_eq!(
        Value::Object(inspection.found),
        json!({"dataPath": "$.items", "pagination": {"type": "page", "pageParam": "page", "startPage": 1, "totalPagesPath": "totalPages"}})
    );
    let findings: Vec<_> =
        inspection.findings.iter().map(|finding| format!("{}: {}", finding.about, finding.message)).collect();
    assert!(findings[0].starts_with("reachable: http://127.0.0.1"), "{findings:?}");
    assert_eq!(
        findings[1..],
        ["authenticated: without authentication", "records: 3 at $.items", "next_page: page=2: 3 records"]
    );
    assert_eq!(inspection.page.unwrap().records.len(), 3);
}
