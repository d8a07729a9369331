//! SQLite: one file, with one writer and readers beside it, so that a long page blocks no answer.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use catchment_core::{Error, Result};
use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::conn::Conn;
use super::error::StoreError;
use super::limits::ACQUIRE_TIMEOUT;

/// How long SQLite itself waits before it is asked again. It looks after 1, 2, 5, 10, … up to 100 ms, and a process
/// that commits page after page would be missed for seconds by one that looks so seldom.
const BUSY_LOOKS: Duration = Duration::from_millis(8);

/// The connections to a file.
#[derive(Debug, Clone)]
pub(crate) struct SqliteFile {
    pub(super) path: Arc<Path>,
    writer: SqlitePool,
    readers: SqlitePool,
    /// For a look at a file that may be somebody else's: nothing of it is changed, nor its mode.
    visitor: SqlitePool,
}

impl SqliteFile {
    /// The file at `sqlite://PATH`; it is made when it is first used.
    pub(super) fn open(url: &str) -> Result<Self> {
        let names_no_file = matches!(url.trim_end_matches('/'), "sqlite:");
        if names_no_file || url.contains(":memory:") || url.contains("mode=memory") {
            return Err(Error::config(
                "database_url",
                "the database URL names no file; use one such as sqlite://catchment.db",
            ));
        }
        let bad = |error: sqlx::Error| {
            Error::config(
                "database_url",
                format!("`{url}` is not a valid SQLite URL: {error}; use one such as sqlite://catchment.db"),
            )
            .with_source(error)
        };
        let named = SqliteConnectOptions::from_str(url).map_err(bad)?;
        let options = named
            .clone()
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_LOOKS)
            .statement_cache_capacity(256)
            .disable_statement_logging()
            // 48 MiB at most, taken as pages are touched: about what one transaction of a first load changes.
            .pragma("cache_size", "-49152")
            // Pages of 4 KiB. A first load changes the same ones in each transaction; they go back to the file once in a
            // while, and not each time.
            .pragma("wal_autocheckpoint", "65536");
        let path = Arc::from(options.get_filename());
        let pool = |max: u32| SqlitePoolOptions::new().max_connections(max).acquire_timeout(ACQUIRE_TIMEOUT);
        let writer = pool(1).connect_lazy_with(options.clone());
        // Rows are handed over by many at once: a reload reads the whole table.
        let options = options.row_buffer_size(1024).pragma("query_only", "1").pragma("cache_size", "-4096");
        let readers = pool(4).connect_lazy_with(options);
        let visitor = pool(1).connect_lazy_with(named.create_if_missing(false).read_only(true));
        Ok(Self { path, writer, readers, visitor })
    }

    /// A connection that may write.
    pub(super) async fn writer(&self) -> Result<Conn, StoreError> {
        self.acquire(&self.writer).await
    }

    /// A connection that only reads.
    pub(super) async fn reader(&self) -> Result<Conn, StoreError> {
        self.acquire(&self.readers).await
    }

    /// A connection that changes nothing, not even the mode of the file.
    pub(super) async fn visitor(&self) -> Result<Conn, StoreError> {
        self.acquire(&self.visitor).await
    }

    async fn acquire(&self, pool: &SqlitePool) -> Result<Conn, StoreError> {
        let conn = pool.acquire().await.map_err(|error| StoreError::from(error).in_file(&self.path))?;
        Ok((conn, self.path.clone()).into())
    }

    pub(super) async fn close(&self) {
        self.visitor.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }
}
