//! DNS: names to addresses that may be connected to. The connection is made to what was judged, so that a name that
//! changes in between (DNS rebinding) gains nothing.

use std::io;
use std::net::SocketAddr;

use catchment_core::{Error, ErrorKind, NetworkAccess};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A DNS resolver that answers with allowed addresses only.
pub(super) struct DnsResolver {
    network: NetworkAccess,
    /// That the client will connect to.
    port: u16,
}

impl DnsResolver {
    pub(super) fn new(network: NetworkAccess, port: u16) -> Self {
        Self { network, port }
    }
}

impl Resolve for DnsResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let (network, port) = (self.network.clone(), self.port);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|error| unresolved(name.as_str(), error))?;
            let (mut allowed, mut refusal) = (Vec::<SocketAddr>::new(), None);
            for address in found {
                match network.check(address.ip(), port) {
                    Ok(()) => allowed.push(address),
                    Err(error) => refusal = Some(error),
                }
            }
            match (allowed.is_empty(), refusal) {
                (true, Some(error)) => Err(Box::from(error)),
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

/// A name that the DNS does not know, or a DNS that does not answer. The resolver tells which by its text alone.
fn unresolved(name: &str, error: io::Error) -> Error {
    let is_passing =
        ["Temporary failure", "Try again", "try again"].iter().any(|it| error.to_string().contains(it));
    let (code, hint) =
        if is_passing { ("dns", "") } else { ("no_such_host", "; check how the host is spelt") };
    let message = format!("resolving the host name `{name}`: {error}{hint}");
    Error::new(ErrorKind::Network, code, message).with_source(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_unknown_is_told_from_a_dns_that_does_not_answer() {
        let code = |text: &str| unresolved("a.example", io::Error::other(text)).code().to_owned();
        assert_eq!(code("failed to lookup address information: Name or service not known"), "no_such_host");
        assert_eq!(code("failed to lookup address information: Temporary failure in name resolution"), "dns");
    }
}
