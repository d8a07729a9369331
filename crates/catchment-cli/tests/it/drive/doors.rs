//! Drive through the doors: the login of a user, secrets that are stored sealed, errors that say what to do.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use fake_google_drive::FakeDrive;
use serde_json::{Value, json};

use super::{addresses, open, songs, sync};
use crate::support::{Process, Test, on_both};

fn login(test: &Test, drive: &FakeDrive, out: &[&str]) -> Process {
    let (id, secret, _) = drive.refresh_client();
    test.file("client.json", json!({"installed": {"client_id": id, "client_secret": secret}}).to_string());
    let mut command = test.command(&[&["drive", "login", "--client", "client.json"], out].concat());
    command.env("CATCHMENT_GOOGLE_TOKEN_URL", drive.token_url()).env("CATCHMENT_DRIVE_URL", drive.url());
    Process(command.spawn().unwrap())
}

/// What a browser does: it reads the address, lets the user agree, and comes back with a code.
fn agree(process: &mut Process, drive: &FakeDrive) -> String {
    let mut told = BufReader::new(process.0.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("https://") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "it ended without an address");
    }
    let url: url::Url = line.trim().parse().unwrap();
    let param = |name: &str| url.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
    assert_eq!(param("scope"), "https://www.googleapis.com/auth/drive.readonly");
    let redirect = param("redirect_uri");
    let code = drive.issue_code(&param("code_challenge"), &redirect);
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("state", param("state")), ("code", code)])
        .finish();
    let address = redirect.trim_start_matches("http://").to_owned();
    let mut browser = TcpStream::connect(&address).unwrap();
    write!(browser, "GET /?{query} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    browser.read_to_string(&mut page).ok();
    page
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_logs_in_and_reads_with_what_was_printed() {
    let (test, drive) = (Test::sqlite().await, FakeDrive::start().await);
    let mut process = login(&test, &drive, &[]);
    agree(&mut process, &drive);
    let mut printed = String::new();
    process.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(process.0.wait().unwrap().code(), Some(0));
    let options: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(options["auth"]["type"], "refresh_token");
    let app = open(&test, &drive).await;
    let (root, _) = songs(&drive, 3);
    let result = sync(&app, &drive, &root, &options).await.unwrap();
    assert_eq!(result.counts.inserted, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_written_to_a_file_that_nobody_else_reads() {
    use std::os::unix::fs::PermissionsExt;
    let (test, drive) = (Test::sqlite().await, FakeDrive::start().await);
    let mut process = login(&test, &drive, &["--out", "drive.json"]);
    agree(&mut process, &drive);
    assert_eq!(process.0.wait().unwrap().code(), Some(0));
    let path = test.dir.path().join("drive.json");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let mut printed = String::new();
    process.0.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    let token = std::fs::read_to_string(&path).unwrap();
    let token: Value = serde_json::from_str(&token).unwrap();
    assert!(!printed.contains(token["auth"]["refreshToken"].as_str().unwrap()), "{printed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_no_client_is_refused_without_being_shown() {
    let test = Test::sqlite().await;
    test.file("client.json", r#"{"installed": {"client_id": "x", "secret": "hunter2"}}"#);
    let output = test.command(&["drive", "login", "--client", "client.json"]).output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(2) && told.contains("Google Cloud console") && !told.contains("hunter2"),
        "{told}"
    );
}

on_both! {
    async fn keys_are_stored_sealed_and_shown_nowhere(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let (root, _) = songs(&drive, 3);
        sync(&app, &drive, &root, &json!({"resourceKey": "0-rk-hidden"})).await.unwrap();
        let stored = test.query("SELECT options, sync_metadata, read_cursor FROM sync_runs").await.join("\n");
        let states = test.query("SELECT kept FROM sync_states").await.join("\n");
        for text in [stored, states] {
            assert!(!text.contains("PRIVATE KEY") && !text.contains("0-rk-hidden"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_is_no_address_is_refused() {
    let test = Test::sqlite().await;
    for (flag, value) in [("--drive-url", "ftp://x"), ("--sheets-url", "nonsense")] {
        let output = test.command(&["runs", flag, value]).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8(output.stderr).unwrap().contains(value));
    }
    let drive = FakeDrive::start().await;
    assert_eq!(addresses(&drive).len(), 4);
}
