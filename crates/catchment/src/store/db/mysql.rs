//! MySQL and MariaDB: one host, or several that are tried in turn.

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use catchment_core::{Error, Result};
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlPool, MySqlPoolOptions, MySqlSslMode};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Executor, MySql, Row};

use super::error::StoreError;
use super::limits::ACQUIRE_TIMEOUT;
use crate::store::LEASE;

/// How long one host of several may take, before the next one is tried.
const HOST_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a session may say nothing at all. Those of pages that wait for their turn say so more often.
const SESSION_IDLE: Duration = Duration::from_secs(28);

/// Errors of a host that answers and yet does nothing: a Galera node that is not ready, a server that was made
/// read-only (two ways), one that is shutting down. Another host may do.
const TURNED_AWAY: [u16; 4] = [1047, 1290, 1836, 1053];

/// One host or several that hold the same data; the one that answered last is used.
#[derive(Debug)]
pub(crate) struct MySqlHosts {
    hosts: Vec<MySqlHost>,
    current: AtomicUsize,
    connections: u32,
    server: Arc<ServerFacts>,
    outage: Outage,
}

/// What the servers said of themselves when they were connected to.
#[derive(Debug)]
struct ServerFacts {
    /// The smallest `max_allowed_packet` of all.
    max_packet: AtomicUsize,
    /// Whether it has a JSON type, as MySQL does; MariaDB keeps the text.
    rewrites_json: AtomicBool,
}

/// Tells once that the database is away, and once that it is back.
#[derive(Debug, Default)]
struct Outage {
    is_on: AtomicBool,
    since: Mutex<Option<Instant>>,
}

impl Outage {
    fn begins(&self, why: &str) {
        if !self.is_on.swap(true, Ordering::SeqCst) {
            if let Ok(mut since) = self.since.lock() {
                *since = Some(Instant::now());
            }
            tracing::warn!(error = why, "waiting for the database");
        }
    }

    fn ends(&self) {
        if self.is_on.load(Ordering::Relaxed) && self.is_on.swap(false, Ordering::SeqCst) {
            let since = self.since.lock().ok().and_then(|mut since| since.take());
            let seconds = since.map_or(0, |since| since.elapsed().as_secs());
            tracing::info!(seconds, "the database answers again");
        }
    }
}

#[derive(Debug)]
struct MySqlHost {
    name: String,
    pool: MySqlPool,
}

/// Which host a connection leads to.
#[derive(Debug, Clone)]
pub(super) struct HostConnection {
    cluster: Arc<MySqlHosts>,
    host: usize,
}

impl HostConnection {
    /// A statement ended well.
    pub(super) fn note_success(&self) {
        self.cluster.outage.ends();
    }

    /// Hears of an error of this connection's host. Whether the connection is of no more use.
    pub(super) fn note_error(&self, error: &sqlx::Error) -> bool {
        if matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_)) {
            self.cluster.outage.begins(&error.to_string());
        }
        let number = error
            .as_database_error()
            .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
            .map(MySqlDatabaseError::number);
        let is_turned_away = number.is_some_and(|number| TURNED_AWAY.contains(&number));
        if is_turned_away {
            self.cluster.switch_from(self.host);
        }
        is_turned_away
    }
}

impl MySqlHosts {
    /// `mysql://user:password@host:3306/db`, with commas between several hosts; connects when first used.
    pub(super) fn open(url: &str, connections: u32) -> Result<Self> {
        let url = match url.strip_prefix("mariadb:") {
            Some(rest) => format!("mysql:{rest}"),
            None => url.to_owned(),
        };
        let hosts: Vec<_> = one_url_a_host(&url).iter().map(|url| parse(url)).collect::<Result<_>>()?;
        let timeout = if hosts.len() > 1 { HOST_TIMEOUT } else { ACQUIRE_TIMEOUT };
        let server = Arc::new(ServerFacts {
            max_packet: AtomicUsize::new(usize::MAX),
            rewrites_json: AtomicBool::new(false),
        });
        let open = |options: MySqlConnectOptions| {
            let server = server.clone();
            MySqlHost {
                name: format!("{}:{}", options.get_host(), options.get_port()),
                pool: MySqlPoolOptions::new()
                    .max_connections(connections)
                    .acquire_timeout(timeout)
                    // Before the server ends the session.
                    .idle_timeout(SESSION_IDLE / 2)
                    .after_connect(move |conn, _| {
                        let server = server.clone();
                        Box::pin(async move { prepare_session(conn, &server).await })
                    })
                    .connect_lazy_with(options),
            }
        };
        let hosts = hosts.into_iter().map(open).collect();
        Ok(Self { hosts, current: AtomicUsize::new(0), connections, server, outage: Outage::default() })
    }

    pub(super) fn rewrites_json(&self) -> bool {
        self.server.rewrites_json.load(Ordering::SeqCst)
    }

    /// Bytes that a statement may have.
    pub(super) fn max_packet(&self) -> usize {
        self.server.max_packet.load(Ordering::SeqCst)
    }

    /// A connection; to the next host where the current one cannot be reached.
    pub(super) async fn acquire(
        self: &Arc<Self>,
    ) -> Result<(PoolConnection<MySql>, HostConnection), StoreError> {
        let mut tried = 1;
        loop {
            let host = self.current.load(Ordering::SeqCst);
            match self.hosts[host].pool.acquire().await {
                Ok(conn) => return Ok((conn, HostConnection { cluster: self.clone(), host })),
                Err(error) if tried < self.hosts.len() && self.is_unreachable(host, &error) => {
                    self.switch_from(host);
                }
                Err(error) => {
                    let is_unreachable = self.is_unreachable(host, &error);
                    let failure = StoreError::from(error);
                    if is_unreachable {
                        self.outage.begins(failure.message());
                    }
                    return Err(failure);
                }
            }
            tried += 1;
        }
    }

    /// Whether it is the host that is missing, and not merely a free connection.
    fn is_unreachable(&self, host: usize, error: &sqlx::Error) -> bool {
        !matches!(error, sqlx::Error::PoolClosed) && self.hosts[host].pool.size() < self.connections
    }

    fn switch_from(&self, host: usize) {
        let next = (host + 1) % self.hosts.len();
        // Of those that fail at the same time one turns.
        let has_turned =
            self.current.compare_exchange(host, next, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if has_turned && next != host {
            let (host, next) = (&self.hosts[host].name, &self.hosts[next].name);
            tracing::debug!(host, next, "the database host is unreachable; switching to the next one");
        }
    }

    pub(super) async fn close(&self) {
        for host in &self.hosts {
            host.pool.close().await;
        }
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

/// The same rules in every session, whatever the server's defaults: a bad value is an error, a locking read
/// locks what it finds and no gaps, and times are UTC (sqlx sets that). Gives the server's `max_allowed_packet`.
async fn prepare_session(conn: &mut sqlx::MySqlConnection, server: &ServerFacts) -> Result<(), sqlx::Error> {
    conn.execute(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ZERO_DATE,NO_ZERO_IN_DATE', innodb_lock_wait_timeout = 10",
    )
    .await?;
    conn.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    let (lease, idle) = (LEASE.as_secs(), SESSION_IDLE.as_secs());
    for setting in [
        // Reads on a Galera node wait for what others have committed. Servers without Galera do not know it.
        "wsrep_sync_wait = 1".to_owned(),
        // A worker that froze, or whose machine vanished, keeps its locks no longer than its lease: the server rolls back
        // a transaction that says nothing (MariaDB), or ends the session (MySQL knows no less).
        format!("idle_transaction_timeout = {lease}, idle_write_transaction_timeout = {lease}"),
        format!("wait_timeout = {idle}, net_read_timeout = {lease}, net_write_timeout = {lease}"),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("SET SESSION {setting}"));
        match conn.execute(sql).await {
            Err(error) if !matches!(&error, sqlx::Error::Database(_)) => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    let facts = conn.fetch_one("SELECT CAST(@@max_allowed_packet AS SIGNED), VERSION()").await?;
    let packet = usize::try_from(facts.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
    server.max_packet.fetch_min(packet, Ordering::SeqCst);
    if !facts.try_get::<String, _>(1)?.contains("MariaDB") {
        server.rewrites_json.store(true, Ordering::SeqCst);
    }
    Ok(())
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
