//! Which addresses sources may connect to. Asked at the moment of connecting, for each address and each hop.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use ipnet::IpNet;

use crate::{Error, Result};

/// Where a run may connect: public addresses, and the other ranges that the operator names.
///
/// Link-local addresses, those that clouds serve metadata at, and the service's own port are never connected to.
#[derive(Debug, Clone, Default)]
pub struct NetworkAccess {
    allowed: Vec<IpNet>,
    own: Option<SocketAddr>,
    services: Vec<SocketAddr>,
}

/// Not for everybody on the internet (IANA's special-purpose registries, RFC 6890): only where the operator allows it.
const NOT_PUBLIC: &[&str] = &[
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "::/127",
    "64:ff9b:1::/48",
    "100::/64",
    "2001::/23",
    "2001:db8::/32",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fec0::/10",
];

/// Link-local, multicast and broadcast, and where clouds serve metadata to their machines: never.
const NEVER: &[&str] = &[
    "169.254.0.0/16",
    "fe80::/10",
    "224.0.0.0/4",
    "255.255.255.255/32",
    "ff00::/8",
    // Alibaba, Azure, Oracle, AWS
    "100.100.100.200/32",
    "168.63.129.16/32",
    "192.0.0.192/32",
    "fd00:ec2::254/128",
];

impl NetworkAccess {
    /// Public addresses and these ranges, but not `own`, where this service listens.
    pub fn new(allowed: Vec<IpNet>, own: Option<SocketAddr>) -> Self {
        Self { allowed, own, services: Vec::new() }
    }

    /// The same and these addresses with their ports, which the operator's settings name: for a client of that service alone.
    #[must_use]
    pub fn with_services(mut self, services: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.services.extend(services);
        self
    }

    /// Whether an address may be connected to, at this port where it is known.
    ///
    /// # Errors
    /// `config`, `address_not_allowed`, with what would allow it.
    pub fn check(&self, ip: IpAddr, port: u16) -> Result<()> {
        let address = embedded_ipv4(ip);
        let refuse = |why: String| {
            Err(Error::config("address_not_allowed", format!("connecting to {ip} is not allowed: {why}")))
        };
        if is_in(address, NEVER) || is_in(ip, NEVER) {
            return refuse("it is a link-local, multicast or metadata address".to_owned());
        }
        let is_allowed = self.allowed.iter().any(|range| range.contains(&address) || range.contains(&ip))
            || self.services.contains(&SocketAddr::new(ip, port));
        if (is_in(address, NOT_PUBLIC) || is_in(ip, NOT_PUBLIC)) && !is_allowed {
            return refuse(format!(
                "it is not a public address; the operator can allow its range with --allow-network, such as {}",
                IpNet::from(address)
            ));
        }
        if self.is_own_port(port) && is_of_this_machine(address) {
            return refuse(format!("port {port} is the one that this service listens on"));
        }
        Ok(())
    }

    /// Whether this service listens at that port on some address.
    pub fn is_own_port(&self, port: u16) -> bool {
        self.own.is_some_and(|own| own.port() == port)
    }
}

fn is_in(ip: IpAddr, ranges: &[&str]) -> bool {
    ranges.iter().filter_map(|range| range.parse::<IpNet>().ok()).any(|range| range.contains(&ip))
}

/// The IPv4 address that an IPv6 one stands for: mapped, compatible, NAT64 (RFC 6052, and RFC 8215 for a local prefix of
/// 96 bits), 6to4 (RFC 3056).
fn embedded_ipv4(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    let [_, b, c, .., g, h] = v6.segments();
    let v4 = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match v6.segments() {
        [0, 0, 0, 0, 0, 0xffff, ..] | [0x64, 0xff9b, 0 | 1, _, _, _, ..] => v4(g, h),
        [0, 0, 0, 0, 0, 0, ..] if v6 != Ipv6Addr::LOCALHOST && v6 != Ipv6Addr::UNSPECIFIED => v4(g, h),
        [0x2002, ..] => v4(b, c),
        _ => ip,
    }
}

/// An address can be bound to only by the machine that has it.
fn is_of_this_machine(ip: IpAddr) -> bool {
    UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(access: &NetworkAccess, address: &str, port: u16) -> bool {
        access.check(address.parse().unwrap(), port).is_ok()
    }

    #[test]
    fn only_public_addresses_unless_the_operator_says_so() {
        let access = NetworkAccess::default();
        for address in ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "64:ff9b::101:101", "2002:101:101::1"]
        {
            assert!(allows(&access, address, 443), "{address}");
        }
        for address in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "192.168.1.1",
            "172.31.0.1",
            "100.64.0.1",
            "::1",
            "::",
            "fd12::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "64:ff9b:1::7f00:1",
            "64:ff9b:1::808:808",
        ] {
            assert!(!allows(&access, address, 443), "{address}");
        }
        let access = NetworkAccess::new(vec!["127.0.0.0/8".parse().unwrap()], None);
        assert!(allows(&access, "127.0.0.1", 80) && allows(&access, "::ffff:127.0.0.1", 80));
        assert!(!allows(&access, "::1", 80));
    }

    #[test]
    fn metadata_and_the_own_port_are_never_connected_to() {
        let access = NetworkAccess::default().with_services(["127.0.0.1:8080".parse().unwrap()]);
        assert!(allows(&access, "127.0.0.1", 8080) && !allows(&access, "127.0.0.1", 8081));
        let everything = vec!["0.0.0.0/0".parse().unwrap(), "::/0".parse().unwrap()];
        let access = NetworkAccess::new(everything, Some("127.0.0.1:3006".parse().unwrap()));
        for address in [
            "169.254.169.254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "64:ff9b:1::a9fe:a9fe",
            "fd00:ec2::254",
            "224.0.0.1",
        ] {
            assert!(!allows(&access, address, 80), "{address}");
        }
        assert!(!allows(&access, "127.0.0.1", 3006));
        assert!(!allows(&access, "127.0.0.2", 3006));
        assert!(allows(&access, "127.0.0.1", 3007));
        assert!(allows(&access, "1.1.1.1", 3006));
    }
}
