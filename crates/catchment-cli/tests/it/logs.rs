//! What JSON logs say of an error, in fields to search by.

use serde_json::json;

use crate::http::{Server, trigger};
use crate::remote;
use crate::support::Test;

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_where_an_error_is_in_fields() {
    let test = Test::sqlite().await;
    let path = test.file("unclosed.csv", "song_name,\"artist_name\nDespacito,Luis Fonsi\n");
    let server = Server::ready(&test);
    assert_eq!(server.post("/v1/sync/trigger", &trigger(&test, "unclosed.csv")).status, 202);
    let event = server.wait_for("sync begins");
    assert_eq!(
        (&event["source"], &event["target_table"]),
        (&json!(path), &json!("content_index")),
        "{event}"
    );
    let event = server.wait_for("sync failed");
    assert_eq!((&event["run"], &event["kind"]), (&json!(1), &json!("parsing")), "{event}");
    assert_eq!(
        (&event["source"], &event["target_table"]),
        (&json!(path), &json!("content_index")),
        "{event}"
    );
    assert!(event["seconds"].is_f64(), "{event}");
    assert_eq!((&event["code"], &event["line"]), (&json!("unreadable_header"), &json!("1")), "{event}");
    assert_eq!(event["path"], path.to_str().unwrap(), "{event}");
    let message = event["error"].as_str().unwrap();
    assert_eq!(message.matches(path.to_str().unwrap()).count(), 1, "{message}");
    assert_eq!(message.matches("line 1").count(), 1, "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_which_page_of_which_url_failed() {
    let test = Test::sqlite().await;
    let api = remote::Server::start(|request: &remote::Request| match request.number("page") {
        Some(1) => remote::Reply::json(&json!([{"title": "Despacito"}])),
        _ => remote::Reply::text(410, "gone"),
    })
    .await;
    let server = Server::start(&test, &[("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8")]);
    server.wait_for("ready");
    let options =
        json!({"contentType": "music", "pagination": {"type": "page", "limit": 1, "limitParam": "limit"}});
    let body =
        json!({"sourceType": "api", "sourceIdentifier": format!("{}/songs", api.url), "options": options});
    assert_eq!(server.post("/v1/sync/trigger", &body).status, 202);
    let event = server.wait_for("sync failed");
    assert_eq!((&event["code"], &event["page"]), (&json!("unexpected_status"), &json!("2")), "{event}");
    let url = event["url"].as_str().unwrap();
    assert!(url.starts_with(&api.url) && url.contains("page="), "{event}");
    let message = event["error"].as_str().unwrap();
    assert_eq!((message.matches(url).count(), message.matches("page 2").count()), (1, 1), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_says_when_the_next_attempt_is() {
    let test = Test::sqlite().await;
    let api = remote::Server::start(|_: &remote::Request| {
        remote::Reply::text(429, "slow down").header("Retry-After", "600")
    })
    .await;
    let server = Server::start(&test, &[("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8")]);
    server.wait_for("ready");
    let body = json!({"sourceType": "api", "sourceIdentifier": format!("{}/songs?key=s3cret", api.url),
        "options": {"contentType": "music"}});
    assert_eq!(server.post("/v1/sync/trigger", &body).status, 202);
    let event = server.wait_for("attempt failed");
    assert_eq!(event["source"], format!("{}/songs?key=***", api.url), "{event}");
    assert_eq!(event["next_attempt"], "in 10 min", "{event}");
}
