//! datasette: rows as objects, and rows without names.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::case::{Case, check_all};
use super::peer::Peer;
use super::songs::{SONGS, artist};
use xtask::database::Database;
use xtask::mariadb::free_port;

/// Starts it with a database in `dir`, and reads it. `python` is the interpreter that it is installed for.
pub(super) fn check(python: &Path, dir: &Path) -> Result<()> {
    let file = dir.join("shop.db");
    let rows: Vec<_> = (1..=SONGS).map(|n| format!("({n}, 'Song {n}', '{}')", artist(n))).collect();
    Database::Sqlite(file.clone()).query(&format!(
        "CREATE TABLE songs (id INTEGER PRIMARY KEY, title TEXT, artist TEXT); INSERT INTO songs VALUES {}",
        rows.join(",")
    ))?;
    let port = free_port()?;
    let mut command = Command::new(python.with_file_name("datasette"));
    let server = Peer::start(port, command.arg(file).args(["--port", &port.to_string()]))?;
    let paced = r#"{"rateLimit": {"requestsPerSecond": 40}}"#;
    let by_index = r#"{"columnMapping": {"external_id": "[0]", "title": "[1]", "artist": "[2]"}}"#;
    let objects = server.url("/shop/songs.json?_shape=objects&_size=50");
    let arrays = server.url("/shop/songs.json?_size=50");
    check_all([
        Case { name: "datasette, objects", url: objects, options: paced },
        Case { name: "datasette, rows without names", url: arrays, options: by_index },
    ])
}
