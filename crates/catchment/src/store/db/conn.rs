//! The connection: the one place that knows which database it talks to.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use catchment_core::{Error, Result};
use futures::TryStreamExt;
use sqlx::mysql::{MySqlArguments, MySqlRow};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{
    Arguments, AssertSqlSafe, ConnectOptions, Connection, Either, Executor, MySql, Row as _, SqlSafeStr,
    SqlStr, Sqlite, ValueRef,
};

use super::dialect::{Dialect, Sql};
use super::error::{Failure, is_busy};
use super::mysql::{Cluster, Connected};

/// How long a request waits for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long SQLite waits for another process's transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long SQLite itself waits before it is asked again. It looks after 1, 2, 5, 10, … up to 100 ms, and a process
/// that commits page after page would be missed for seconds by one that looks so seldom.
const BUSY_LOOKS: Duration = Duration::from_millis(8);
/// How long any statement may take. A server whose host vanished says nothing for ever.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// What is bound to a `?`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arg<'a> {
    Null,
    Int(i64),
    Text(&'a str),
}

impl From<i64> for Arg<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl<'a> From<&'a str> for Arg<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a String> for Arg<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(value)
    }
}

impl<'a, T: Into<Arg<'a>>> From<Option<T>> for Arg<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The text of a statement: written as a literal, or built from names that the code owns.
#[derive(Debug, Clone)]
pub(crate) enum Statement {
    Written(Sql),
    Built(Arc<str>),
}

impl From<Sql> for Statement {
    fn from(sql: Sql) -> Self {
        Self::Written(sql)
    }
}

impl From<String> for Statement {
    fn from(sql: String) -> Self {
        Self::Built(sql.into())
    }
}

impl Statement {
    fn text(self, dialect: Dialect) -> SqlStr {
        match self {
            Self::Written(sql) => dialect.pick(sql).into_sql_str(),
            Self::Built(sql) => AssertSqlSafe(sql).into_sql_str(),
        }
    }
}

/// A row of an answer; columns are counted from 0.
pub(crate) enum Row {
    MySql(MySqlRow),
    Sqlite(SqliteRow),
    /// One of many that came as one text.
    Values(Vec<serde_json::Value>),
}

impl Row {
    pub(crate) fn int(&self, column: usize) -> Result<i64, Failure> {
        Ok(self.optional_int(column)?.unwrap_or_default())
    }

    pub(crate) fn optional_int(&self, column: usize) -> Result<Option<i64>, Failure> {
        Ok(match self {
            Self::MySql(row) => row.try_get_unchecked(column)?,
            Self::Sqlite(row) => row.try_get_unchecked(column)?,
            Self::Values(values) => values.get(column).and_then(serde_json::Value::as_i64),
        })
    }

    pub(crate) fn is_null(&self, column: usize) -> Result<bool, Failure> {
        Ok(match self {
            Self::MySql(row) => row.try_get_raw(column)?.is_null(),
            Self::Sqlite(row) => row.try_get_raw(column)?.is_null(),
            Self::Values(values) => values.get(column).is_none_or(serde_json::Value::is_null),
        })
    }

    pub(crate) fn text(&self, column: usize) -> Result<&str, Failure> {
        Ok(self.optional_text(column)?.unwrap_or_default())
    }

    pub(crate) fn optional_text(&self, column: usize) -> Result<Option<&str>, Failure> {
        Ok(match self {
            Self::MySql(row) => row.try_get_unchecked(column)?,
            Self::Sqlite(row) => row.try_get_unchecked(column)?,
            Self::Values(values) => values.get(column).and_then(serde_json::Value::as_str),
        })
    }
}

const WAL_CHECKPOINT: Sql = Sql { mysql: "", sqlite: "PRAGMA wal_checkpoint(TRUNCATE)" };

/// Bytes of values in one statement at most, unless it is one row.
const MAX_STATEMENT: usize = 1 << 20;

/// How large a statement may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Parameters at most.
    pub(super) parameters: usize,
    /// Bytes that several rows should keep to.
    pub(super) bytes: usize,
    /// Bytes that the database takes at all.
    pub(super) packet: usize,
}

impl Limits {
    /// One row that no statement can carry is that row's fault.
    pub(super) fn check(self, bytes: usize) -> Result<(), Failure> {
        match bytes < self.packet {
            true => Ok(()),
            false => Err(Failure::too_large(bytes, self.packet)),
        }
    }
}

/// The database. SQLite has one writer and readers beside it, so that a long page blocks no answer.
#[derive(Debug, Clone)]
pub(crate) enum Db {
    MySql(Arc<Cluster>),
    Sqlite { file: PathBuf, writer: SqlitePool, readers: SqlitePool },
}

impl Db {
    /// The database at `url`; it is connected to, and SQLite's file made, when it is first used.
    pub(crate) fn open(url: &str, connections: u32) -> Result<Self> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("mysql" | "mariadb") => Ok(Self::MySql(Arc::new(Cluster::open(url, connections)?))),
            Some("sqlite") => open_sqlite(url),
            _ => Err(Error::config(
                "database_url",
                "the database URL begins with neither mysql:// nor mariadb:// nor sqlite://",
            )),
        }
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Self::MySql(_) => Dialect::MySql,
            Self::Sqlite { .. } => Dialect::Sqlite,
        }
    }

    /// Whether there is a database that can be asked without making it.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::MySql(_) => true,
            Self::Sqlite { file, .. } => file.exists(),
        }
    }

    /// Whether the database stores JSON as it likes, and not as the text that it was given.
    pub(super) fn rewrites_json(&self) -> bool {
        matches!(self, Self::MySql(cluster) if cluster.rewrites_json())
    }

    /// Moves what SQLite has in its write-ahead log into the file itself, and empties the log, if nobody reads from it.
    pub(crate) async fn checkpoint(&self) -> Result<(), Failure> {
        match self {
            Self::MySql(_) => Ok(()),
            Self::Sqlite { .. } => self.writer().await?.fetch(WAL_CHECKPOINT, &[]).await.map(|_| ()),
        }
    }

    /// What the server's `max_allowed_packet` allows, and the protocol.
    pub(super) fn limits(&self) -> Limits {
        match self {
            Self::MySql(cluster) => {
                let packet = cluster.max_packet();
                Limits { parameters: 65_535, bytes: MAX_STATEMENT.min(packet / 2), packet }
            }
            Self::Sqlite { .. } => Limits { parameters: 32_766, bytes: MAX_STATEMENT, packet: usize::MAX },
        }
    }

    /// A connection that only reads.
    pub(crate) async fn reader(&self) -> Result<Conn, Failure> {
        Conn::acquire(self, false).await
    }

    /// A connection that may write.
    pub(crate) async fn writer(&self) -> Result<Conn, Failure> {
        Conn::acquire(self, true).await
    }

    /// Begins a transaction that writes.
    pub(crate) async fn begin(&self) -> Result<Tx, Failure> {
        let mut conn = self.writer().await?;
        conn.raw(match self.dialect() {
            Dialect::MySql => "START TRANSACTION",
            // A deferred one fails with BUSY, whatever the time-out, when it turns from reading to writing.
            Dialect::Sqlite => "BEGIN IMMEDIATE",
        })
        .await?;
        Ok(Tx { conn: Some(conn) })
    }

    /// One statement that writes, in a transaction of its own.
    pub(crate) async fn execute(&self, sql: impl Into<Statement>, args: &[Arg<'_>]) -> Result<u64, Failure> {
        self.writer().await?.execute(sql, args).await
    }

    /// All rows of one query.
    pub(crate) async fn fetch(
        &self,
        sql: impl Into<Statement>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, Failure> {
        self.reader().await?.fetch(sql, args).await
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::MySql(cluster) => cluster.close().await,
            Self::Sqlite { writer, readers, .. } => {
                readers.close().await;
                writer.close().await;
            }
        }
    }
}

fn open_sqlite(url: &str) -> Result<Db> {
    let names_no_file = matches!(url.trim_end_matches('/'), "sqlite:");
    if names_no_file || url.contains(":memory:") || url.contains("mode=memory") {
        return Err(Error::config(
            "database_url",
            "SQLite is used with a file, such as sqlite://catchment.db",
        ));
    }
    let bad = |error: sqlx::Error| {
        Error::config("database_url", format!("`{url}` names no SQLite file: {error}")).with_source(error)
    };
    let options = SqliteConnectOptions::from_str(url)
        .map_err(bad)?
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
    let file = options.get_filename().to_owned();
    let pool = |max: u32| SqlitePoolOptions::new().max_connections(max).acquire_timeout(ACQUIRE_TIMEOUT);
    let writer = pool(1).connect_lazy_with(options.clone());
    // Rows are handed over by many at once: a reload reads the whole table.
    let options = options.row_buffer_size(1024).pragma("query_only", "1").pragma("cache_size", "-4096");
    let readers = pool(4).connect_lazy_with(options);
    Ok(Db::Sqlite { file, writer, readers })
}

/// A connection out of the pool. If a future that used it is dropped half-way it is closed and not given back:
/// nobody knows what it was doing.
pub(crate) struct Conn {
    inner: Option<Either<PoolConnection<MySql>, PoolConnection<Sqlite>>>,
    is_busy: bool,
    /// Who wants to hear how its statements end.
    connected: Option<Connected>,
}

impl Conn {
    async fn acquire(db: &Db, may_write: bool) -> Result<Self, Failure> {
        let (inner, connected) = match db {
            Db::MySql(cluster) => {
                let (conn, connected) = cluster.acquire().await?;
                (Either::Left(conn), Some(connected))
            }
            Db::Sqlite { writer, .. } if may_write => (Either::Right(writer.acquire().await?), None),
            Db::Sqlite { readers, .. } => (Either::Right(readers.acquire().await?), None),
        };
        Ok(Self { inner: Some(inner), is_busy: false, connected })
    }

    /// One statement; how many rows it changed (on MySQL: how many it matched).
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Statement>,
        args: &[Arg<'_>],
    ) -> Result<u64, Failure> {
        let sql = sql.into();
        self.is_busy = true;
        let count = match self.inner.as_mut() {
            Some(Either::Left(conn)) => {
                let query = sqlx::query_with(sql.text(Dialect::MySql), mysql_arguments(args)?);
                bounded(conn.execute(query)).await.map(|done| done.rows_affected())
            }
            Some(Either::Right(conn)) => {
                let text = sql.text(Dialect::Sqlite);
                let patience = Patience::begin();
                loop {
                    let query = sqlx::query_with(text.clone(), sqlite_arguments(args)?);
                    let result = bounded(conn.execute(query)).await;
                    if !patience.asks_again(&result) {
                        break result.map(|done| done.rows_affected());
                    }
                }
            }
            None => Err(sqlx::Error::PoolClosed),
        };
        self.end(count)
    }

    /// All rows of one query.
    pub(crate) async fn fetch(
        &mut self,
        sql: impl Into<Statement>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, Failure> {
        let sql = sql.into();
        self.is_busy = true;
        let rows: Result<Vec<Row>, sqlx::Error> = match self.inner.as_mut() {
            Some(Either::Left(conn)) => {
                let query = sqlx::query_with(sql.text(Dialect::MySql), mysql_arguments(args)?);
                bounded(conn.fetch_all(query)).await.map(|rows| rows.into_iter().map(Row::MySql).collect())
            }
            Some(Either::Right(conn)) => {
                let text = sql.text(Dialect::Sqlite);
                let patience = Patience::begin();
                loop {
                    let query = sqlx::query_with(text.clone(), sqlite_arguments(args)?);
                    let result = bounded(conn.fetch_all(query)).await;
                    if !patience.asks_again(&result) {
                        break result.map(|rows| rows.into_iter().map(Row::Sqlite).collect());
                    }
                }
            }
            None => Err(sqlx::Error::PoolClosed),
        };
        self.end(rows)
    }

    /// Goes through the rows of one query, however many.
    pub(super) async fn each(
        &mut self,
        sql: impl Into<Statement>,
        args: &[Arg<'_>],
        mut row: impl FnMut(&Row) -> Result<(), Failure> + Send,
    ) -> Result<(), Failure> {
        let sql = sql.into();
        // Until the last row is here: whoever stops before leaves the rest on the connection.
        self.is_busy = true;
        match self.inner.as_mut() {
            Some(Either::Left(conn)) => {
                let query = sqlx::query_with(sql.text(Dialect::MySql), mysql_arguments(args)?);
                let mut rows = conn.fetch(query);
                while let Some(found) = bounded(rows.try_next()).await? {
                    row(&Row::MySql(found))?;
                }
            }
            Some(Either::Right(conn)) => {
                let query = sqlx::query_with(sql.text(Dialect::Sqlite), sqlite_arguments(args)?);
                let mut rows = conn.fetch(query);
                while let Some(found) = bounded(rows.try_next()).await? {
                    row(&Row::Sqlite(found))?;
                }
            }
            None => return Err(sqlx::Error::PoolClosed.into()),
        }
        self.is_busy = false;
        Ok(())
    }

    /// The id that the last INSERT was given.
    pub(crate) async fn last_id(&mut self) -> Result<i64, Failure> {
        let sql = Sql { mysql: "SELECT LAST_INSERT_ID()", sqlite: "SELECT last_insert_rowid()" };
        self.fetch(sql, &[]).await?.first().map_or(Ok(0), |row| row.int(0))
    }

    /// A statement that cannot be prepared, such as BEGIN or DDL.
    pub(crate) async fn raw(&mut self, sql: &'static str) -> Result<(), Failure> {
        self.is_busy = true;
        let done = match self.inner.as_mut() {
            Some(Either::Left(conn)) => bounded(conn.execute(sql)).await.map(|_| ()),
            Some(Either::Right(conn)) => {
                let patience = Patience::begin();
                loop {
                    let result = bounded(conn.execute(sql)).await;
                    if !patience.asks_again(&result) {
                        break result.map(|_| ());
                    }
                }
            }
            None => Err(sqlx::Error::PoolClosed),
        };
        self.end(done)
    }

    /// The same for a statement that takes as long as its table is large.
    pub(super) async fn raw_unbounded(&mut self, sql: &'static str) -> Result<(), Failure> {
        self.is_busy = true;
        let done = match self.inner.as_mut() {
            Some(Either::Left(conn)) => conn.execute(sql).await.map(|_| ()),
            Some(Either::Right(conn)) => conn.execute(sql).await.map(|_| ()),
            None => Err(sqlx::Error::PoolClosed),
        };
        self.end(done)
    }

    /// Whether the server answers.
    pub(crate) async fn ping(&mut self) -> Result<(), Failure> {
        self.is_busy = true;
        let done = match self.inner.as_mut() {
            Some(Either::Left(conn)) => bounded(conn.ping()).await,
            Some(Either::Right(conn)) => bounded(conn.ping()).await,
            None => Err(sqlx::Error::PoolClosed),
        };
        self.end(done)
    }

    /// Notes that a statement ended. After a time-out it has not: the connection stays busy, and is closed.
    fn end<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, Failure> {
        let timed_out =
            matches!(&result, Err(sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::TimedOut);
        let is_turned_away = match (&result, &self.connected) {
            (Err(error), Some(connected)) => connected.hear(error),
            (Ok(_), Some(connected)) => {
                connected.answered();
                false
            }
            _ => false,
        };
        self.is_busy = timed_out || is_turned_away;
        Ok(result?)
    }

    /// Takes the connection out of the pool and closes it.
    fn discard(&mut self) {
        match self.inner.take() {
            Some(Either::Left(conn)) => drop(conn.detach()),
            Some(Either::Right(conn)) => drop(conn.detach()),
            None => {}
        }
    }
}

impl Drop for Conn {
    fn drop(&mut self) {
        if self.is_busy {
            self.discard();
        }
    }
}

/// A transaction. Dropped without an end, its connection is closed, which rolls it back.
pub(crate) struct Tx {
    conn: Option<Conn>,
}

impl Tx {
    pub(crate) async fn execute(
        &mut self,
        sql: impl Into<Statement>,
        args: &[Arg<'_>],
    ) -> Result<u64, Failure> {
        self.conn()?.execute(sql, args).await
    }

    pub(crate) async fn fetch(
        &mut self,
        sql: impl Into<Statement>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, Failure> {
        self.conn()?.fetch(sql, args).await
    }

    pub(crate) async fn commit(mut self) -> Result<(), Failure> {
        self.conn()?.raw("COMMIT").await?;
        self.conn = None;
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), Failure> {
        self.conn()?.raw("ROLLBACK").await?;
        self.conn = None;
        Ok(())
    }

    /// Tells the server that it is still wanted: one that is silent for too long is rolled back there, as that of a process
    /// that is gone.
    pub(super) async fn keep_alive(&mut self) -> Result<(), Failure> {
        self.conn()?.ping().await
    }

    /// The connection that it is on.
    pub(super) fn conn(&mut self) -> Result<&mut Conn, Failure> {
        self.conn.as_mut().ok_or_else(|| sqlx::Error::PoolClosed.into())
    }
}

impl Drop for Tx {
    fn drop(&mut self) {
        if let Some(conn) = &mut self.conn {
            conn.discard();
        }
    }
}

/// What a statement gives, if it gives it in time.
async fn bounded<T>(statement: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(STATEMENT_TIMEOUT, statement).await.unwrap_or_else(|_| {
        let message = format!("no answer for {} s", STATEMENT_TIMEOUT.as_secs());
        Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, message)))
    })
}

/// How long a statement of SQLite is repeated while another process is writing.
struct Patience(Instant);

impl Patience {
    fn begin() -> Self {
        Self(Instant::now())
    }

    fn asks_again<T>(&self, result: &Result<T, sqlx::Error>) -> bool {
        matches!(result, Err(error) if is_busy(error)) && self.0.elapsed() < BUSY_TIMEOUT
    }
}

fn mysql_arguments(args: &[Arg<'_>]) -> Result<MySqlArguments, sqlx::Error> {
    let mut arguments = MySqlArguments::default();
    bind(&mut arguments, args)?;
    Ok(arguments)
}

fn sqlite_arguments(args: &[Arg<'_>]) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    bind(&mut arguments, args)?;
    Ok(arguments)
}

fn bind<A: Arguments>(arguments: &mut A, args: &[Arg<'_>]) -> Result<(), sqlx::Error>
where
    for<'t> &'t str: sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
    for<'t> Option<i64>: sqlx::Encode<'t, A::Database>,
    i64: for<'t> sqlx::Encode<'t, A::Database> + sqlx::Type<A::Database>,
{
    let size = args.iter().map(|arg| if let Arg::Text(text) = arg { text.len() } else { 8 }).sum();
    arguments.reserve(args.len(), size);
    for arg in args {
        match *arg {
            Arg::Null => arguments.add(None::<i64>),
            Arg::Int(value) => arguments.add(value),
            Arg::Text(text) => arguments.add(text),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}
