//! Django REST Framework, with each of its paginations.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::case::{Case, check_all};
use super::peer::Peer;
use super::songs::SONGS;
use xtask::mariadb::free_port;
use xtask::tools::python_environment;

const DRF: &str = include_str!("drf.py");

/// Starts it, with its database in `dir`.
pub(super) fn start(home: &Path, dir: &Path) -> Result<Peer> {
    let python = python_environment(&home.join("drf"), &["django==5.2.19", "djangorestframework==3.18.3"])?;
    let (script, database, port) = (dir.join("drf.py"), dir.join("drf.db"), free_port()?);
    fs::write(&script, DRF)?;
    let mut command = Command::new(python);
    command.arg(script).arg(database).args([port.to_string(), SONGS.to_string()]);
    Peer::start(port, &mut command)
}

/// Reads it in each way that it offers without a token.
pub(super) fn check(drf: &Peer) -> Result<()> {
    let throttled = r#"{"fieldMapping": {"title": "name", "artist": "artist.name", "external_id": "id"}}"#;
    let numbered =
        r#"{"pagination": {"type": "page", "limitParam": "limit", "limit": 500, "totalPath": "count"}}"#;
    let offset = r#"{"pagination": {"type": "offset", "limitParam": "limit", "limit": 70, "fullPages": true},
        "rateLimit": {"requestsPerSecond": 100}}"#;
    let paced = r#"{"rateLimit": {"requestsPerSecond": 60}}"#;
    check_all([
        Case { name: "DRF, page numbers", url: drf.url("/numbered/"), options: numbered },
        Case { name: "DRF, links that are found out", url: drf.url("/numbered/?limit=20"), options: paced },
        Case { name: "DRF, limit and offset", url: drf.url("/offset/"), options: offset },
        Case { name: "DRF, cursors", url: drf.url("/cursor/"), options: paced },
        Case { name: "DRF, throttled", url: drf.url("/throttled/"), options: throttled },
    ])
}
