//! What the command line and HTTP answer: checks that change nothing, and mistakes that are the caller's.

use std::os::unix::net::UnixListener;

use serde_json::{Value, json};

use crate::http;
use crate::remote::{Reply, Request, Server};
use crate::support::Test;

#[tokio::test(flavor = "multi_thread")]
async fn a_price_that_reads_two_ways_is_not_stored_until_somebody_says_which() {
    let test = Test::sqlite().await;
    test.file(
        "prices.csv",
        "category_id;capacity;price\nmusic;8GB;54.900\nmusic;16GB;1.234,50\nmusic;32GB;84900\n",
    );
    let run = |args: &[&str]| {
        let output = test.command(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, said) = run(&["sync", "prices.csv", "--target", "catalog_items"]);
    assert_eq!(code, 3);
    assert!(said.contains("54.9,") && said.contains("54900,") && said.contains("`decimal`"), "{said}");
    assert_eq!(test.query("SELECT price FROM catalog_items").await, ["84900"]);
    let (_, said) = run(&["check", "prices.csv", "--target", "catalog_items"]);
    assert!(
        said.contains("decimal sign `,`, as `1.234,50` shows")
            && said.contains("`54.900` is stored as 54900"),
        "{said}"
    );
    let (_, options) = run(&["inspect", "prices.csv", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&options).unwrap()["decimal"], ",");
    test.file("options.json", options);
    assert_eq!(run(&["sync", "prices.csv", "--options", "options.json"]).0, 0);
    assert_eq!(
        test.query("SELECT CAST(price AS TEXT) FROM catalog_items ORDER BY price").await,
        ["1234.5", "54900", "84900"]
    );
    // Where no other value says it, it is asked for.
    test.file("prices.csv", "category_id;capacity;price\nmusic;8GB;54.900\n");
    let (_, said) = run(&["check", "prices.csv", "--target", "catalog_items"]);
    assert!(said.contains("no other value says which"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_makes_nothing() {
    let mut test = Test::sqlite().await;
    let server = Server::start(|request: &Request| match request.path() {
        "/token" => Reply::json(&json!({"access_token": "a", "refresh_token": "b"})),
        _ => Reply::json(&json!([{"id": 1, "title": "a"}])),
    })
    .await;
    let auth = json!({"type": "oauth2_refresh_token", "tokenUrl": format!("{}/token", server.url), "clientId": "me",
        "refreshToken": "first"});
    test.file("options.json", json!({"contentType": "music", "auth": auth}).to_string());
    test.url = "sqlite://new.db".into();
    let output = test
        .command(&["check", &server.url, "--options", "options.json", "--allow-network", "127.0.0.1"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("catchment migrate"), "{said}");
    assert_eq!(server.targets(), [""; 0], "the token is not used up");
    let files: Vec<_> =
        std::fs::read_dir(test.dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["options.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_asked_by_address_and_other_things_by_one_name() {
    let test = Test::sqlite().await;
    let server = http::Server::ready(&test);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.send("GET", path, &[("Host", "10.1.2.3:3006")], "").status, 200, "{path}");
    }
    assert_eq!(server.send("GET", "/v1/sync/stats", &[("Host", "10.1.2.3:3006")], "").status, 403);
    let twice = [("Host", server.address.as_str()), ("Host", "127.0.0.1")];
    assert_eq!(server.send("GET", "/v1/sync/stats", &twice, "").status, 400);
    assert_eq!(server.send("GET", "http://evil.example/v1/sync/stats", &[], "").status, 400);
    let own = format!("http://{}/v1/sync/stats", server.address);
    assert_eq!(server.send("GET", &own, &[], "").status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_are_the_callers_fault_and_make_no_log_lines() {
    let test = Test::sqlite().await;
    let server = http::Server::start(&test, &[("CATCHMENT_LOG_FORMAT", "text")]);
    while server.get("/readyz").status != 200 {
        std::thread::yield_now();
    }
    let _socket = UnixListener::bind(test.dir.path().join("socket")).unwrap();
    let check = |name: &str| {
        let body = json!({"sourceType": "csv", "sourceIdentifier": test.dir.path().join(name), "options": {"contentType": "music"}});
        server.post("/v1/sync/check", &body)
    };
    for name in ["socket", &"x".repeat(300)] {
        let answer = check(name);
        assert_eq!(answer.refusal(), (422, Some("not_a_file")), "{}", answer.body);
    }
    let answer = check("no\n2026-01-01T00:00:00Z ERROR such");
    assert!(!answer.body["error"]["message"].as_str().unwrap().contains('\n'), "{}", answer.body);
    let source = Server::start(|_: &Request| Reply::json(&json!({"data": {"items": []}}))).await;
    drop(server);
    let server = http::Server::start(&test, &[("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8")]);
    server.wait_for("ready");
    let body = json!({"sourceType": "api", "sourceIdentifier": source.url, "options": {"contentType": "music", "dataPath": "rows"}});
    let answer = server.post("/v1/sync/check", &body);
    assert_eq!(
        (answer.status, &answer.body["error"]["details"][0]["pointer"]),
        (422, &json!("/options/dataPath")),
        "{}",
        answer.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_and_sync_end_alike_on_the_same_mistake() {
    let test = Test::sqlite().await;
    test.file("a.csv", "id,name\n1,a\n");
    for args in [
        &["missing.csv", "--content-type", "music"][..],
        &["a.csv", "--content-type", "poem"],
        &["a.csv", "--content-type", "music", "--map", "title=titel"],
        &["a.csv", "--target", "catalog_items"],
    ] {
        let code = |command: &str| test.command(&[&[command], args].concat()).output().unwrap().status.code();
        assert_eq!(code("check"), code("sync"), "{args:?}");
    }
}
