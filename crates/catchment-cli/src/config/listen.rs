//! Where the service listens, as people write it.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::Deserialize;

/// The port of an address that is not given.
const DEFAULT_PORT: u16 = 3006;

/// An address to listen on: `10.0.0.5:3006`, `[::1]:3006`, `localhost:3006` (loopback, whatever `/etc/hosts` says), or
/// `:3006` (all interfaces, IPv6 and IPv4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ListenAddress {
    text: String,
    /// The first that can be bound is the one.
    candidates: Vec<SocketAddr>,
}

impl ListenAddress {
    /// The addresses to bind, of which the first that works is used.
    pub(crate) fn candidates(&self) -> &[SocketAddr] {
        &self.candidates
    }

    /// Whether nobody but this machine can connect.
    pub(super) fn is_loopback(&self) -> bool {
        self.candidates.iter().all(|address| address.ip().is_loopback())
    }
}

impl Default for ListenAddress {
    fn default() -> Self {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT));
        Self { text: address.to_string(), candidates: vec![address] }
    }
}

impl FromStr for ListenAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || {
            "it must be an address with a port, such as 127.0.0.1:3006, localhost:3006, or :3006 for all interfaces"
                .to_owned()
        };
        let candidates = match text.rsplit_once(':') {
            Some((host @ ("" | "localhost"), port)) => {
                let port: u16 = port.parse().map_err(|_| invalid())?;
                if host.is_empty() {
                    // A socket of IPv6 takes IPv4 as well; where the kernel has no IPv6 there is IPv4 alone.
                    vec![(Ipv6Addr::UNSPECIFIED, port).into(), (Ipv4Addr::UNSPECIFIED, port).into()]
                } else {
                    vec![(Ipv4Addr::LOCALHOST, port).into()]
                }
            }
            _ => vec![text.parse().map_err(|_| invalid())?],
        };
        Ok(Self { text: text.to_owned(), candidates })
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|problem| format!("`listen` is `{text}`: {problem}"))
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> String {
        text.parse::<ListenAddress>().unwrap().candidates()[0].to_string()
    }

    #[test]
    fn localhost_is_loopback_and_a_port_alone_is_all_interfaces() {
        assert_eq!(
            ["127.0.0.1:1", "[::1]:2", "localhost:3", ":4"].map(first),
            ["127.0.0.1:1", "[::1]:2", "127.0.0.1:3", "[::]:4"]
        );
        let is_loopback = |text: &str| text.parse::<ListenAddress>().unwrap().is_loopback();
        assert!(is_loopback("localhost:1") && is_loopback("[::1]:1"));
        assert!(!is_loopback(":1") && !is_loopback("0.0.0.0:1"));
        for text in ["", "3006", "localhost", ":", ":70000", "example.com:80", "::1"] {
            assert!(text.parse::<ListenAddress>().is_err(), "{text}");
        }
    }
}
