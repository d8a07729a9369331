//! WireMock, where each page fails in another way before it comes.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use super::case::Case;
use super::node::NodeModules;
use super::peer::Peer;
use super::songs::{SONGS, song};
use xtask::mariadb::free_port;
use xtask::process::request;
use xtask::tools::{find, install};

const FAULTS: [&str; 7] = [
    r#"{"fault": "CONNECTION_RESET_BY_PEER"}"#,
    r#"{"fault": "EMPTY_RESPONSE"}"#,
    r#"{"fault": "RANDOM_DATA_THEN_CLOSE"}"#,
    r#"{"fault": "MALFORMED_RESPONSE_CHUNK", "status": 200}"#,
    r#"{"status": 503, "headers": {"Retry-After": "1"}}"#,
    r#"{"status": 429, "headers": {"Retry-After": "1"}}"#,
    r#"{"status": 500, "body": "<html>oh</html>"}"#,
];

/// Starts it in `dir`, and reads it.
pub(super) fn check(node: &NodeModules<'_>, dir: &Path) -> Result<()> {
    let port = free_port()?;
    let java = match find("java") {
        Some(java) => java,
        None => install("java", &["default-jre-headless"])?,
    };
    // Not by its program, which leaves Java behind when it is killed.
    let mut command = Command::new(java);
    command.arg("-jar").arg(node.jar("wiremock")?).args(["--port", &port.to_string()]);
    let server = Peer::start(port, command.current_dir(dir))?;
    for page in 1..=SONGS / 100 + 1 {
        stub_page(&server, page)?;
    }
    let numbered = r#"{"pagination": {"type": "page", "limitParam": "limit", "fullPages": true}}"#;
    Case { name: "WireMock, a fault before each page", url: server.url("/songs"), options: numbered }
        .check(&[])
}

/// A page that fails, comes, fails again, and so on.
fn stub_page(server: &Peer, page: usize) -> Result<()> {
    let songs: Vec<_> = (page * 100 - 99..=page * 100).filter(|number| *number <= SONGS).map(song).collect();
    let fault = FAULTS[page % FAULTS.len()];
    let fine = format!("{{\"jsonBody\": [{}]}}", songs.join(","));
    for (state, next, response) in [("Started", "fine", fault), ("fine", "Started", &fine)] {
        let stub = format!(
            "{{\"scenarioName\": \"page {page}\", \"requiredScenarioState\": \"{state}\", \"newScenarioState\": \"{next}\", \
             \"request\": {{\"urlPath\": \"/songs\", \"queryParameters\": {{\"page\": {{\"equalTo\": \"{page}\"}}}}}}, \
             \"response\": {response}}}"
        );
        request(server.port, "POST", "/__admin/mappings", &[], &stub)?;
    }
    Ok(())
}
