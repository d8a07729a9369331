//! Inspecting and checking a source before anything is stored.

use serde_json::{Value, json};

use super::{catalogue, example};
use crate::http;
use crate::remote::{Reply, Request, Server};
use crate::support::Test;

#[tokio::test(flavor = "multi_thread")]
async fn what_inspecting_an_address_prints_can_be_synced() {
    let test = Test::sqlite().await;
    let server = Server::start(|request: &Request| {
        let page = request.number("page").unwrap_or(1);
        let songs: Vec<_> = (0..4)
            .map(|index| json!({"id": page * 4 + index, "name": "a", "artist": {"name": "Zoë"}}))
            .collect();
        Reply::json(&json!({"page": page, "totalPages": 3, "items": songs}))
    })
    .await;
    let run = |args: &[&str]| {
        let args = [args, &["--allow-network", "127.0.0.1"]].concat();
        let output = test.command(&args).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let options = run(&["inspect", &server.url, "--content-type", "music", "--json"]);
    let found: Value = serde_json::from_str(&options).unwrap();
    assert_eq!(
        found["columnMapping"],
        json!({"title": "name", "artist": "artist.name", "external_id": "id"})
    );
    assert_eq!(found["pagination"]["type"], "page");
    test.file("options.json", options);
    let shown = run(&["check", &server.url, "--options", "options.json"]);
    assert!(shown.contains("page=2: 4 records") && shown.contains("Zoë"), "{shown}");
    let synced: Value =
        serde_json::from_str(&run(&["sync", &server.url, "--options", "options.json", "--json"])).unwrap();
    assert_eq!((&synced["status"], &synced["itemsInserted"]), (&json!("completed"), &json!(12)));
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_a_source_is_checked_and_its_limits_are_the_operators() {
    let test = Test::sqlite().await;
    let source = catalogue().await;
    let body = |options: Value| {
        json!({"sourceType": "api", "sourceIdentifier": source.url, "options": options}).to_string()
    };
    let json_type = [("Content-Type", "application/json")];

    let strict = http::Server::ready(&test);
    let answer = strict.send("POST", "/v1/sync/trigger", &json_type, &body(example()));
    assert_eq!(answer.refusal(), (422, Some("address_not_allowed")));
    assert_eq!(answer.body["error"]["details"][0]["pointer"], "/sourceIdentifier");
    drop(strict);

    let server = http::Server::start(
        &test,
        &[("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8"), ("CATCHMENT_SECRET_SONGS", "hunter2-token")],
    );
    server.wait_for("ready");
    let mut options = example();
    for (secret, code) in [
        (json!({"env": "DATABASE_URL"}), "secret_not_allowed"),
        (json!({"file": "/etc/passwd"}), "secret_not_allowed"),
        (json!({"sealed": "00"}), "invalid_options"),
    ] {
        options["auth"]["token"] = secret;
        let answer = server.send("POST", "/v1/sync/trigger", &json_type, &body(options.clone()));
        assert_eq!(answer.refusal(), (422, Some(code)), "{}", answer.body);
    }
    options["auth"]["token"] = json!({"env": "CATCHMENT_SECRET_SONGS"});
    let answer = server.send("POST", "/v1/sync/check", &json_type, &body(options.clone()));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let data = &answer.body["data"];
    assert_eq!(data["findings"]["authenticated"], "by bearer");
    assert_eq!(data["findings"]["records"], "100 at `data.items`");
    assert_eq!(data["findings"]["next_page"], "page=2: 100 records");
    assert_eq!(
        (&data["firstRow"]["title"], &data["firstRow"]["external_id"]),
        (&json!("Song 0"), &json!("0"))
    );
    options["auth"]["token"] = "wrong-token".into();
    let answer = server.send("POST", "/v1/sync/check", &json_type, &body(options));
    assert_eq!(answer.refusal(), (502, Some("unauthorized")), "{}", answer.body);
    assert!(!answer.body.to_string().contains("wrong-token"));
    assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs").await, "0");
}
