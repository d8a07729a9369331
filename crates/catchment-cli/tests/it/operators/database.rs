//! A database that is away, refuses, or lets its user do little.

use std::process::Output;

use serde_json::json;

use super::{until_status, user};
use crate::http::{Server, trigger};
use crate::support::{Test, on_both};

const CSV: &str = "song_name,artist_name,music_genre\nDespacito,Luis Fonsi,Reggaeton\n";

pub(super) fn run(test: &Test, args: &[&str]) -> (i32, String) {
    let Output { status, stdout, stderr } = test.command(args).output().unwrap();
    let said = [stdout, stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    (status.code().unwrap(), said)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_refuses_is_503_everywhere_and_says_what_to_do() {
    let mut test = Test::mariadb().await;
    test.file("a.csv", CSV);
    let (right, server_url) = (test.url.clone(), test.url.rsplit_once('/').unwrap().0.to_owned());
    for (url, expected) in [
        (right.replace("only-for-tests", "hunter2"), "check the user and the password in the database URL"),
        (format!("{server_url}/no_such_database"), "create the database"),
        ("mysql://me:hunter2@host.invalid:3306/x".to_owned(), "the host in the database URL"),
    ] {
        test.url = url;
        let server = Server::start(&test, &[]);
        server.wait_for("waiting for the database");
        while server.get("/readyz").refusal() == (503, Some("starting")) {
            std::thread::yield_now();
        }
        for (method, path) in [
            ("GET", "/readyz"),
            ("GET", "/v1/sync/stats"),
            ("GET", "/v1/sync/1"),
            ("POST", "/v1/sync/resume"),
        ] {
            let answer = server.send(method, path, &[], "");
            let message = answer.body["error"]["message"].as_str().unwrap().to_owned();
            assert_eq!((answer.status, message.contains("hunter2")), (503, false), "{path}: {message}");
        }
        let triggered = server.post("/v1/sync/trigger", &trigger(&test, "a.csv"));
        assert_eq!(triggered.status, 503, "{}", triggered.body);
        let message = triggered.body["error"]["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
        assert_eq!(server.get("/healthz").status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_rotated_is_read_again_from_its_file() {
    let test = Test::mariadb().await;
    let (name, url) = user(&test, "first-password", "ALL PRIVILEGES").await;
    let file = test.file("url", format!("{url}\n"));
    let server = Server::start(&test, &[("DATABASE_URL", ""), ("DATABASE_URL_FILE", file.to_str().unwrap())]);
    server.wait_for("ready");
    assert_eq!(server.get("/v1/sync/stats").status, 200);
    test.execute(&format!("ALTER USER {name}@'%' IDENTIFIED BY 'second-password'")).await;
    test.execute(&format!("KILL USER {name}")).await;
    until_status(&server, "/readyz", 503).await;
    test.file("url", url.replace("first", "second"));
    until_status(&server, "/readyz", 200).await;
    until_status(&server, "/v1/sync/stats", 200).await;
    // Those who tell them do not wait for each other.
    server.wait_for_all(&["the database URL was read again from its file", "the database answers again"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_may_not_alter_tables_runs_on_those_that_are_up_to_date() {
    let mut test = Test::mariadb().await;
    test.file("music_catalog.csv", CSV);
    let owner = test.url.clone();
    let (_, url) = user(&test, "little-password", "SELECT, INSERT, UPDATE, DELETE").await;
    test.url = url;
    let (code, said) = run(&test, &["sync", "music_catalog.csv", "--content-type", "music"]);
    assert!(code == 4 && said.contains("run `catchment migrate` once with a user who may"), "{code}: {said}");
    let server = Server::start(&test, &[]);
    server.wait_for("waiting for the tables");
    let answer = server.get("/v1/sync/stats");
    let message = answer.body["error"]["message"].as_str().unwrap();
    assert!(answer.status == 503 && message.contains("catchment migrate"), "{message}");

    let little = std::mem::replace(&mut test.url, owner);
    assert_eq!(run(&test, &["migrate"]).0, 0);
    test.url = little;
    // No restart is needed.
    server.wait_for("ready");
    assert_eq!(server.post("/v1/sync/trigger", &trigger(&test, "music_catalog.csv")).status, 202);
    server.wait_for("sync completed");
    for args in [
        &["sync", "music_catalog.csv", "--content-type", "music"][..],
        &["runs"],
        &["runs", "show", "1"],
        &["cleanup", "--runs", "30", "--content", "30"],
        &["migrate"],
    ] {
        let (code, said) = run(&test, args);
        assert_eq!(code, 0, "{args:?}: {said}");
    }
}

#[tokio::test]
async fn a_mistyped_name_makes_nothing() {
    let mut test = Test::sqlite().await;
    test.file("a.csv", CSV);
    test.url = "sqlite://typo.db".into();
    for (args, expected) in [
        (&["runs"][..], "there is no database sqlite://typo.db"),
        (&["runs", "show", "1"], "`catchment sync`, `serve` or `migrate` make it"),
        (&["cleanup", "--runs", "30"], "there is no database"),
        (&["sync", "a.csv", "--content-type", "poem"], "contentType"),
        (&["sync", "a.csv", "--content-type", "music", "--delimiter", "ab"], "delimiter"),
        (&["sync", "a.csv", "--type", "cvs"], "cvs"),
    ] {
        let (code, said) = run(&test, args);
        let cause = if args[0] == "sync" { 2 } else { 4 };
        assert!(code == cause && said.contains(expected), "{args:?}: {code}: {said}");
    }
    let files: Vec<_> =
        std::fs::read_dir(test.dir.path()).unwrap().map(|file| file.unwrap().file_name()).collect();
    assert_eq!(files, ["a.csv"]);
}

#[tokio::test]
async fn errors_name_the_file_of_the_database() {
    let mut test = Test::sqlite().await;
    test.url = "sqlite://no/such/directory/catchment.db".into();
    let (code, said) = run(&test, &["migrate"]);
    assert!(
        code == 4
            && said.contains("opening the database: ")
            && said.contains("no/such/directory/catchment.db"),
        "{said}"
    );
    test.file("text.db", "this is no database, whatever its name says\n".repeat(100));
    test.url = "sqlite://text.db".into();
    let (code, said) = run(&test, &["runs"]);
    assert!(code == 4 && said.contains("text.db: file is not a database"), "{said}");
}

on_both! {
    async fn a_database_of_another_program_gets_no_tables_by_looking(test: Test) {
        test.execute("CREATE TABLE theirs (id INTEGER)").await;
        let (code, said) = run(&test, &["runs"]);
        assert!(code == 4 && said.contains("has no tables of Catchment"), "{code}: {said}");
        let tables = if test.is_sqlite() {
            "SELECT name FROM sqlite_master"
        } else {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
        };
        assert_eq!(test.query(tables).await, ["theirs"]);
        if test.is_sqlite() {
            assert_eq!(test.value("PRAGMA journal_mode").await, "delete", "its mode is as it was");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_line_says_what_it_works_with() {
    let test = Test::mariadb().await;
    let (_, url) = user(&test, "hunter2-password", "ALL PRIVILEGES").await;
    let env = [("DATABASE_URL", url.as_str()), ("CATCHMENT_TIME_ZONE", "Europe/Madrid")];
    let server = Server::spawn(&test, "127.0.0.1:0", &env);
    let event = server.wait_for("starting");
    assert_eq!(
        (&event["version"], &event["time_zone"]),
        (&json!(env!("CARGO_PKG_VERSION")), &json!("Europe/Madrid"))
    );
    assert_eq!(event["database"], url.replace(":hunter2-password", ""));
    assert_eq!(event["data_dirs"], test.dir.path().to_str().unwrap());
    let next = event["next_daily_job"].as_str().unwrap();
    assert!(next.contains(" 03:00 CE"), "{next}");
}
