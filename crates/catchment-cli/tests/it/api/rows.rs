//! Sources that are asked over HTTP, from the request to the rows in the table.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use catchment::{App, Door, RunStatus, Settings, SyncRequest};
use serde_json::{Value, json};

use crate::http;
use crate::remote::{Reply, Request, Server};
use crate::support::{Test, counts, on_both};

/// Settings that let sources connect to loopback.
pub fn settings(test: &Test) -> Settings {
    Settings {
        allow_networks: vec!["127.0.0.0/8".parse().unwrap()],
        key_file: test.dir.path().join("catchment.key"),
        ..test.settings()
    }
}

pub async fn open(test: &Test, settings: &Settings) -> App {
    assert_eq!(settings.database_url, test.url);
    App::open(settings, catchment_sources::builtin(), Door::Library).await.unwrap()
}

pub fn request(url: &str, options: Value) -> SyncRequest {
    let kind = if url.ends_with(".csv") { "csv" } else { "api" };
    SyncRequest::from_json(json!({"sourceType": kind, "sourceIdentifier": url, "options": options})).unwrap()
}

/// Songs in pages, for whoever has the token.
async fn catalogue() -> Server {
    Server::start(|request: &Request| {
        if request.headers.get("authorization").map(String::as_str) != Some("Bearer hunter2-token") {
            return Reply::text(401, "who are you?");
        }
        let (page, limit) = (request.number("page").unwrap(), request.number("limit").unwrap());
        let first = (page - 1) * limit;
        let songs = (first..250.min(first + limit)).map(|id| {
            json!({"id": id, "name": format!("Song {id}"), "artist": {"name": "Zoë"}, "category": "pop", "year": 1999, "none": null})
        });
        Reply::json(&json!({"data": {"items": songs.collect::<Vec<_>>()}}))
    })
    .await
}

/// The options of the contract's example.
fn example() -> Value {
    json!({
        "method": "GET",
        "auth": {"type": "bearer", "token": "hunter2-token"},
        "dataPath": "data.items",
        "contentType": "music",
        "fieldMapping": {"title": "name", "artist": "artist.name", "genre": "category", "external_id": "id"},
        "pagination": {"enabled": true, "type": "page", "limitParam": "limit", "pageParam": "page", "maxPages": 50}
    })
}

on_both! {
    async fn the_contracts_example_fills_the_table(test: Test) {
        let server = catalogue().await;
        let url = format!("{}/music/catalog?view=hunter2-view", server.url);
        let settings = settings(&test);
        let app = open(&test, &settings).await;
        let result = app.service().sync(request(&url, example())).await.unwrap();
        assert_eq!(counts(&result), [250, 0, 0, 0, 0]);
        let row = "SELECT title, artist, genre, external_id, is_available, source_type FROM content_index WHERE external_id = '7'";
        assert_eq!(test.query(row).await, ["Song 7|Zoë|pop|7|1|api"]);
        let metadata: Value = serde_json::from_str(&test.value("SELECT metadata FROM content_index WHERE external_id = '7'").await).unwrap();
        assert_eq!(metadata, json!({"artist": {"name": "Zoë"}, "year": 1999}));
        let again = app.service().sync(request(&url, example())).await.unwrap();
        assert_eq!(counts(&again), [0, 0, 250, 0, 0]);
        // What is stored of the request does not hold the secret.
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs WHERE options LIKE '%hunter2%'").await, "0");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs WHERE read_cursor LIKE '%hunter2%'").await, "0");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_run_keys").await, "2");
    }
}

on_both! {
    async fn a_sealed_request_goes_on_with_its_key_alone(test: Test) {
        let server = catalogue().await;
        let ours = settings(&test);
        let asked = open(&test, &ours).await.service().schedule_sync(request(&server.url, example())).await.unwrap();

        let theirs = Settings { key_file: test.dir.path().join("other.key"), ..ours.clone() };
        let other = open(&test, &theirs).await;
        other.service().sync(request(&server.url, json!({"auth": {"type": "bearer", "token": "x"}}))).await.unwrap();
        assert_eq!(other.service().run(asked).await.unwrap().status, RunStatus::Pending);

        // Another process with the same key, after a restart.
        let result = open(&test, &ours).await.service().execute_sync(asked).await.unwrap();
        assert_eq!(counts(&result), [250, 0, 0, 0, 0]);
    }
}

on_both! {
    async fn only_what_is_new_is_asked_for_once_all_before_it_is_stored(test: Test) {
        let fails = Arc::new(AtomicBool::new(true));
        let is_bad_day = fails.clone();
        let server = Server::start(move |request: &Request| {
            let since = request.number("since").unwrap_or(0);
            let page = request.number("page").unwrap_or(1);
            if page == 2 && is_bad_day.load(Ordering::SeqCst) {
                return Reply::text(404, "not today");
            }
            let all: Vec<_> = (1..=6).rev().filter(|at| *at > since).map(|at| json!({"id": at, "title": "t", "at": at})).collect();
            let here: Vec<_> = all.iter().skip((page - 1) * 3).take(3).collect();
            let next = (all.len() > page * 3).then(|| format!("?since={since}&page={}", page + 1));
            Reply::json(&json!({"items": here, "next": next}))
        })
        .await;
        let options = json!({"contentType": "music", "incremental": {"cursorField": "at", "param": "since", "initialValue": 0}});
        let app = open(&test, &settings(&test)).await;
        let service = app.service();
        let sync = async || service.sync(request(&server.url, options.clone())).await.unwrap();
        // The newest come first: had the first page moved the value, the second one would never be asked for again.
        let first = sync().await;
        assert_eq!((first.success, first.items_processed), (false, 3));
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_states").await, "0");
        fails.store(false, Ordering::SeqCst);
        let second = sync().await;
        assert_eq!(counts(&second), [3, 0, 3, 0, 0]);
        let third = sync().await;
        assert!(third.success, "{:?}", third.error);
        assert_eq!(counts(&third), [0, 0, 0, 0, 0]);
        assert_eq!(server.targets().last().unwrap(), "/?since=6");
        // Other options are another request, which reads all.
        let mut other = options.clone();
        other["contentType"] = "video".into();
        let other = service.sync(request(&server.url, other)).await.unwrap();
        assert_eq!(counts(&other), [0, 6, 0, 0, 0]);
    }
}

on_both! {
    async fn what_is_rejected_or_skipped_is_listed_with_its_page(test: Test) {
        let server = Server::start(|request: &Request| match request.number("page").unwrap() {
            1 => Reply::json(&json!([{"id": 1, "title": "a"}, {"id": 2, "title": null}])),
            2 => Reply::json(&json!([{"id": 3, "title": "b"}, 7, {"id": 3, "title": "c"}])),
            _ => Reply::json(&json!([])),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let options = json!({"contentType": "music", "pagination": {"type": "page"}});
        let result = app.service().sync(request(&server.url, options)).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 1, 2]);
        let store = app.service().store();
        let errors = store.errors(result.sync_run_id, 0, 9).await.unwrap();
        let errors: Vec<_> = errors.iter().map(|error| (error.page, error.path.clone().unwrap())).collect();
        assert_eq!(errors, [(Some(1), "$[1]".to_owned()), (Some(2), "$[1]".to_owned())]);
        let skips = store.skips(result.sync_run_id, 0, 9).await.unwrap();
        assert_eq!((skips[0].page, skips[0].path.as_deref()), (Some(2), Some("$[2]")));
    }
}

on_both! {
    async fn an_answer_that_has_not_changed_changes_nothing(test: Test) {
        let server = Server::start(|request: &Request| match request.headers.get("if-none-match") {
            Some(_) => Reply::text(304, ""),
            None => Reply::json(&json!([{"id": 1, "title": "a"}])).header("ETag", "\"1\""),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        for expected in [[1, 0, 0, 0, 0], [0; 5], [0; 5]] {
            let result = app.service().sync(request(&server.url, json!({"contentType": "music"}))).await.unwrap();
            assert!(result.success, "{:?}", result.error);
            assert_eq!(counts(&result), expected);
        }
        assert_eq!(test.value("SELECT last_sync_run_id FROM content_index").await, "1");
    }
}

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
    let options = run(&["inspect", &server.url, "--json"]);
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

#[tokio::test]
async fn a_source_that_was_cut_or_is_suddenly_empty_says_so() {
    let test = Test::sqlite().await;
    let is_empty = Arc::new(AtomicBool::new(false));
    let empties = is_empty.clone();
    let server = Server::start(move |request: &Request| {
        let page = request.number("page").unwrap_or(1);
        match empties.load(Ordering::SeqCst) {
            true => Reply::json(&json!({"items": []})),
            false => Reply::json(
                &json!({"items": [{"id": page, "title": "a"}], "next": format!("?page={}", page + 1)}),
            ),
        }
    })
    .await;
    let app = open(&test, &settings(&test)).await;
    let options = json!({"contentType": "music", "pagination": {"maxPages": 2}});
    let result = app.service().sync(request(&server.url, options.clone())).await.unwrap();
    assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
    assert!(app.service().run(result.sync_run_id).await.unwrap().metadata.truncated);
    is_empty.store(true, Ordering::SeqCst);
    let result = app.service().sync(request(&server.url, options)).await.unwrap();
    assert_eq!(result.error.unwrap().code.as_deref(), Some("source_empty"));
}

on_both! {
    async fn a_refresh_token_that_is_replaced_is_kept_for_the_next_run(test: Test) {
        let issued = Mutex::new(0);
        let server = Server::start(move |request: &Request| {
            let mut issued = issued.lock().unwrap();
            if request.path() == "/token" {
                if !request.body.contains(&format!("refresh_token=hunter2-{issued}")) {
                    return Reply::text(400, r#"{"error": "invalid_grant"}"#);
                }
                *issued += 1;
                return Reply::json(&json!({"access_token": "a", "refresh_token": format!("hunter2-{issued}")}));
            }
            Reply::json(&json!([{"id": 1, "title": "a"}]))
        })
        .await;
        let auth = json!({"type": "oauth2_refresh_token", "tokenUrl": format!("{}/token", server.url), "clientId": "me",
            "refreshToken": "hunter2-0"});
        let options = json!({"contentType": "music", "auth": auth});
        for _ in 0..3 {
            let app = open(&test, &settings(&test)).await;
            let result = app.service().sync(request(&server.url, options.clone())).await.unwrap();
            assert!(result.success, "{:?}", result.error);
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_tokens").await, "1");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_tokens WHERE sealed LIKE '%hunter2%'").await, "0");
    }
}

on_both! {
    async fn a_csv_file_at_an_address_is_read_like_one_on_the_disk(test: Test) {
        let server = Server::start(|request: &Request| match request.path() {
            "/songs.csv" => Reply::text(200, "id;título\n1;Canción\n2;Otra\n").header("content-type", "text/csv"),
            "/cut.csv" => Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nid;title\n1;a\n"),
            _ => Reply::text(200, "<html>log in</html>").header("content-type", "text/html"),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let service = app.service();
        let at = |name: &str| request(&format!("{}/{name}", server.url), json!({"contentType": "music"}));
        let result = service.sync(at("songs.csv")).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 0, 0]);
        assert_eq!(test.value("SELECT title FROM content_index WHERE external_id = '1'").await, "Canción");
        let page = service.sync(at("login.csv")).await.unwrap();
        assert_eq!(page.error.unwrap().code.as_deref(), Some("not_csv"));
        let error = service.check(at("cut.csv")).await.unwrap_err();
        assert_eq!((error.kind().to_string().as_str(), error.code()), ("network", "broken_off"));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "2");
    }
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
    assert_eq!((answer.status, answer.body["error"]["code"].as_str()), (422, Some("address_not_allowed")));
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
        assert_eq!(
            (answer.status, answer.body["error"]["code"].as_str()),
            (422, Some(code)),
            "{}",
            answer.body
        );
    }
    options["auth"]["token"] = json!({"env": "CATCHMENT_SECRET_SONGS"});
    let answer = server.send("POST", "/v1/sync/check", &json_type, &body(options.clone()));
    assert_eq!(answer.status, 200, "{}", answer.body);
    let data = &answer.body["data"];
    assert_eq!(data["findings"]["authenticated"], "by bearer");
    assert_eq!(data["findings"]["records"], "100 at data.items");
    assert_eq!(data["findings"]["next_page"], "page=2: 100 records");
    assert_eq!(
        (&data["firstRow"]["title"], &data["firstRow"]["external_id"]),
        (&json!("Song 0"), &json!("0"))
    );
    options["auth"]["token"] = "wrong-token".into();
    let answer = server.send("POST", "/v1/sync/check", &json_type, &body(options));
    assert_eq!(
        (answer.status, answer.body["error"]["code"].as_str()),
        (502, Some("unauthorized")),
        "{}",
        answer.body
    );
    assert!(!answer.body.to_string().contains("wrong-token"));
    assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs").await, "0");
}
