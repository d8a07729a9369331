//! The URL of MySQL and MariaDB: several hosts, and TLS wherever it leaves the machine.

use std::str::FromStr;

use catchment_core::{Error, Result};
use sqlx::ConnectOptions;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

/// How to connect to each host of `mysql://user:password@host:3306,host/db` (or `mariadb://…`), in their order.
///
/// # Errors
/// `config`, `database_url`; without the URL, which may hold a password.
pub(super) fn parse_hosts(url: &str) -> Result<Vec<MySqlConnectOptions>> {
    let url = match url.strip_prefix("mariadb:") {
        Some(rest) => format!("mysql:{rest}"),
        None => url.to_owned(),
    };
    one_url_a_host(&url).iter().map(|url| parse(url)).collect()
}

/// The database of a connection as people know it, without the password.
pub(super) fn describe(hosts: &[MySqlConnectOptions]) -> String {
    let Some(first) = hosts.first() else { return String::new() };
    let addresses: Vec<_> =
        hosts.iter().map(|host| format!("{}:{}", host.get_host(), host.get_port())).collect();
    let database = first.get_database().unwrap_or_default();
    format!("mysql://{}@{}/{database}", first.get_username(), addresses.join(","))
}

/// The same URL for each of its hosts.
fn one_url_a_host(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
    hosts.split(',').map(|host| format!("{scheme}://{user}{}{path}", host.trim())).collect()
}

fn parse(url: &str) -> Result<MySqlConnectOptions> {
    let options = MySqlConnectOptions::from_str(url).map_err(|error| malformed().with_source(error))?;
    // A slow statement would be logged with all its thousand rows of parameters.
    let options = options.statement_cache_capacity(256).disable_statement_logging();
    if options.get_database().is_none_or(str::is_empty) {
        let message = "the database URL names no database; write mysql://user:password@host:3306/NAME";
        return Err(Error::config("database_url", message));
    }
    let query = url.rsplit_once('?').map_or("", |(_, query)| query);
    let says_tls =
        query.split('&').any(|pair| matches!(pair.split('=').next(), Some("ssl-mode" | "sslmode")));
    if says_tls || is_local(options.get_host()) || options.get_socket().is_some() {
        return Ok(options);
    }
    Ok(options.ssl_mode(MySqlSslMode::Required))
}

/// The parser's own message may repeat the URL, and with it the password.
fn malformed() -> Error {
    Error::config("database_url", "the database URL is not valid; write mysql://user:password@host:3306/NAME")
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_hosts_share_all_but_their_names() {
        let urls = one_url_a_host("mysql://me:p%40ss@one:3306,two:3307,three/db?ssl-mode=REQUIRED");
        assert_eq!(
            urls,
            [
                "mysql://me:p%40ss@one:3306/db?ssl-mode=REQUIRED",
                "mysql://me:p%40ss@two:3307/db?ssl-mode=REQUIRED",
                "mysql://me:p%40ss@three/db?ssl-mode=REQUIRED",
            ]
        );
        assert_eq!(one_url_a_host("mysql://localhost/db"), ["mysql://localhost/db"]);
    }

    #[test]
    fn remote_hosts_need_tls_unless_the_url_says_otherwise() {
        let mode = |url: &str| format!("{:?}", parse(url).unwrap().get_ssl_mode());
        assert_eq!(mode("mysql://me:x@db.example/db"), "Required");
        assert_eq!(mode("mysql://me:sslmode=x@db.example/db"), "Required");
        assert_eq!(mode("mysql://me:x@db.example/db?ssl-mode=DISABLED"), "Disabled");
        assert_eq!(mode("mysql://me:x@127.0.0.1/db"), "Preferred");
    }
}
