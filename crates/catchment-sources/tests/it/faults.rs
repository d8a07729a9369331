//! Bad days of an API: each becomes its kind of error, and none passes for the end of the source.

use std::sync::Mutex;

use catchment_core::{PageSize, Reading};
use serde_json::{Value, json};

use crate::api::{api, error, pages};
use crate::server::{Reply, Request, Server, host};

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

/// What reading a server ends with that always answers the same.
async fn ends_with(
    reply: impl Fn() -> Reply + Send + Sync + 'static,
    given: Value,
) -> (String, String, String) {
    let server = Server::start(move |_: &Request| reply()).await;
    error(&server.url, given).await
}

#[tokio::test]
async fn statuses_have_their_kinds_and_say_what_was_answered() {
    for (status, kind) in [
        (400, "api"),
        (401, "authentication"),
        (403, "authentication"),
        (404, "api"),
        (500, "unavailable"),
        (501, "api"),
    ] {
        let (found, _, message) = ends_with(
            move || Reply::text(status, "it is the token t-hunter2").header("Retry-After", "60"),
            json!({"auth": {"type": "bearer", "token": "t-hunter2"}, "params": {"a": "query-value"}}),
        )
        .await;
        // 403 with a time to wait is a quota.
        let kind = if status == 403 { "rate_limited" } else { kind };
        assert_eq!(found, kind, "{status}");
        assert!(
            message.contains(&status.to_string()) && message.contains("it is the token ***"),
            "{message}"
        );
        assert!(message.contains("a=***") && !message.contains("query-value"), "{message}");
    }
}

#[tokio::test]
async fn a_server_that_wants_a_pause_gets_it() {
    let server =
        Server::start(|_: &Request| Reply::text(429, "slow down").header("Retry-After", "120")).await;
    let read = pages(&api(&server.url, json!({}), &host()), Reading::default()).await;
    let error = read[0].as_ref().unwrap_err();
    assert_eq!(
        (error.kind().to_string().as_str(), error.retry_after().unwrap().as_secs()),
        ("rate_limited", 120)
    );
    assert_eq!(server.targets().len(), 1, "it is not asked again before");
    // A quota that the last answer said to be used up: the next page is not even asked for.
    let server = Server::start(|_: &Request| {
        Reply::json(&json!({"items": [{"id": 1}], "next": "/2"}))
            .header("X-RateLimit-Remaining", "0")
            .header("X-RateLimit-Reset", "300")
    })
    .await;
    let read = pages(&api(&server.url, json!({}), &host()), Reading::default()).await;
    let error = read.last().unwrap().as_ref().unwrap_err();
    assert_eq!((error.code(), error.retry_after().unwrap().as_secs() > 290), ("quota", true));
    assert_eq!(server.targets(), ["/"]);
}

#[tokio::test]
async fn answers_that_break_off_are_not_the_end() {
    let with = |head: &str, body: &str| format!("{HEAD}{head}\r\n{body}");
    for (name, bytes, code) in [
        ("shorter than its length", with("content-length: 100\r\n", "[{\"id\": 1}"), "broken_off"),
        (
            "a chunk that breaks off",
            with("transfer-encoding: chunked\r\n", "20\r\n[{\"id\": 1}"),
            "broken_off",
        ),
        ("no last chunk", with("transfer-encoding: chunked\r\n", "b\r\n[{\"id\": 1}]\r\n"), "broken_off"),
        ("half an array, said to be whole", with("content-length: 10\r\n", "[{\"id\": 1}"), "cut_off"),
        ("nothing at all", with("content-length: 0\r\n", ""), "cut_off"),
        (
            "compressed, and cut",
            with("content-encoding: gzip\r\ncontent-length: 3\r\n", "\x1f\u{8}\u{8}"),
            "broken_off",
        ),
        ("closed before the head", "HTTP/1.1 200".to_owned(), "broken_off"),
        ("closed at once", String::new(), "broken_off"),
    ] {
        let (kind, found, message) =
            ends_with(move || Reply::raw(bytes.clone()), json!({"method": "POST"})).await;
        assert_eq!((kind.as_str(), found.as_str()), ("network", code), "{name}: {message}");
    }
}

#[tokio::test]
async fn what_is_not_the_json_that_was_asked_for_says_what_it_is() {
    for (body, kind, code) in [
        ("<html><body>Maintenance</body></html>", "api", "not_json"),
        ("[{\"id\": 1}, oops]", "parsing", "bad_json"),
        ("[1] trailing", "parsing", "bad_json"),
        ("{\"a\": 1}", "api", "no_records"),
        ("\"text\"", "api", "no_records"),
    ] {
        let (found, found_code, message) = ends_with(move || Reply::text(200, body), json!({})).await;
        assert_eq!((found.as_str(), found_code.as_str()), (kind, code), "{body}: {message}");
    }
    let (kind, code, message) =
        ends_with(|| Reply::text(200, r#"{"data": {"x": 1}}"#), json!({"dataPath": "data.items"})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("config", "no_records"));
    assert!(message.contains("data.items") && message.contains("\"x\":1"), "{message}");
}

#[tokio::test]
async fn errors_told_with_status_200_are_errors() {
    let given = json!({"errorPath": "error"});
    let reply = || Reply::text(200, r#"{"error": {"code": 17, "text": "quota used up"}, "items": []}"#);
    let (kind, code, message) = ends_with(reply, given.clone()).await;
    assert_eq!((kind.as_str(), code.as_str()), ("api", "error_in_answer"));
    assert!(message.contains("quota used up"), "{message}");
    let mut ruled = given.clone();
    ruled["errorRules"] = json!([{"contains": "quota", "action": "rate_limited"}]);
    assert_eq!(ends_with(reply, ruled).await.0, "rate_limited");
    for none in ["null", "false", "0", "\"\"", "[]", "{}"] {
        let body = format!("{{\"error\": {none}, \"items\": [{{\"id\": 1}}]}}");
        let server = Server::start(move |_: &Request| Reply::text(200, body.clone())).await;
        let read = pages(&api(&server.url, given.clone(), &host()), Reading::default()).await;
        assert!(read.iter().all(Result::is_ok), "{none}: {read:?}");
    }
}

#[tokio::test]
async fn rules_override_what_the_status_says() {
    let reply = || Reply::text(403, "monthly limit");
    for (rules, kind) in [
        (json!([{"status": 403, "action": "retry"}]), "unavailable"),
        (json!([{"status": "4xx", "contains": "limit", "action": "rate_limited"}]), "rate_limited"),
        (json!([{"status": [404, "5xx"], "action": "retry"}]), "authentication"),
        (json!([{"contains": "limit", "action": "fail"}]), "api"),
    ] {
        assert_eq!(ends_with(reply, json!({"errorRules": rules})).await.0, kind, "{rules}");
    }
    let server = Server::start(|request: &Request| match request.path() {
        "/" => Reply::json(&json!({"items": [{"id": 1}], "next": "/gone"})),
        _ => Reply::text(410, "gone"),
    })
    .await;
    let given = json!({"errorRules": [{"status": 410, "action": "ignore"}]});
    let read = pages(&api(&server.url, given, &host()), Reading::default()).await;
    assert!(read.iter().all(Result::is_ok), "{read:?}");
}

#[tokio::test]
async fn a_hiccup_is_over_before_anybody_hears_of_it() {
    let turn = Mutex::new(0);
    let server = Server::start(move |_: &Request| {
        let mut turn = turn.lock().unwrap();
        *turn += 1;
        match *turn {
            1 => Reply::text(503, ""),
            2 => Reply::raw(format!("{HEAD}content-length: 100\r\n\r\n[")),
            _ => Reply::json(&json!([{"id": 1}])),
        }
    })
    .await;
    let read = pages(&api(&server.url, json!({}), &host()), Reading::default()).await;
    assert_eq!(read[0].as_ref().unwrap().records.len(), 1);
    assert_eq!(server.targets().len(), 3);
}

#[tokio::test]
async fn resuming_after_a_fault_skips_nothing() {
    for kind in ["page", "next_url"] {
        let turn = Mutex::new(0);
        let server = Server::start(move |request: &Request| {
            let page = request.number("page").unwrap_or(1);
            let mut turn = turn.lock().unwrap();
            *turn += 1;
            let items: Vec<_> = (0..3).map(|index| json!({"id": (page - 1) * 3 + index})).collect();
            let items = if page > 6 { Vec::new() } else { items };
            match *turn % 3 {
                0 => Reply::text(404, "a bad day"),
                _ => Reply::json(
                    &json!({"items": items, "next": (page <= 6).then(|| format!("?page={}", page + 1))}),
                ),
            }
        })
        .await;
        let given =
            json!({"pagination": {"type": kind, "nextUrlPath": "next"}, "rateLimit": {"maxConcurrency": 1}});
        let (mut after, mut ids, mut attempts) = (None, Vec::new(), 0);
        loop {
            attempts += 1;
            assert!(attempts < 50, "{ids:?}");
            let reading =
                Reading { after: after.clone(), page_size: PageSize::rows(2), ..Reading::default() };
            let read = pages(&api(&server.url, given.clone(), &host()), reading).await;
            let is_over = read.iter().all(Result::is_ok);
            for page in read.into_iter().flatten() {
                ids.extend(page.records.iter().map(|record| record.value(0).to_string()));
                after = Some(page.cursor);
            }
            if is_over {
                break;
            }
        }
        let expected: Vec<_> = (0..18).map(|id| id.to_string()).collect();
        assert_eq!(ids, expected, "{kind}");
        assert!(attempts > 2);
    }
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_for_ever() {
    let (kind, code, message) =
        ends_with(|| Reply::Silence, json!({"method": "POST", "timeouts": {"read": 1, "total": 1}})).await;
    assert_eq!((kind.as_str(), code.as_str()), ("network", "timeout"));
    assert!(message.contains("timeouts"), "{message}");
}
