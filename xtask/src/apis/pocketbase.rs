//! PocketBase, behind an API key.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::case::Case;
use super::peer::Peer;
use super::songs::{SONGS, artist};
use xtask::mariadb::free_port;
use xtask::process::request;
use xtask::tools::quietly;

const USER: &str = "me@a.example";
const PASSWORD: &str = "only-for-tests";

/// Starts it with its data in `dir`, and reads it. `python` is the interpreter that it is installed for.
pub(super) fn check(python: &Path, dir: &Path) -> Result<()> {
    let data = dir.join("pocketbase");
    let program = || {
        let mut command = Command::new(python.with_file_name("pocketbase"));
        command.arg("--dir").arg(&data);
        command
    };
    quietly(program().args(["superuser", "upsert", USER, PASSWORD]))?;
    let port = free_port()?;
    let server = Peer::start(port, program().args(["serve", "--http", &format!("127.0.0.1:{port}")]))?;
    let token = log_in(&server)?;
    fill(&server, &token)?;
    let options = r#"{"auth": {"type": "api_key", "name": "Authorization", "key": {"env": "SONGS_SECRET"}},
        "columnMapping": {"external_id": "number", "title": "title", "artist": "artist"},
        "rateLimit": {"requestsPerSecond": 60}}"#;
    let case = Case { name: "PocketBase", url: server.url("/api/collections/songs/records"), options };
    case.check(&[("SONGS_SECRET", &token)])
}

/// The token of the administrator.
fn log_in(server: &Peer) -> Result<String> {
    let login = format!(r#"{{"identity": "{USER}", "password": "{PASSWORD}"}}"#);
    let answer =
        request(server.port, "POST", "/api/collections/_superusers/auth-with-password", &[], &login)?;
    let token = answer.split("\"token\":\"").nth(1).and_then(|rest| rest.split('"').next());
    Ok(token.context("no token")?.to_owned())
}

/// Makes the collection, and a record for each song.
fn fill(server: &Peer, token: &str) -> Result<()> {
    let post = |path: &str, body: &str| request(server.port, "POST", path, &[("Authorization", token)], body);
    let fields = r#"{"name": "number", "type": "text"}, {"name": "title", "type": "text"}, {"name": "artist", "type": "text"}"#;
    let collection = format!("{{\"name\": \"songs\", \"type\": \"base\", \"fields\": [{fields}]}}");
    post("/api/collections", &collection)?;
    for number in 1..=SONGS {
        let artist = artist(number);
        let record = format!(r#"{{"number": "{number}", "title": "Song {number}", "artist": "{artist}"}}"#);
        post("/api/collections/songs/records", &record)?;
    }
    Ok(())
}
