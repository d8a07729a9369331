//! MySQL and MariaDB: one host, or several that are tried in turn.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use catchment_core::{FileSecret, Result, Secret, SecretAccess, log_error};
use sqlx::MySql;
use sqlx::mysql::{MySqlConnectOptions, MySqlDatabaseError, MySqlPool, MySqlPoolOptions};
use sqlx::pool::PoolConnection;

use super::error::StoreError;
use super::limits::ACQUIRE_TIMEOUT;
use super::mysql_session::{SESSION_IDLE, ServerFacts, prepare_session};
use super::mysql_url::{describe, parse_hosts};
use super::outage::Outage;

/// How long one host of several may take, before the next one is tried.
const HOST_TIMEOUT: Duration = Duration::from_secs(3);

/// Errors of a host that answers and yet does nothing: a Galera node that is not ready, a server that was made
/// read-only (two ways), one that is shutting down. Another host may do.
const TURNED_AWAY: [u16; 4] = [1047, 1290, 1836, 1053];

/// The database behind a URL, whose password may be rotated while we run.
#[derive(Debug)]
pub(crate) struct MySqlHosts {
    pools: RwLock<Arc<HostPools>>,
    /// Where the URL is read again, if it came from a file.
    url_file: Option<PathBuf>,
    connections: u32,
    server: Arc<ServerFacts>,
    outage: Outage,
}

/// One host or several that hold the same data; the one that answered last is used.
#[derive(Debug)]
struct HostPools {
    url: Secret,
    /// The database without its password.
    name: String,
    hosts: Vec<MySqlHost>,
    current: AtomicUsize,
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
    pools: Arc<HostPools>,
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
            self.cluster.outage.begins(&self.pools.name, &error.to_string());
        }
        let number = error
            .as_database_error()
            .and_then(|error| error.try_downcast_ref::<MySqlDatabaseError>())
            .map(MySqlDatabaseError::number);
        let is_turned_away = number.is_some_and(|number| TURNED_AWAY.contains(&number));
        if is_turned_away {
            self.pools.switch_from(self.host);
        }
        is_turned_away
    }
}

impl MySqlHosts {
    /// `mysql://user:password@host:3306/db`, with commas between several hosts; connects when first used. Where no
    /// connection can be made, the URL is read again from its file, if it has one.
    pub(super) fn open(url: &str, url_file: Option<PathBuf>, connections: u32) -> Result<Self> {
        let server = Arc::<ServerFacts>::default();
        let pools = RwLock::new(Arc::new(HostPools::open(url, connections, &server)?));
        Ok(Self { pools, url_file, connections, server, outage: Outage::default() })
    }

    /// The database without its password.
    pub(super) fn name(&self) -> String {
        self.pools().name.clone()
    }

    /// Why it is away, if it has been for more than a moment.
    pub(super) fn outage(&self) -> Option<String> {
        self.outage.why()
    }

    pub(super) fn rewrites_json(&self) -> bool {
        self.server.rewrites_json.load(Ordering::SeqCst)
    }

    pub(super) fn has_crc32c(&self) -> bool {
        self.server.has_crc32c.load(Ordering::SeqCst)
    }

    /// Bytes that a statement may have.
    pub(super) fn max_packet(&self) -> usize {
        self.server.max_packet.load(Ordering::SeqCst)
    }

    /// A connection; to the next host where the current one cannot be reached.
    pub(super) async fn acquire(
        self: &Arc<Self>,
    ) -> Result<(PoolConnection<MySql>, HostConnection), StoreError> {
        let mut pools = self.pools();
        let mut acquired = pools.acquire(self.connections).await;
        if acquired.is_err()
            && let Some(renewed) = self.renewed(&pools).await
        {
            acquired = renewed.acquire(self.connections).await;
            pools = renewed;
        }
        match acquired {
            Ok((conn, host)) => Ok((conn, HostConnection { cluster: self.clone(), pools, host })),
            Err(error) => {
                let is_unreachable = pools.is_unreachable(&error, self.connections);
                let failure = StoreError::from(error);
                if is_unreachable {
                    self.outage.begins(&pools.name, failure.message());
                }
                Err(failure)
            }
        }
    }

    fn pools(&self) -> Arc<HostPools> {
        self.pools.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The pools of the URL as its file has it now; none where it is the one that has just failed.
    async fn renewed(&self, failed: &Arc<HostPools>) -> Option<Arc<HostPools>> {
        let file = self.url_file.clone()?;
        let url = Secret::File(FileSecret { file });
        let read = tokio::task::spawn_blocking(move || url.resolve(&SecretAccess::Anywhere)).await.ok()?;
        let opened = read.and_then(|url| {
            let is_new = failed.url != Secret::Inline(url.clone());
            is_new.then(|| HostPools::open(&url, self.connections, &self.server)).transpose()
        });
        let opened = match opened {
            Ok(opened) => opened,
            Err(error) => {
                log_error!(WARN, &error, "the database URL cannot be read again from its file");
                None
            }
        };
        let mut current = self.pools.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&current, failed) {
            // Somebody else was first.
            return Some(current.clone());
        }
        let opened = Arc::new(opened?);
        tracing::info!(database = opened.name, "the database URL was read again from its file");
        let replaced = std::mem::replace(&mut *current, opened.clone());
        // What is under way on its connections ends first.
        tokio::spawn(async move { replaced.close().await });
        Some(opened)
    }

    pub(super) async fn close(&self) {
        self.pools().close().await;
    }
}

impl HostPools {
    fn open(url: &str, connections: u32, server: &Arc<ServerFacts>) -> Result<Self> {
        let hosts = parse_hosts(url)?;
        let timeout = if hosts.len() > 1 { HOST_TIMEOUT } else { ACQUIRE_TIMEOUT };
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
        Ok(Self {
            url: Secret::Inline(url.to_owned()),
            name: describe(&hosts),
            hosts: hosts.into_iter().map(open).collect(),
            current: AtomicUsize::new(0),
        })
    }

    /// A connection and its host: the current one, or the next that can be reached.
    async fn acquire(&self, connections: u32) -> Result<(PoolConnection<MySql>, usize), sqlx::Error> {
        let mut tried = 1;
        loop {
            let host = self.current.load(Ordering::SeqCst);
            match self.hosts[host].pool.acquire().await {
                Ok(conn) => return Ok((conn, host)),
                Err(error) if tried < self.hosts.len() && self.is_missing(host, &error, connections) => {
                    self.switch_from(host);
                }
                Err(error) => return Err(error),
            }
            tried += 1;
        }
    }

    /// Whether it is the server that is missing, and not merely a free connection.
    fn is_unreachable(&self, error: &sqlx::Error, connections: u32) -> bool {
        self.is_missing(self.current.load(Ordering::SeqCst), error, connections)
    }

    fn is_missing(&self, host: usize, error: &sqlx::Error, connections: u32) -> bool {
        !matches!(error, sqlx::Error::PoolClosed) && self.hosts[host].pool.size() < connections
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

    async fn close(&self) {
        for host in &self.hosts {
            host.pool.close().await;
        }
    }
}
