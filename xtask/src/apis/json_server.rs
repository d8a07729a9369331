//! json-server: all at once, by Link headers, by page numbers.

use std::fs;
use std::path::Path;

use anyhow::Result;

use super::case::{Case, check_all};
use super::node::NodeModules;
use super::peer::Peer;
use super::songs::{SONGS, song};
use xtask::mariadb::free_port;

/// Starts it with a file in `dir`, and reads it.
pub(super) fn check(node: &NodeModules<'_>, dir: &Path) -> Result<()> {
    let songs: Vec<_> = (1..=SONGS).map(song).collect();
    fs::write(dir.join("songs.json"), format!("{{\"songs\": [{}]}}", songs.join(",")))?;
    let port = free_port()?;
    let mut command = node.program("json-server");
    let server = Peer::start(port, command.args(["--port", &port.to_string()]).arg(dir.join("songs.json")))?;
    let paged = r#"{"pagination": {"type": "page", "pageParam": "_page", "limitParam": "_limit", "limit": 50,
        "totalHeader": "X-Total-Count"}, "rateLimit": {"requestsPerSecond": 40}}"#;
    check_all([
        Case { name: "json-server, all at once", url: server.url("/songs"), options: "{}" },
        Case {
            name: "json-server, Link headers",
            url: server.url("/songs?_page=1&_limit=40"),
            options: "{}",
        },
        Case { name: "json-server, page numbers", url: server.url("/songs"), options: paged },
    ])
}
