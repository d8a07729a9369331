//! MySQL and MariaDB: one host, or several that are tried in turn.

use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use catchment_core::{Error, Result};
use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlSslMode};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Executor, MySql};

use super::db::ACQUIRE_TIMEOUT;

/// How long one host of several may take, before the next one is tried.
const HOST_TIMEOUT: Duration = Duration::from_secs(3);

/// A pool of connections to one of some hosts: the one that answered last.
#[derive(Debug)]
pub(crate) struct Cluster {
    pool: MySqlPool,
    hosts: Vec<MySqlConnectOptions>,
    current: AtomicUsize,
    connections: u32,
}

impl Cluster {
    /// `mysql://user:password@host:3306/db`, with commas between several hosts; connects when first used.
    pub(super) fn open(url: &str, connections: u32) -> Result<Self> {
        let url = match url.strip_prefix("mariadb:") {
            Some(rest) => format!("mysql:{rest}"),
            None => url.to_owned(),
        };
        let hosts: Vec<_> = one_url_a_host(&url).iter().map(|url| parse(url)).collect::<Result<_>>()?;
        let Some(first) = hosts.first().cloned() else { return Err(malformed()) };
        let pool = MySqlPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(if hosts.len() > 1 { HOST_TIMEOUT } else { ACQUIRE_TIMEOUT })
            .after_connect(|conn, _| Box::pin(prepare_session(conn)))
            .connect_lazy_with(first);
        Ok(Self { pool, hosts, current: AtomicUsize::new(0), connections })
    }

    /// A connection; to the next host where the current one cannot be reached.
    pub(super) async fn acquire(&self) -> Result<PoolConnection<MySql>, sqlx::Error> {
        let mut tried = 1;
        loop {
            let seen = self.current.load(Ordering::SeqCst);
            match self.pool.acquire().await {
                Err(error) if tried < self.hosts.len() && self.is_unreachable(&error) => self.turn_from(seen),
                result => return result,
            }
            tried += 1;
        }
    }

    /// Whether it is the host that is missing, and not merely a free connection.
    fn is_unreachable(&self, error: &sqlx::Error) -> bool {
        !matches!(error, sqlx::Error::PoolClosed) && self.pool.size() < self.connections
    }

    fn turn_from(&self, seen: usize) {
        let next = (seen + 1) % self.hosts.len();
        // Of those that fail at the same time one turns.
        if self.current.compare_exchange(seen, next, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            tracing::warn!(
                host = self.hosts[next].get_host(),
                "the database does not answer; turning to another host"
            );
            self.pool.set_connect_options(self.hosts[next].clone());
        }
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
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
        let message = "the database URL names no database: mysql://…@host:3306/NAME";
        return Err(Error::config("database_url", message));
    }
    let query = url.rsplit_once('?').map_or("", |(_, query)| query);
    let says_tls =
        query.split('&').any(|pair| matches!(pair.split('=').next(), Some("ssl-mode" | "sslmode")));
    match says_tls || is_local(options.get_host()) || options.get_socket().is_some() {
        true => Ok(options),
        false => Ok(options.ssl_mode(MySqlSslMode::Required)),
    }
}

/// The parser's own message may repeat the URL, and with it the password.
fn malformed() -> Error {
    Error::config("database_url", "the database URL is not of the form mysql://user:password@host:3306/db")
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The same rules in every session, whatever the server's defaults: a bad value is an error, a locking read
/// locks what it finds and no gaps, and times are UTC (sqlx sets that).
async fn prepare_session(conn: &mut sqlx::MySqlConnection) -> Result<(), sqlx::Error> {
    conn.execute(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ZERO_DATE,NO_ZERO_IN_DATE', innodb_lock_wait_timeout = 10",
    )
    .await?;
    conn.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    // Reads on a Galera node wait for what others have committed. Servers without Galera do not know it.
    match conn.execute("SET SESSION wsrep_sync_wait = 1").await {
        Err(error) if !matches!(&error, sqlx::Error::Database(_)) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
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
