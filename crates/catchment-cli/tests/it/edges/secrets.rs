//! Secrets: where none may appear, and what becomes of tokens and keys that change or cannot be used.

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use catchment::App;
use serde_json::{Value, json};

use crate::api::{self, open, settings};
use crate::http;
use crate::remote::{Reply, Request, Server};
use crate::runs::until;
use crate::support::{ME, Test, counts, on_both};

/// Every secret that the requests hold.
const CANARIES: [&str; 8] = [
    "canary-bearer",
    "canary-basic",
    "canary-header",
    "canary-query",
    "canary-client",
    "canary-refresh",
    "canary-param",
    "canary-more",
];

/// A source that repeats whatever it is asked, as an error, as a page, as a value, as a link.
async fn echo() -> Server {
    Server::start(|request: &Request| {
        let echo = format!("body-marker {:?} {} {}", request.headers, request.target, request.body);
        match request.path() {
            "/token" if request.body.contains("client_credentials") => {
                Reply::json(&json!({"access_token": "canary-access"}))
            }
            "/token" | "/bad" => Reply::text(400, echo),
            "/html" => Reply::text(200, format!("<html>{echo}")),
            "/link" => {
                let next =
                    format!("/link?{}&page=2", request.target.split_once('?').map_or("", |(_, query)| query));
                Reply::json(&json!({"items": [{"id": 1, "title": {"a": echo}}], "next": next}))
            }
            _ => Reply::text(401, echo),
        }
    })
    .await
}

/// Requests of each kind of authentication for each way to be answered.
fn requests_with_canaries(source: &str) -> Vec<Value> {
    let token_url = format!("{source}/token");
    let kinds = [
        json!({"type": "bearer", "token": "canary-bearer"}),
        json!({"type": "basic", "username": "me", "password": "canary-basic"}),
        json!({"type": "api_key", "key": "canary-header"}),
        json!({"type": "api_key", "in": "query", "name": "k", "key": "canary-query"}),
        json!({"type": "oauth2_client_credentials", "tokenUrl": token_url, "clientId": "me", "clientSecret": "canary-client"}),
        json!({"type": "oauth2_refresh_token", "tokenUrl": token_url, "clientId": "me", "refreshToken": "canary-refresh"}),
    ];
    let request = |path: &str, auth: &Value| {
        json!({"sourceType": "api", "sourceIdentifier": format!("{source}{path}"), "options": {
            "contentType": "music", "auth": auth, "params": {"p": "canary-param"}, "headers": {"x-more": "canary-more"}}})
    };
    ["/bad", "/html", "/link", "/unauthorized"]
        .iter()
        .flat_map(|path| kinds.iter().map(|auth| request(path, auth)))
        .collect()
}

/// The bytes of all files in a directory.
fn read_files(dir: &Path) -> Vec<u8> {
    let files = std::fs::read_dir(dir).unwrap();
    files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
}

/// Fails where the text holds a canary, and shows what stands around it.
fn assert_no_canary(place: &str, text: &[u8]) {
    for canary in CANARIES {
        let found = text.windows(canary.len()).position(|window| window == canary.as_bytes());
        let around = found.map(|at| {
            String::from_utf8_lossy(&text[at.saturating_sub(200)..text.len().min(at + 50)]).into_owned()
        });
        assert_eq!(around, None, "{canary} in the {place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_stored_logged_answered_or_listed_in_the_clear() {
    let test = Test::sqlite().await;
    let source = echo().await;
    let mut server =
        http::Server::start(&test, &[("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8"), ("RUST_LOG", "trace")]);
    server.wait_for("ready");
    let mut said = String::new();
    let mut ids = Vec::new();
    for body in requests_with_canaries(&source.url) {
        said += &server.post("/v1/sync/check", &body).body.to_string();
        ids.push(server.post("/v1/sync/trigger", &body).body["data"]["syncRunId"].as_i64().unwrap());
    }
    until(
        &test,
        "SELECT COUNT(*) FROM sync_runs WHERE attempt > 0 AND status <> 'in_progress'",
        &ids.len().to_string(),
    )
    .await;
    for id in ids {
        said += &server.get(&format!("/v1/sync/{id}")).body.to_string();
    }
    let listed = std::fs::read(format!("/proc/{}/cmdline", server.process.0.id())).unwrap();
    server.process.0.kill().unwrap();
    server.process.0.wait().unwrap();
    let log: String = server.log.iter().collect();
    let stored = read_files(test.dir.path());
    assert!(log.len() > 10_000 && said.contains("***"), "what is looked through is there");
    assert_no_canary("answers", said.as_bytes());
    assert_no_canary("log", log.as_bytes());
    assert_no_canary("files", &stored);
    assert_no_canary("processes", &listed);
    assert!(!log.contains("body-marker"), "bodies of answers are not logged");
}

on_both! {
    async fn syncs_that_share_a_rotating_refresh_token_do_not_revoke_each_other(test: Test) {
        let issued = Mutex::new(0);
        let server = Server::start(move |request: &Request| {
            if request.path() != "/token" {
                return Reply::json(&json!([{"id": 1, "title": "a"}]));
            }
            let mut issued = issued.lock().unwrap();
            if !request.body.contains(&format!("refresh_token=token-{issued}&")) && !request.body.ends_with(&format!("refresh_token=token-{issued}")) {
                return Reply::text(400, r#"{"error": "invalid_grant"}"#);
            }
            *issued += 1;
            // Whoever comes meanwhile has the old one still.
            std::thread::sleep(Duration::from_millis(20));
            Reply::json(&json!({"access_token": "a", "refresh_token": format!("token-{issued}")}))
        })
        .await;
        let auth = json!({"type": "oauth2_refresh_token", "tokenUrl": format!("{}/token", server.url), "clientId": "me",
            "refreshToken": "token-0"});
        let apps = futures::future::join_all((0..3).map(|_| open_again(&test))).await;
        let syncs = (0..6).map(|index: usize| {
            let (app, url) = (&apps[index % 3], format!("{}/{index}", server.url));
            let options = json!({"contentType": "music", "auth": auth});
            async move { app.service().sync(&ME, api::request(&url, options)).await.unwrap() }
        });
        for result in futures::future::join_all(syncs).await {
            assert!(result.success, "{:?}", result.error);
        }
    }
}

async fn open_again(test: &Test) -> App {
    open(test, &settings(test)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_used_is_told_and_nothing_is_accepted_that_needs_it() {
    let test = Test::sqlite().await;
    test.file("key", "not a key");
    test.file("a.csv", "id,title\n1,a\n");
    let server =
        http::Server::start(&test, &[("CATCHMENT_KEY_FILE", test.dir.path().join("key").to_str().unwrap())]);
    server.wait_for("ready");
    let ready = server.get("/readyz");
    assert_eq!(ready.refusal(), (503, Some("bad_key")));
    assert_eq!(server.get("/healthz").status, 200);
    let secret = json!({"sourceType": "api", "sourceIdentifier": "https://api.example/", "options": {"contentType": "music",
        "auth": {"type": "bearer", "token": "t0ken"}}});
    let answer = server.post("/v1/sync/trigger", &secret);
    assert_eq!(answer.refusal(), (503, Some("bad_key")), "{}", answer.body);
    let plain = json!({"sourceType": "csv", "sourceIdentifier": test.dir.path().join("a.csv"), "options": {"contentType": "music"}});
    assert_eq!(server.post("/v1/sync/trigger", &plain).status, 202);
    server.wait_for("sync completed");
}

on_both! {
    async fn a_new_password_does_not_forget_what_was_read(test: Test) {
        let server = Server::start(|request: &Request| {
            let since = request.number("since").unwrap_or(0);
            Reply::json(&json!((1..=3).filter(|at| *at > since).map(|at| json!({"id": at, "title": "t", "at": at})).collect::<Vec<_>>()))
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let sync = async |token: &str, rate: u64| {
            let options = json!({"contentType": "music", "incremental": {"cursorField": "at", "param": "since"},
                "auth": {"type": "bearer", "token": token}, "headers": {"X-Api-Key": token}, "rateLimit": {"requestsPerSecond": rate}});
            counts(&app.service().sync(&ME, api::request(&server.url, options)).await.unwrap())
        };
        assert_eq!(sync("first-token", 100).await, [3, 0, 0, 0, 0]);
        assert_eq!(sync("second-token", 200).await, [0; 5]);
        assert_eq!(server.targets().last().unwrap(), "/?since=3");
    }
}
