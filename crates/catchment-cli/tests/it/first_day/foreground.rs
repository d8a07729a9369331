//! The command line in the foreground: what it waits for, when it gives up, and how it ends.

use std::io::{BufRead, BufReader, Write};
use std::process::{Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::remote::{Reply, Server};
use crate::support::{Process, Test, on_both};

fn run(test: &Test, args: &[&str]) -> (i32, String, String) {
    let output = test.command(args).env("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8").output().unwrap();
    let Output { status, stdout, stderr } = output;
    (status.code().unwrap(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A server that answers everything with this status.
async fn server(status: u16) -> Server {
    Server::start(move |_| Reply::text(status, "{}")).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_pass_by_itself_ends_at_once() {
    let test = Test::sqlite().await;
    let missing = server(404).await;
    for (url, code) in [
        // Port 1 is nobody's.
        ("http://127.0.0.1:1/songs", "connection_refused"),
        (&missing.url, "unexpected_status"),
    ] {
        let (exit, stdout, stderr) = run(&test, &["sync", url, "--content-type", "music"]);
        assert_eq!(exit, 1, "{url}: {stdout} {stderr}");
        let last = "SELECT status, error_code, attempt FROM sync_runs ORDER BY id DESC LIMIT 1";
        let ended = test.value(last).await;
        assert_eq!(ended, format!("failed|{code}|1"));
    }
}

on_both! {
    async fn whoever_waits_is_told_why_and_until_when_and_can_stop_it_by_any_signal(test: Test) {
        let server = server(503).await;
        for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129), (Signal::INT, 130)] {
            let mut command = test.command(&["sync", &server.url, "--content-type", "music"]);
            let mut process = Process(command.env("CATCHMENT_ALLOW_NETWORKS", "127.0.0.0/8").spawn().unwrap());
            let mut said = BufReader::new(process.0.stderr.take().unwrap()).lines().map_while(Result::ok);
            let line = said.find(|line| line.contains("waits:")).unwrap();
            assert!(line.contains("503") && line.contains("next attempt is due at"), "{line}");
            kill_process(Pid::from_child(&process.0), signal).unwrap();
            let left: Vec<_> = said.collect();
            assert!(left.iter().any(|line| line.contains("resume run 1")), "{left:?}");
            assert_eq!(process.0.wait().unwrap().code(), Some(code));
            assert_eq!(test.value("SELECT status FROM sync_runs").await, "pending");
            test.execute("UPDATE sync_runs SET next_attempt_at = created_at").await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn patience_is_said_by_flags() {
    let test = Test::sqlite().await;
    let server = server(503).await;
    let sync =
        |flags: &[&str]| run(&test, &[&["sync", &server.url, "--content-type", "music"], flags].concat());
    let (code, stdout, _) = sync(&["--no-wait"]);
    assert_eq!(code, 5, "{stdout}");
    assert!(stdout.contains("pending"), "{stdout}");
    assert_eq!(test.value("SELECT status FROM sync_runs").await, "pending");
    test.execute("DELETE FROM sync_runs").await;
    assert_eq!(sync(&["--max-attempts", "1"]).0, 1);
    assert_eq!(test.value("SELECT status, attempt FROM sync_runs").await, "failed|1");
    assert_eq!(sync(&["--max-attempts", "0"]).0, 2);
}

#[tokio::test]
async fn a_typo_fails_before_anything_is_made_and_names_what_was_meant() {
    let mut test = Test::sqlite().await;
    test.url = format!("sqlite://{}", test.dir.path().join("catchment.db").display());
    test.file("music_catalog.csv", "id,song_name\n1,a\n");
    test.file("options.json", "{\"delimeter\": \";\"}");
    for (args, meant) in [
        (&["sync", "music_catalogue.csv", "--content-type", "music"][..], "music_catalog.csv"),
        (&["sync", "music_catalog.csv", "--content-type", "music", "--options", "options.json"], "delimiter"),
        (&["sync", "music_catalog.csv", "--content-type", "music", "--map", "title=song_nam"], "song_name"),
        (&["sync", "music_catalog.csv", "--content-type", "music", "--map", "titel=song_name"], "title"),
        (&["sync", "music_catalog.csv", "--content-type", "music", "--type", "cvs"], "csv"),
        (&["sync", "music_catalog.csv", "--target", "content_indx"], "content_index"),
        (&["snyc", "music_catalog.csv"], "sync"),
    ] {
        let (code, stdout, stderr) = run(&test, args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}: {stderr}");
        assert!(stderr.starts_with("error: ") && stderr.contains(meant), "{args:?}: {stderr}");
        assert!(!test.dir.path().join("catchment.db").exists(), "{args:?}");
    }
}

#[tokio::test]
async fn json_is_one_object_a_line_for_errors_too() {
    let test = Test::sqlite().await;
    test.file("a.csv", "id,title\n1,a\n2,b\n1,c\n");
    let sync: &[&str] = &["sync", "a.csv", "--content-type", "music", "--json"];
    for (args, expected) in [
        (sync, 3),
        (sync, 3),
        (&["runs", "list", "--json"], 0),
        (&["runs", "skips", "1", "--json"], 0),
        (&["runs", "show", "9", "--json"], 2),
        (&["runs", "cancel", "1", "--json"], 2),
        (&["check", "a.csv", "--content-type", "music", "--json"], 0),
        (&["sync", "missing.csv", "--content-type", "music", "--json"], 2),
        (&["sync", "--jsom", "--json"], 2),
        (&["show", "content_index", "--json"], 0),
    ] {
        let (code, stdout, stderr) = run(&test, args);
        assert_eq!((code, stderr.as_str()), (expected, ""), "{args:?}: {stdout}");
        let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!lines.is_empty() && lines.iter().all(Value::is_object), "{args:?}: {stdout}");
        let refused = lines[0]["error"]["code"].is_string();
        assert_eq!(refused, expected == 2, "{args:?}: {stdout}");
    }
}

on_both! {
    async fn standard_input_is_a_source(test: Test) {
        let mut command = test.command(&["sync", "-", "--content-type", "music"]);
        let mut process = Process(command.stdin(Stdio::piped()).spawn().unwrap());
        process.0.stdin.take().unwrap().write_all("título;artista\nCanción;Zoë\n".as_bytes()).unwrap();
        assert_eq!(process.0.wait().unwrap().code(), Some(0));
        let rows = "SELECT title, artist, source_identifier FROM content_index";
        assert_eq!(test.query(rows).await, ["Canción|Zoë|stdin"]);
        // A name that is given, by a flag or in a file, is the source's.
        test.file("named.json", "{\"sourceName\": \"prices\", \"contentType\": \"music\"}");
        let mut command = test.command(&["sync", "-", "--options", "named.json"]);
        let mut process = Process(command.stdin(Stdio::piped()).spawn().unwrap());
        process.0.stdin.take().unwrap().write_all(b"title\nOther\n").unwrap();
        assert_eq!(process.0.wait().unwrap().code(), Some(0));
        assert_eq!(test.value("SELECT source_identifier FROM content_index WHERE title = 'Other'").await, "prices");
        let (code, shown, _) = run(&test, &["show", "content_index", "--csv", "--where", "title~canc"]);
        assert_eq!(code, 0);
        assert!(shown.lines().count() == 2 && shown.contains(",Canción,Zoë,"), "{shown}");
        let (code, _, stderr) = run(&test, &["show", "content_index", "--where", "titel=x"]);
        assert!(code == 2 && stderr.contains("has no column `titel`"), "{stderr}");
    }
}

#[tokio::test]
async fn quiet_says_nothing_unless_it_fails() {
    let test = Test::sqlite().await;
    test.file("a.csv", "id,title\n1,a\n");
    test.file("b.csv", "id,title\n1,\n");
    let (code, stdout, stderr) = run(&test, &["-q", "sync", "a.csv", "--content-type", "music"]);
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, "", ""));
    let (code, stdout, _) = run(&test, &["sync", "b.csv", "--content-type", "music", "--quiet"]);
    assert!(code == 1 && stdout.contains("all 1 records were rejected"), "{stdout}");
}

#[tokio::test]
async fn schemas_and_completions_are_printed() {
    let test = Test::sqlite().await;
    assert_eq!(run(&test, &["schema"]).1, "api\ncsv\ndrive\nfile\nusb\n");
    let schema: Value = serde_json::from_str(&run(&test, &["schema", "api"]).1).unwrap();
    for option in ["pagination", "columnMapping"] {
        assert!(schema["properties"][option].is_object(), "{option}");
    }
    assert_eq!(run(&test, &["schema", "apl"]).0, 2);
    for shell in ["bash", "zsh", "fish"] {
        assert!(run(&test, &["completions", shell]).1.contains("catchment"));
    }
}

#[tokio::test]
async fn completions_that_cannot_be_written_do_not_panic() {
    let test = Test::sqlite().await;
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    for (stdout, code, message) in [
        (Stdio::from(writer), 0, ""),
        (Stdio::from(full), 4, "writing the completions to standard output: No space left on device"),
    ] {
        let output = test.command(&["completions", "bash"]).stdout(stdout).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert_eq!(stderr.is_empty(), message.is_empty(), "{stderr}");
        assert!(stderr.contains(message), "{stderr}");
    }
}
