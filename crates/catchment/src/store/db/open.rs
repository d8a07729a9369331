//! Which database it is, and how a connection to it is had.

use std::path::PathBuf;
use std::sync::Arc;

use catchment_core::{Error, Result};

use super::conn::Conn;
use super::dialect::{Dialect, Sql};
use super::error::StoreError;
use super::limits::{MAX_STATEMENT, StatementLimits};
use super::mysql::MySqlHosts;
use super::row::Row;
use super::sqlite::SqliteFile;
use super::statement::Arg;
use super::tx::Tx;

/// The database.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    MySql(Arc<MySqlHosts>),
    Sqlite(SqliteFile),
}

impl Db {
    /// The database at `url`; it is connected to, and SQLite's file made, when it is first used. `url_file` is where the
    /// URL came from, if it did.
    pub(crate) fn open(url: &str, url_file: Option<PathBuf>, connections: u32) -> Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("mysql" | "mariadb") => {
                Ok(Self::MySql(Arc::new(MySqlHosts::open(url, url_file, connections)?)))
            }
            Some("sqlite") => Ok(Self::Sqlite(SqliteFile::open(url)?)),
            _ => Err(Error::config(
                "database_url",
                "the scheme of the database URL is not supported; use mysql://, mariadb:// or sqlite://",
            )),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::MySql(_) => Dialect::MySql,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// The database as people know it, without its password.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::MySql(cluster) => cluster.name(),
            Self::Sqlite(file) => format!("sqlite://{}", file.path.display()),
        }
    }

    /// Why it is away, if it has been for more than a moment.
    pub(crate) fn outage(&self) -> Option<String> {
        match self {
            Self::MySql(cluster) => cluster.outage(),
            Self::Sqlite(_) => None,
        }
    }

    /// Whether there is a database that can be asked without making it.
    pub(crate) fn is_there(&self) -> bool {
        match self {
            Self::MySql(_) => true,
            Self::Sqlite(file) => file.path.exists(),
        }
    }

    /// Whether the database stores JSON as it likes, and not as the text that it was given.
    pub(crate) fn rewrites_json(&self) -> bool {
        matches!(self, Self::MySql(cluster) if cluster.rewrites_json())
    }

    /// Whether the server has the function CRC32C.
    pub(crate) fn has_crc32c(&self) -> bool {
        matches!(self, Self::MySql(cluster) if cluster.has_crc32c())
    }

    /// Moves what SQLite has in its write-ahead log into the file itself, and empties the log, if nobody reads from it.
    pub(crate) async fn checkpoint(&self) -> Result<(), StoreError> {
        match self {
            Self::MySql(_) => Ok(()),
            Self::Sqlite(_) => {
                self.writer().await?.fetch("PRAGMA wal_checkpoint(TRUNCATE)", &[]).await.map(|_| ())
            }
        }
    }

    /// What the server's `max_allowed_packet` allows, and the protocol.
    pub(crate) fn limits(&self) -> StatementLimits {
        match self {
            Self::MySql(cluster) => {
                let packet = cluster.max_packet();
                StatementLimits { parameters: 65_535, bytes: MAX_STATEMENT.min(packet / 2), packet }
            }
            Self::Sqlite(_) => {
                StatementLimits { parameters: 32_766, bytes: MAX_STATEMENT, packet: usize::MAX }
            }
        }
    }

    /// A connection that only reads.
    pub(crate) async fn reader(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::MySql(cluster) => cluster.acquire().await?.into(),
            Self::Sqlite(file) => file.reader().await?,
        })
    }

    /// A connection for a look at what may be no database of ours. It changes nothing.
    pub(crate) async fn visitor(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::MySql(cluster) => cluster.acquire().await?.into(),
            Self::Sqlite(file) => file.visitor().await?,
        })
    }

    /// A connection that may write.
    pub(crate) async fn writer(&self) -> Result<Conn, StoreError> {
        Ok(match self {
            Self::MySql(cluster) => cluster.acquire().await?.into(),
            Self::Sqlite(file) => file.writer().await?,
        })
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Tx, StoreError> {
        let mut conn = self.writer().await?;
        // A deferred one of SQLite fails with BUSY, whatever the time-out, when it turns from reading to writing.
        conn.raw(self.dialect().pick("START TRANSACTION", "BEGIN IMMEDIATE")).await?;
        Ok(Tx::of(conn))
    }

    /// One statement that writes, in a transaction of its own.
    pub(crate) async fn execute(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        self.writer().await?.execute(sql, args).await
    }

    /// All rows of one query.
    pub(crate) async fn fetch(&self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<Vec<Row>, StoreError> {
        self.reader().await?.fetch(sql, args).await
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::MySql(cluster) => cluster.close().await,
            Self::Sqlite(file) => file.close().await,
        }
    }
}
