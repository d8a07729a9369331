//! `catchment serve`, over a socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::support::{Process, Test, on_both};

/// A service under way.
pub struct Server {
    pub process: Process,
    pub address: String,
    /// Its log so far, line by line, until it ends.
    pub log: mpsc::Receiver<String>,
}

pub struct Response {
    pub status: u16,
    pub headers: String,
    pub body: Value,
}

impl Response {
    /// The status, and the code of the error if there is one.
    pub fn refusal(&self) -> (u16, Option<&str>) {
        (self.status, self.body["error"]["code"].as_str())
    }
}

impl Server {
    pub fn start(test: &Test, env: &[(&str, &str)]) -> Self {
        Self::start_at(test, "127.0.0.1:0", env)
    }

    pub fn start_at(test: &Test, listen: &str, env: &[(&str, &str)]) -> Self {
        let mut server = Self::spawn(test, listen, env);
        server.address = server.wait_for("listening")["address"].as_str().unwrap().to_owned();
        server
    }

    /// One whose log is whole yet.
    pub fn spawn(test: &Test, listen: &str, env: &[(&str, &str)]) -> Self {
        let data = test.dir.path().to_str().unwrap();
        let mut command = test.command(&["serve", "--listen", listen, "--data-dir", data]);
        command.envs(env.iter().copied()).env("CATCHMENT_LOG_FORMAT", "json").stdout(Stdio::null());
        let mut process = Process(command.spawn().unwrap());
        let stderr = BufReader::new(process.0.stderr.take().unwrap());
        let (sender, log) = mpsc::channel();
        std::thread::spawn(move || {
            // The test may end before the log does.
            stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)).ok();
        });
        Self { process, address: String::new(), log }
    }

    pub fn ready(test: &Test) -> Self {
        let server = Self::start(test, &[]);
        server.wait_for("ready");
        server
    }

    /// The log line with this message.
    pub fn wait_for(&self, message: &str) -> Value {
        let mut seen = String::new();
        loop {
            let Ok(line) = self.log.recv() else { panic!("the server ended without `{message}`:\n{seen}") };
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["message"] == message {
                return event;
            }
            seen.push_str(&line);
            seen.push('\n');
        }
    }

    /// Log lines with these messages, in any order.
    pub fn wait_for_all(&self, messages: &[&str]) {
        let mut missing = messages.to_vec();
        while !missing.is_empty() {
            let Ok(line) = self.log.recv() else { panic!("the server ended without {missing:?}") };
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            missing.retain(|message| event["message"] != **message);
        }
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Response {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.push_str(&format!("Host: {}\r\n", self.address));
        }
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        stream.write_all((request + "\r\n").as_bytes()).unwrap();
        // A server that refuses a large body may close before all of it is sent.
        stream.write_all(body.as_bytes()).ok();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        Response {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            headers: head.to_lowercase(),
            body: serde_json::from_str(body).unwrap_or_default(),
        }
    }

    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path, &[], "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Response {
        self.send("POST", path, &[("Content-Type", "application/json")], &body.to_string())
    }

    pub fn delete(&self, path: &str) -> Response {
        self.send("DELETE", path, &[], "")
    }

    fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.process.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }
}

const CATALOG: &str = "song_name,artist_name,music_genre,album\nDespacito,Luis Fonsi,Reggaeton,Vida\n\
                       Shape of You,Ed Sheeran,Pop,Divide\nragged\n";

pub fn trigger(test: &Test, name: &str) -> Value {
    json!({
        "sourceType": "csv",
        "sourceIdentifier": test.dir.path().join(name),
        "options": {
            "targetTable": "content_index", "contentType": "music", "hasHeader": true, "delimiter": ",",
            "columnMapping": {"title": "song_name", "artist": "artist_name", "genre": "music_genre"}
        }
    })
}

on_both! {
    async fn the_endpoints_of_the_contract(test: Test) {
        test.file("music_catalog.csv", CATALOG);
        let server = Server::ready(&test);

        let answer = server.post("/v1/sync/trigger", &trigger(&test, "music_catalog.csv"));
        assert_eq!(answer.status, 202);
        assert!(answer.headers.contains("location: /v1/sync/1"), "{}", answer.headers);
        assert_eq!(keys(&answer.body), ["success", "data", "message", "timestamp"]);
        assert_eq!(answer.body["data"], json!({"syncRunId": 1}));
        assert_eq!(answer.body["message"], "Sync scheduled successfully");
        let timestamp = answer.body["timestamp"].as_str().unwrap();
        assert_eq!((timestamp.len(), &timestamp[23..]), (24, "Z"), "{timestamp}");

        server.wait_for("sync completed");
        let run = server.get("/v1/sync/1").body;
        let data = &run["data"];
        for (name, expected) in [
            ("syncRunId", json!(1)),
            ("status", json!("completed")),
            ("itemsProcessed", json!(2)),
            ("itemsFailed", json!(1)),
            ("itemsSkipped", json!(0)),
        ] {
            assert_eq!(data[name], expected, "{name}");
        }
        assert_eq!(data["errors"][0]["type"], "parsing");
        assert_eq!(data["errors"][0]["message"], "line 4: the row has 1 field where there are 4 columns");

        let stats = server.get("/v1/sync/stats").body;
        assert_eq!(
            stats["data"],
            json!({"total": 1, "pending": 0, "in_progress": 0, "completed": 1, "failed": 0, "cancelled": 0})
        );

        let resumed = server.post("/v1/sync/resume", &json!({}));
        assert_eq!((resumed.status, keys(&resumed.body)), (200, vec!["success", "message", "timestamp"]));
        assert_eq!(resumed.body["message"], "Pending syncs resumed");
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_place() {
    let test = Test::sqlite().await;
    test.file("a.csv", CATALOG);
    let server = Server::ready(&test);
    let json_type = ("Content-Type", "application/json");
    assert_eq!(server.send("POST", "/v1/sync/trigger", &[json_type], "{").status, 400);
    assert_eq!(server.send("POST", "/v1/sync/trigger", &[("Content-Type", "text/plain")], "{}").status, 415);
    assert_eq!(server.send("POST", "/v1/sync/trigger", &[json_type], &" ".repeat(2 << 20)).status, 413);
    for path in ["/", "/v1/sync/99", "/v1/sync/abc", "/v1/sync/99/errors"] {
        let answer = server.get(path);
        assert_eq!((answer.status, &answer.body["success"]), (404, &json!(false)), "{path}");
    }
    assert_eq!(server.send("DELETE", "/v1/sync/stats", &[], "").status, 405);

    let change = |pointer: &str, value: Value| {
        let mut body = trigger(&test, "a.csv");
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    for (pointer, value) in [
        ("/sourceType", json!("ftp")),
        ("/sourceIdentifier", json!("/etc/passwd")),
        ("/options/delimitter", json!(";")),
        ("/options/hasHeader", json!("perhaps")),
        ("/options/delimiter", json!("ab")),
        ("/options/targetTable", json!("users")),
        ("/options/contentType", json!("poem")),
        ("/options/columnMapping/titel", json!("song_name")),
        ("/options/maxErrors", json!("many")),
    ] {
        let answer = server.post("/v1/sync/trigger", &change(pointer, value));
        assert_eq!(answer.status, 422, "{pointer}: {}", answer.body);
        assert_eq!(answer.body["error"]["details"][0]["pointer"], pointer, "{}", answer.body);
    }
    assert_eq!(server.get("/v1/sync/stats").body["data"]["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn other_web_pages_are_refused() {
    let test = Test::sqlite().await;
    let server = Server::ready(&test);
    for header in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Host", "evil.example"),
        ("Host", "127.0.0.1.evil.example:3006"),
    ] {
        assert_eq!(server.send("GET", "/v1/sync/stats", &[header], "").status, 403, "{header:?}");
    }
    for header in [("Host", "localhost:3006"), ("Host", "[::1]:3006"), ("Sec-Fetch-Site", "same-origin")] {
        assert_eq!(server.send("GET", "/v1/sync/stats", &[header], "").status, 200, "{header:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_opens_all_but_health() {
    let test = Test::sqlite().await;
    let server = Server::start(&test, &[("CATCHMENT_API_TOKEN", "s3cret-token-of-16")]);
    server.wait_for("ready");
    assert_eq!(server.get("/v1/sync/stats").status, 401);
    for (value, status) in
        [("Bearer wrong", 401), ("Basic s3cret-token-of-16", 401), ("Bearer s3cret-token-of-16", 200)]
    {
        assert_eq!(
            server.send("GET", "/v1/sync/stats", &[("Authorization", value)], "").status,
            status,
            "{value}"
        );
    }
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 200));

    let output = test.command(&["serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("CATCHMENT_API_TOKEN"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_port_is_open_before_the_database_is() {
    let mut test = Test::sqlite().await;
    // Nobody listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    test.url = format!("mysql://somebody:hunter2@127.0.0.1:{port}/none");
    let server = Server::start(&test, &[]);
    let event = server.wait_for("waiting for the database");
    assert!(!event.to_string().contains("hunter2"), "{event}");
    assert_eq!((server.get("/healthz").status, server.get("/readyz").status), (200, 503));
    assert_eq!(server.get("/v1/sync/stats").status, 503);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_the_service_in_order_and_the_run_goes_on_later() {
    let test = Test::sqlite().await;
    let mut text = String::from("song_name,artist_name,music_genre\n");
    (0..100_000).for_each(|number| text.push_str(&format!("Song {number},Artist,Pop\n")));
    test.file("a.csv", text);
    let mut server = Server::ready(&test);
    assert_eq!(server.post("/v1/sync/trigger", &trigger(&test, "a.csv")).status, 202);
    server.wait_for("sync begins");
    server.terminate();
    assert!(server.process.0.wait().unwrap().success());
    assert_eq!(test.value("SELECT status FROM sync_runs").await, "pending");
    let server = Server::ready(&test);
    server.wait_for("sync completed");
    assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "100000");
}
