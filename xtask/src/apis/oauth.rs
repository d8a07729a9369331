//! oauth2-mock-server, whose tokens the guarded songs of Django REST Framework want.

use anyhow::Result;

use super::case::Case;
use super::node::NodeModules;
use super::peer::Peer;
use xtask::mariadb::free_port;

/// Starts it, and reads the guarded songs of `drf` with a token of its own.
pub(super) fn check(node: &NodeModules<'_>, drf: &Peer) -> Result<()> {
    let port = free_port()?;
    let mut command = node.program("oauth2-mock-server");
    let tokens = Peer::start(port, command.args(["-a", "127.0.0.1", "-p", &port.to_string()]))?;
    let guarded = r#"{"auth": {"type": "oauth2_client_credentials", "tokenUrl": "TOKENS", "clientId": "me",
        "clientSecret": {"env": "SONGS_SECRET"}}, "rateLimit": {"requestsPerSecond": 40}}"#;
    let options = guarded.replace("TOKENS", &tokens.url("/token"));
    let url = drf.url("/guarded/?limit=50");
    let case = Case { name: "oauth2-mock-server and DRF", url, options: &options };
    case.check(&[("SONGS_SECRET", "only-for-tests")])
}
