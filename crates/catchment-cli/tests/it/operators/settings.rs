//! Settings in files, tokens, and the address to listen on.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::until_status;
use crate::http::Server;
use crate::support::Test;

/// The status that these bytes are answered with.
fn raw(server: &Server, request: &str) -> u16 {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_needs_neither_a_host_nor_a_token() {
    let test = Test::sqlite().await;
    let server = Server::start(&test, &[("CATCHMENT_API_TOKEN", "a-token-of-enough-characters")]);
    server.wait_for("ready");
    for path in ["/healthz", "/readyz"] {
        for request in [
            format!("GET {path} HTTP/1.0\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nConnection: close\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost: 10.1.2.3:80\r\nConnection: close\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n"),
            format!("GET {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n"),
            format!("GET http://b.example{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
        ] {
            assert_eq!(raw(&server, &request), 200, "{request}");
        }
    }
    assert_eq!(raw(&server, "GET /v1/sync/stats HTTP/1.0\r\n\r\n"), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_replaced_in_its_file_counts_at_once() {
    let test = Test::sqlite().await;
    let file = test.file("token", "first-token-of-many-characters\n");
    let server = Server::start(&test, &[("CATCHMENT_API_TOKEN_FILE", file.to_str().unwrap())]);
    server.wait_for("ready");
    let status = |token: &str| {
        server.send("GET", "/v1/sync/stats", &[("Authorization", &format!("Bearer {token}"))], "").status
    };
    assert_eq!(status("first-token-of-many-characters"), 200);
    test.file("token", "second-token-of-many-characters\n");
    assert_eq!(status("first-token-of-many-characters"), 401);
    assert_eq!(status("second-token-of-many-characters"), 200);
    test.file("token", "");
    assert_eq!(status(""), 503);
    let event = server.wait_for("calls of the API are refused until its token can be used");
    assert!(event["error"].as_str().unwrap().contains("16 characters"), "{event}");
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_of_systemd_are_found() {
    let test = Test::sqlite().await;
    let dir = test.dir.path().join("credentials");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("database-url"), &test.url).unwrap();
    std::fs::write(dir.join("api-token"), "a-token-of-enough-characters").unwrap();
    std::fs::write(dir.join("key"), "not a key").unwrap();
    let server =
        Server::start(&test, &[("DATABASE_URL", ""), ("CREDENTIALS_DIRECTORY", dir.to_str().unwrap())]);
    server.wait_for("ready");
    assert_eq!(server.get("/v1/sync/stats").status, 401);
    assert_eq!(server.get("/readyz").refusal(), (503, Some("bad_key")));
    assert_eq!(
        test.value("SELECT COUNT(*) FROM sync_runs").await,
        "0",
        "the tables are in the database named there"
    );
    // A key that was mended is read again.
    std::fs::write(dir.join("key"), "11".repeat(32)).unwrap();
    until_status(&server, "/readyz", 200).await;
}

#[tokio::test]
async fn what_cannot_be_meant_is_refused_at_the_start() {
    let test = Test::sqlite().await;
    let missing = test.dir.path().join("missing");
    let missing = missing.to_str().unwrap();
    for (args, env, expected) in [
        (&["serve"][..], ("CATCHMENT_API_TOKEN", "fifteen-letters"), "fewer than 16 characters"),
        (&["serve"], ("CATCHMENT_API_TOKEN_FILE", missing), "missing"),
        (&["serve", "--listen", ":0"], ("NO_COLOR", "1"), "needs an API token"),
        (&["serve", "--listen", "3006"], ("NO_COLOR", "1"), "localhost:3006"),
        (&["serve", "--content-retention-days", "0"], ("NO_COLOR", "1"), "at least 1 day"),
        (&["cleanup", "--content", "0"], ("NO_COLOR", "1"), "at least 1 day"),
        (&["cleanup", "--runs", "0"], ("NO_COLOR", "1"), "--runs"),
        (&["migrate"], ("DATABASE_URL_FILE", missing), "DATABASE_URL_FILE are both set"),
    ] {
        let output = test.command(args).env(env.0, env.1).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(expected), "{args:?} {env:?}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn localhost_and_a_port_alone_can_be_listened_on() {
    let test = Test::sqlite().await;
    let token = ("CATCHMENT_API_TOKEN", "a-token-of-enough-characters");
    for (listen, expected) in [("localhost:0", "127.0.0.1:"), (":0", "[::]:")] {
        let mut server = Server::start_at(&test, listen, &[token]);
        assert!(server.address.starts_with(expected), "{}", server.address);
        // Both families reach a socket on all interfaces.
        server.address = format!("127.0.0.1:{}", server.address.rsplit_once(':').unwrap().1);
        assert_eq!(server.get("/healthz").status, 200);
    }
}
