//! The promise at its edges: each test is a defect that was found, seen from outside.

use std::io::{BufRead, BufReader};
use std::os::unix::net::UnixListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use catchment::{App, ContentIndexRepository, Door, RunStatus, Settings, Workers};
use catchment_core::ErrorKind;
use serde_json::{Value, json};

use crate::api::{self, open, settings};
use crate::gated::{Step, Trap, set_trap};
use crate::http;
use crate::proxy::Proxy;
use crate::remote::{Reply, Request, Server};
use crate::runs::{PAGES, app, scripted, until};
use crate::support::{Process, Test, counts, on_both, request};

/// A time so many days ago, in the database's words.
fn days_ago(test: &Test, days: u32) -> String {
    match test.is_sqlite() {
        true => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days')"),
        false => format!("NOW(3) - INTERVAL {days} DAY"),
    }
}

on_both! {
    async fn retention_leaves_rows_that_a_source_has_no_reason_to_show(test: Test) {
        let server = Server::start(|request: &Request| match request.headers.get("if-none-match") {
            Some(_) => Reply::text(304, ""),
            None => Reply::json(&json!([{"id": 1, "title": "a"}])).header("ETag", "\"1\""),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let content = ContentIndexRepository::new(app.service().store().clone());
        let sync = async || app.service().sync(api::request(&server.url, json!({"contentType": "music"}))).await.unwrap();
        sync().await;
        test.execute(&format!("UPDATE content_index SET last_synced_at = {}", days_ago(&test, 100))).await;
        assert_eq!(counts(&sync().await), [0; 5], "nothing has changed");
        assert_eq!(content.cleanup_old(90).await.unwrap(), 0);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "1");
        // Where the table holds no row of the source, what it said of them counts no more.
        test.execute("DELETE FROM content_index").await;
        assert_eq!(counts(&sync().await), [1, 0, 0, 0, 0]);
    }
}

on_both! {
    async fn a_row_that_somebody_changed_meanwhile_is_not_counted_as_unchanged(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "edited"), app(&test).await);
        for first in [0, 6000, 12_000] {
            steps.send(Step::Rows(first..first + 6000)).unwrap();
        }
        steps.send(Step::End).unwrap();
        assert_eq!(counts(&app.service().sync(gated.clone()).await.unwrap()), [18_000, 0, 0, 0, 0]);
        // What the table holds is read at the third page; then somebody edits a row of the fourth.
        let (steps, _) = scripted(&test, "edited");
        let id = app.service().schedule_sync(gated).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        for rows in [0..6000, 6000..12_000, 12_000..13_000] {
            steps.send(Step::Rows(rows)).unwrap();
        }
        until(&test, &format!("SELECT page_no FROM sync_runs WHERE id = {id}"), "3").await;
        test.execute("UPDATE content_index SET title = 'edited' WHERE external_id = '15000'").await;
        steps.send(Step::Rows(13_000..18_000)).unwrap();
        steps.send(Step::End).unwrap();
        let result = app.service().execute_sync(id).await.unwrap();
        assert_eq!(test.value("SELECT title FROM content_index WHERE external_id = '15000'").await, "15000");
        assert_eq!(counts(&result), [0, 1, 17_999, 0, 0]);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn two_sources_of_a_shared_table_leave_each_row_as_one_of_them_has_it(test: Test) {
        let app = app(&test).await;
        let file = |name: &str, price: u32| {
            let rows: String = (0..12_000).map(|row| format!("music,{row}GB,{}\n", price + row)).collect();
            test.file(name, format!("category_id,capacity,price\n{rows}"))
        };
        let (one, two) = (file("one.csv", 1_000_000), file("two.csv", 2_000_000));
        let options = json!({"targetTable": "catalog_items"});
        let sync = async |path: &std::path::Path| app.service().sync(request(path, options.clone())).await.unwrap();
        sync(&one).await;
        let (first, second) = tokio::join!(sync(&one), sync(&two));
        assert!(first.success && second.success);
        // The one that ended last has the last word, on every row.
        let last = test.value("SELECT MAX(last_sync_run_id) FROM catalog_items").await;
        assert_eq!(test.value(&format!("SELECT COUNT(*) FROM catalog_items WHERE last_sync_run_id = {last}")).await, "12000");
        assert_eq!(test.value("SELECT COUNT(DISTINCT CASE WHEN price >= 2000000 THEN 2 ELSE 1 END) FROM catalog_items").await, "1");
    }
}

on_both! {
    async fn a_page_with_other_columns_is_not_mapped_like_the_first(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "columns"), app(&test).await);
        let workers = Workers::start(app.service(), 1);
        app.service().schedule_sync(gated).await.unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::OtherColumns).unwrap();
        until(&test, "SELECT error_type FROM sync_runs WHERE error_code = 'columns_changed'", "system").await;
        assert_eq!(test.query("SELECT title FROM content_index").await, ["one"]);
        app.service().shut_down();
        workers.finish().await;
    }
}

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
async fn no_secret_is_stored_logged_answered_or_listed_in_the_clear() {
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
    let test = Test::sqlite().await;
    let source = Server::start(|request: &Request| {
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
    .await;
    let token_url = format!("{}/token", source.url);
    let kinds = [
        json!({"type": "bearer", "token": "canary-bearer"}),
        json!({"type": "basic", "username": "me", "password": "canary-basic"}),
        json!({"type": "api_key", "key": "canary-header"}),
        json!({"type": "api_key", "in": "query", "name": "k", "key": "canary-query"}),
        json!({"type": "oauth2_client_credentials", "tokenUrl": token_url, "clientId": "me", "clientSecret": "canary-client"}),
        json!({"type": "oauth2_refresh_token", "tokenUrl": token_url, "clientId": "me", "refreshToken": "canary-refresh"}),
    ];
    let mut server =
        http::Server::start(&test, &[("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8"), ("RUST_LOG", "trace")]);
    server.wait_for("ready");
    let mut said = String::new();
    let mut ids = Vec::new();
    for path in ["/bad", "/html", "/link", "/unauthorized"] {
        for auth in &kinds {
            let body = json!({"sourceType": "api", "sourceIdentifier": format!("{}{path}", source.url), "options": {
                "contentType": "music", "auth": auth, "params": {"p": "canary-param"}, "headers": {"x-more": "canary-more"}}});
            said += &server.post("/v1/sync/check", &body).body.to_string();
            ids.push(server.post("/v1/sync/trigger", &body).body["data"]["syncRunId"].as_i64().unwrap());
        }
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
    let mut stored = Vec::new();
    for file in std::fs::read_dir(test.dir.path()).unwrap() {
        stored.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    assert!(log.len() > 10_000 && said.contains("***"), "what is looked through is there");
    for canary in CANARIES {
        for (place, text) in [
            ("answers", said.as_bytes()),
            ("log", log.as_bytes()),
            ("files", &stored),
            ("processes", &listed),
        ] {
            let found = text.windows(canary.len()).position(|window| window == canary.as_bytes());
            let around = found.map(|at| {
                String::from_utf8_lossy(&text[at.saturating_sub(200)..text.len().min(at + 50)]).into_owned()
            });
            assert_eq!(around, None, "{canary} in the {place}");
        }
    }
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
            async move { app.service().sync(api::request(&url, options)).await.unwrap() }
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
async fn a_key_that_cannot_be_used_is_told_and_nothing_is_accepted_that_needs_it() {
    let test = Test::sqlite().await;
    test.file("key", "not a key");
    test.file("a.csv", "id,title\n1,a\n");
    let server =
        http::Server::start(&test, &[("CATCHMENT_KEY_FILE", test.dir.path().join("key").to_str().unwrap())]);
    server.wait_for("ready");
    let ready = server.get("/readyz");
    assert_eq!((ready.status, ready.body["error"]["code"].as_str()), (503, Some("bad_key")));
    assert_eq!(server.get("/healthz").status, 200);
    let secret = json!({"sourceType": "api", "sourceIdentifier": "https://api.example/", "options": {"contentType": "music",
        "auth": {"type": "bearer", "token": "t0ken"}}});
    let answer = server.post("/v1/sync/trigger", &secret);
    assert_eq!(
        (answer.status, answer.body["error"]["code"].as_str()),
        (503, Some("bad_key")),
        "{}",
        answer.body
    );
    let plain = json!({"sourceType": "csv", "sourceIdentifier": test.dir.path().join("a.csv"), "options": {"contentType": "music"}});
    assert_eq!(server.post("/v1/sync/trigger", &plain).status, 202);
    server.wait_for("sync completed");
}

on_both! {
    async fn a_container_with_another_name_goes_on_with_its_files(test: Test) {
        let path = test.file("a.csv", "id,title\n1,a\n");
        let gone = test.app().await;
        let interrupted = gone.service().schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap();
        let waiting = gone.service().schedule_sync(request(&test.file("b.csv", "id,title\n2,b\n"), json!({"contentType": "music"}))).await.unwrap();
        let elsewhere = test.file("c.csv", "id,title\n3,c\n");
        let unreadable = gone.service().schedule_sync(request(&elsewhere, json!({"contentType": "music"}))).await.unwrap();
        std::fs::remove_file(elsewhere).unwrap();
        let past = days_ago(&test, 1);
        test.execute(&format!("UPDATE sync_runs SET next_attempt_at = {past}, created_at = {past}")).await;
        test.execute(&format!(
            "UPDATE sync_runs SET status = 'in_progress', started_at = {past}, lease_until = {past}, attempt = 1, fence = 1, \
             lease_owner = 'gone/m/b/1/1/1' WHERE id = {interrupted}"
        ))
        .await;
        let anew = App::open(&Settings { node: "anew".into(), ..test.settings() }, catchment_sources::builtin(), Door::Library)
            .await
            .unwrap();
        let workers = Workers::start(anew.service(), 1);
        for id in [interrupted, waiting] {
            until(&test, &format!("SELECT status FROM sync_runs WHERE id = {id}"), "completed").await;
        }
        let run = anew.service().run(unreadable).await.unwrap();
        assert_eq!(run.status, RunStatus::Pending, "its file is not here");
        let why = anew.service().waits_for(&run).await.unwrap().unwrap();
        assert!(why.contains("on the node test"), "{why}");
        anew.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_node_that_is_busy_keeps_its_files(test: Test) {
        let path = test.file("a.csv", "id,title\n1,a\n");
        let theirs = test.app().await;
        let waiting = theirs.service().schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap();
        let busy = theirs.service().schedule_sync(request(&path, json!({"contentType": "game"}))).await.unwrap();
        let past = days_ago(&test, 1);
        test.execute(&format!("UPDATE sync_runs SET next_attempt_at = {past}, lane_key = id")).await;
        test.execute(&format!(
            "UPDATE sync_runs SET status = 'in_progress', started_at = {past}, lease_until = '2037-01-01 00:00:00.000', \
             attempt = 1, fence = 1, lease_owner = 'test/m/b/1/1/1' WHERE id = {busy}"
        ))
        .await;
        let ours = App::open(&Settings { node: "other".into(), ..test.settings() }, catchment_sources::builtin(), Door::Library)
            .await
            .unwrap();
        let workers = Workers::start(ours.service(), 1);
        let own = ours.service().schedule_sync(request(&test.file("b.csv", "id,title\n2,b\n"), json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {own}"), "completed").await;
        ours.service().shut_down();
        workers.finish().await;
        assert_eq!(ours.service().run(waiting).await.unwrap().status, RunStatus::Pending);
    }
}

on_both! {
    async fn a_lost_run_of_another_key_keeps_no_worker_spinning(test: Test) {
        let app = test.app().await;
        let file = |name: &str| test.file(name, "category_id,capacity,price\nmusic,8GB,1\n");
        let options = json!({"targetTable": "catalog_items"});
        let lost = app.service().schedule_sync(request(&file("a.csv"), options.clone())).await.unwrap();
        let past = days_ago(&test, 1);
        test.execute(&format!(
            "UPDATE sync_runs SET status = 'in_progress', started_at = {past}, lease_until = {past}, attempt = 1, fence = 1, \
             lease_owner = 'gone/m/b/1/1/1' WHERE id = {lost}"
        ))
        .await;
        test.execute(&format!("INSERT INTO sync_run_keys (sync_run_id, key_id) VALUES ({lost}, 'another')")).await;
        let other = app.service().schedule_sync(request(&file("b.csv"), options)).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        assert_eq!(app.service().run(lost).await.unwrap().status, RunStatus::Pending);
        app.service().shut_down();
        workers.finish().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_on_the_command_line_is_told_for_whom() {
    let test = Test::sqlite().await;
    let path = test.file("a.csv", "id,title\n1,a\n");
    let service = test.app().await;
    service.service().schedule_sync(request(&path, json!({"contentType": "game"}))).await.unwrap();
    // As of a service on another machine, which lives.
    test.execute(
        "UPDATE sync_runs SET door = 'http', status = 'in_progress', started_at = '2026-01-01', attempt = 1, fence = 1, \
         lease_owner = 'elsewhere/m/b/1/4711/1', lease_until = '2999-01-01 00:00:00.000'",
    )
    .await;
    let child = test.command(&["sync", path.to_str().unwrap(), "--content-type", "music"]).spawn().unwrap();
    let mut process = Process(child);
    let mut said = BufReader::new(process.0.stderr.take().unwrap()).lines();
    let line = said.find(|line| line.as_ref().unwrap().contains("waits")).unwrap().unwrap();
    assert!(line.contains("run 1") && line.contains("4711 on elsewhere") && line.contains("2999"), "{line}");
    // Its lease runs out, and nobody here may go on with it: the source is free all the same.
    test.execute("UPDATE sync_runs SET lease_until = '2026-01-01' WHERE id = 1").await;
    assert!(process.0.wait().unwrap().success());
    assert_eq!(
        test.query("SELECT id, status FROM sync_runs ORDER BY id").await,
        ["1|pending", "2|completed"]
    );
}

on_both! {
    async fn a_worker_that_panics_is_replaced(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "trap"), app(&test).await);
        app.service().schedule_sync(gated.clone()).await.unwrap();
        set_trap(&gated.source_identifier, Some(Trap::Panics));
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE id = 1", "in_progress").await;
        let path = test.file("a.csv", "id,title\n1,a\n");
        let other = app.service().schedule_sync(request(&path, json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        set_trap(&gated.source_identifier, None);
        drop(steps);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_file_system_that_hangs_before_the_first_page_holds_no_worker_for_ever(test: Test) {
        let (steps, gated) = scripted(&test, "hang");
        let settings = Settings { silence_timeout: Duration::from_millis(200), ..test.settings() };
        let registry = catchment_sources::builtin().with::<crate::gated::Gated>();
        let app = App::open(&settings, registry, Door::Library).await.unwrap();
        app.service().schedule_sync(gated.clone()).await.unwrap();
        set_trap(&gated.source_identifier, Some(Trap::Hangs));
        let workers = Workers::start(app.service(), 1);
        until(&test, "SELECT status FROM sync_runs WHERE error_code = 'source_silent'", "pending").await;
        set_trap(&gated.source_identifier, None);
        drop(steps);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn callers_without_bound_do_not_starve_each_other(test: Test) {
        let app = test.app().await;
        let syncs = (0..40).map(|index| {
            let path = test.file(&format!("{index}.csv"), format!("id,title\n{index},a\n"));
            let service = app.service().clone();
            tokio::spawn(async move { service.sync(request(&path, json!({"contentType": "music"}))).await })
        });
        for result in futures::future::join_all(syncs).await {
            assert!(result.unwrap().unwrap().success);
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "40");
    }
}

/// The statements of the first steps, as an earlier version carried them out.
fn schema(test: &Test, version: usize) -> String {
    let steps = if test.is_sqlite() {
        [
            include_str!("../../../catchment/migrations/sqlite/0001_init.sql"),
            include_str!("../../../catchment/migrations/sqlite/0002_jobs.sql"),
            include_str!("../../../catchment/migrations/sqlite/0003_states.sql"),
        ]
    } else {
        [
            include_str!("../../../catchment/migrations/mysql/0001_init.sql"),
            include_str!("../../../catchment/migrations/mysql/0002_jobs.sql"),
            include_str!("../../../catchment/migrations/mysql/0003_states.sql"),
        ]
    };
    let done: String = (1..=version)
        .map(|step| format!("INSERT INTO catchment_migrations (version, name) VALUES ({step}, 's');\n"))
        .collect();
    format!(
        "CREATE TABLE catchment_migrations (version BIGINT NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL, \
         applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n{}{done}",
        steps[..version].concat()
    )
}

/// Rows of every table that the first version had.
const ROWS: &str = "
    INSERT INTO sync_runs (id, source_type, source_identifier, source_name, target_table, options, door, request_key, lane_key,
        status, started_at, completed_at, items_processed) VALUES
        (1, 'csv', '/old.csv', '/old.csv', 'content_index', '{\"contentType\": \"music\"}', 'http', 'r1', 'l1', 'completed',
         '2026-01-01 00:00:00.000', '2026-01-01 00:00:01.000', 1),
        (2, 'csv', '/prices.csv', '/prices.csv', 'catalog_items', '{\"targetTable\": \"catalog_items\"}', 'http', 'r2', 'l2',
         'pending', NULL, NULL, 0);
    INSERT INTO content_index (content_type, title, source_type, source_identifier, external_id, last_synced_at, last_sync_run_id)
        VALUES ('music', 'old', 'csv', '/old.csv', '1', '2026-01-01 00:00:00.000', 1);
    INSERT INTO catalog_items (category_id, capacity, price) VALUES ('music', '8GB', 1);
";

on_both! {
    async fn the_tables_of_every_earlier_version_are_brought_up_to_date_with_their_rows(test: Test) {
        let fresh = if test.is_sqlite() { Test::sqlite().await } else { Test::mariadb().await };
        fresh.app().await;
        let columns = |table: &str| match test.is_sqlite() {
            true => format!("SELECT name FROM pragma_table_xinfo('{table}') ORDER BY name"),
            false => format!("SELECT CONCAT(column_name, ' ', column_type, ' ', extra) FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY column_name"),
        };
        for version in 1..=3 {
            let test = if test.is_sqlite() { Test::sqlite().await } else { Test::mariadb().await };
            test.execute(&schema(&test, version)).await;
            test.execute(ROWS).await;
            let app = test.app().await;
            for table in ["sync_runs", "content_index", "catalog_items", "sync_sources", "sync_states"] {
                assert_eq!(test.query(&columns(table)).await, fresh.query(&columns(table)).await, "{table} from {version}");
            }
            assert_eq!(test.query("SELECT title FROM content_index").await, ["old"]);
            assert_eq!(app.service().stats().await.unwrap().total, 2);
            let run = app.service().run(2).await.unwrap();
            assert!(run.next_attempt_at.is_some(), "what waited is found by the queue");
            // Opened once more, nothing is left to do.
            test.app().await;
        }
    }
}

on_both! {
    async fn tables_of_somebody_else_are_refused_at_every_upgrade(test: Test) {
        test.execute(&schema(&test, 3)).await;
        test.execute("CREATE TABLE sync_sources (id INTEGER PRIMARY KEY, source_type VARCHAR(50))").await;
        let settings = test.settings();
        let error = App::open(&settings, catchment_sources::builtin(), Door::Cli).await.unwrap_err();
        assert_eq!(error.code(), "foreign_table");
        assert!(error.message().contains("ALTER TABLE sync_sources ADD COLUMN last_completed_at"), "{error}");
        assert_eq!(test.value("SELECT MAX(version) FROM catchment_migrations").await, "3");
        test.execute("DROP TABLE sync_sources").await;
        test.app().await;
    }
}

on_both! {
    async fn a_place_without_end_is_cut_and_costs_one_record(test: Test) {
        let server = Server::start(|_: &Request| {
            let mut body = json!({"good": {"id": 1, "title": "a"}});
            body["x".repeat(100_000)] = json!({"id": 2, "title": null});
            Reply::json(&json!({"data": body}))
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let options = json!({"contentType": "music", "dataPath": "$.data.*", "pagination": {"type": "none"},
            "fieldMapping": {"title": "title", "external_id": "id"}});
        let result = app.service().sync(api::request(&server.url, options)).await.unwrap();
        assert_eq!(counts(&result), [1, 0, 0, 0, 1], "{:?}", result.error);
    }
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
            counts(&app.service().sync(api::request(&server.url, options)).await.unwrap())
        };
        assert_eq!(sync("first-token", 100).await, [3, 0, 0, 0, 0]);
        assert_eq!(sync("second-token", 200).await, [0; 5]);
        assert_eq!(server.targets().last().unwrap(), "/?since=3");
    }
}

on_both! {
    async fn a_list_that_moves_while_it_is_read_is_no_complete_pass(test: Test) {
        let turn = AtomicU64::new(0);
        let server = Server::start(move |request: &Request| {
            if request.path() == "/settles" && turn.fetch_add(1, Ordering::SeqCst) > 2 {
                let ids = match request.number("page").unwrap() { 1 => vec![1, 2, 3], 2 => vec![4, 5, 6], _ => vec![] };
                return Reply::json(&json!(ids.iter().map(|id| json!({"id": id, "title": "t"})).collect::<Vec<_>>()));
            }
            // The second page begins with the last record of the first one: 4 was missed.
            let ids = match request.number("page").unwrap() { 1 => vec![1, 2, 3], 2 => vec![3, 5, 6], _ => vec![] };
            Reply::json(&json!(ids.iter().map(|id| json!({"id": id, "title": "t"})).collect::<Vec<_>>()))
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let options = json!({"contentType": "music", "pagination": {"type": "page"}, "rateLimit": {"maxConcurrency": 1}});
        let sync = async |path: &str| {
            let id = app.service().schedule_sync(api::request(&format!("{}{path}", server.url), options.clone())).await.unwrap();
            let service = app.service().clone();
            let execution = tokio::spawn(async move { service.execute_sync(id).await.unwrap() });
            // Its place is taken after a wait, which `resume` cuts short.
            until(&test, &format!("SELECT COUNT(*) FROM sync_runs WHERE id > {id}"), "1").await;
            app.service().resume_pending_syncs().await.unwrap();
            app.service().run(execution.await.unwrap().sync_run_id).await.unwrap()
        };
        let settled = sync("/settles").await;
        assert_eq!((settled.status, settled.metadata.truncated, settled.items_processed), (RunStatus::Completed, false, 6));
        let moving = sync("/moves").await;
        assert_eq!((moving.status, moving.metadata.truncated), (RunStatus::Completed, true));
        let warning = moving.metadata.warning.unwrap();
        assert!(warning.contains("pages 1 and 2") && warning.contains("stable order"), "{warning}");
    }
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
        assert_eq!(
            (answer.status, answer.body["error"]["code"].as_str()),
            (422, Some("not_a_file")),
            "{}",
            answer.body
        );
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

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_costs_a_second_and_does_not_count() {
    let mut test = Test::mariadb().await;
    let server = test.url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (direct, proxy) = (test.url.clone(), Proxy::start(server.clone()).await);
    test.url = test.url.replace(&server, &proxy.address.to_string());
    let ((steps, gated), app) = (scripted(&test, "cut"), app(&test).await);
    let id = app.service().schedule_sync(gated).await.unwrap();
    let workers = Workers::start(app.service(), 1);
    test.url = direct;
    for page in 1..=3_u32 {
        until(&test, "SELECT status FROM sync_runs", "in_progress").await;
        proxy.lose_next_commit();
        steps.send(Step::Page("a")).unwrap();
        until(&test, PAGES, &page.to_string()).await;
        until(&test, "SELECT COUNT(*) FROM sync_attempts WHERE ended_at IS NOT NULL", &page.to_string())
            .await;
        let run = app.service().run(id).await.unwrap();
        if let (Some(next), Some(ended)) =
            (run.next_attempt_at, app.service().store().attempts(id).await.unwrap().last().unwrap().ended_at)
        {
            assert!(next.duration_since(ended).as_secs() <= 2, "{next} {ended}");
        }
    }
    until(&test, "SELECT status FROM sync_runs", "in_progress").await;
    assert_eq!(test.value("SELECT fruitless_attempts FROM sync_runs").await, "0");
    steps.send(Step::End).unwrap();
    assert!(app.service().execute_sync(id).await.unwrap().success);
    app.service().shut_down();
    workers.finish().await;
    assert_eq!(ErrorKind::Database.as_str(), test.value("SELECT MAX(error_type) FROM sync_attempts").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_synced_is_in_the_file_itself_once_nothing_is_under_way() {
    let test = Test::sqlite().await;
    test.file(
        "a.csv",
        "id,title\n".to_owned() + &(0..5000).map(|id| format!("{id},a\n")).collect::<String>(),
    );
    let server = http::Server::ready(&test);
    let body = json!({"sourceType": "csv", "sourceIdentifier": test.dir.path().join("a.csv"), "options": {"contentType": "music"}});
    assert_eq!(server.post("/v1/sync/trigger", &body).status, 202);
    server.wait_for("sync completed");
    let (file, wal) = (test.dir.path().join("catchment.db"), test.dir.path().join("catchment.db-wal"));
    let length = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let moved = async {
        while length(&wal) > 0 || length(&file) < 500_000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), moved).await.expect("the log was never emptied");
    let copy = Test::sqlite().await;
    std::fs::copy(file, copy.dir.path().join("catchment.db")).unwrap();
    assert_eq!(copy.value("SELECT COUNT(*) FROM content_index").await, "5000");
}
