//! A connection: one statement after the other, each within its time.

use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt;
use sqlx::pool::PoolConnection;
use sqlx::{Connection, Either, Executor, MySql, Sqlite};

use super::busy::BusyRetry;
use super::dialect::{Dialect, Sql};
use super::error::StoreError;
use super::limits::bounded;
use super::mysql::HostConnection;
use super::row::Row;
use super::statement::{Arg, mysql_arguments, sqlite_arguments};

/// A connection out of the pool. If a future that used it is dropped half-way it is closed and not given back:
/// nobody knows what it was doing.
pub(crate) struct Conn {
    inner: Option<Either<PoolConnection<MySql>, PoolConnection<Sqlite>>>,
    is_busy: bool,
    /// Who wants to hear how its statements end.
    connected: Option<HostConnection>,
    /// The file of SQLite, for errors to name.
    file: Option<Arc<Path>>,
}

impl From<(PoolConnection<MySql>, HostConnection)> for Conn {
    fn from((conn, connected): (PoolConnection<MySql>, HostConnection)) -> Self {
        Self { inner: Some(Either::Left(conn)), is_busy: false, connected: Some(connected), file: None }
    }
}

impl From<(PoolConnection<Sqlite>, Arc<Path>)> for Conn {
    fn from((conn, file): (PoolConnection<Sqlite>, Arc<Path>)) -> Self {
        Self { inner: Some(Either::Right(conn)), is_busy: false, connected: None, file: Some(file) }
    }
}

impl Conn {
    /// One statement; how many rows it changed (on MySQL: how many it matched).
    pub(crate) async fn execute(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let sql = sql.into();
        self.is_busy = true;
        let count = match self.inner.as_mut() {
            Some(Either::Left(conn)) => {
                let query = sqlx::query_with(Dialect::MySql.to_sql(sql), mysql_arguments(args)?);
                bounded(conn.execute(query)).await.map(|done| done.rows_affected())
            }
            Some(Either::Right(conn)) => {
                let text = Dialect::Sqlite.to_sql(sql);
                let patience = BusyRetry::begin();
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
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        let sql = sql.into();
        self.is_busy = true;
        let rows: Result<Vec<Row>, sqlx::Error> = match self.inner.as_mut() {
            Some(Either::Left(conn)) => {
                let query = sqlx::query_with(Dialect::MySql.to_sql(sql), mysql_arguments(args)?);
                bounded(conn.fetch_all(query)).await.map(|rows| rows.into_iter().map(Row::MySql).collect())
            }
            Some(Either::Right(conn)) => {
                let text = Dialect::Sqlite.to_sql(sql);
                let patience = BusyRetry::begin();
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
    pub(crate) async fn each(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
        mut row: impl FnMut(&Row) -> Result<(), StoreError> + Send,
    ) -> Result<(), StoreError> {
        self.each_while(sql, args, |found| row(found).map(|()| true)).await
    }

    /// The same until one of them is enough: what is left then is thrown away with the connection. A LIMIT would do it as well, but
    /// some plans follow an index for its sake, row by row, where they would read the table from its beginning.
    pub(crate) async fn each_while(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
        mut row: impl FnMut(&Row) -> Result<bool, StoreError> + Send,
    ) -> Result<(), StoreError> {
        let sql = sql.into();
        // Until the last row is here: whoever stops before leaves the rest on the connection.
        self.is_busy = true;
        match self.inner.as_mut() {
            Some(Either::Left(conn)) => {
                let query = sqlx::query_with(Dialect::MySql.to_sql(sql), mysql_arguments(args)?);
                let mut rows = conn.fetch(query);
                while let Some(found) = bounded(rows.try_next()).await? {
                    if !row(&Row::MySql(found))? {
                        return Ok(());
                    }
                }
            }
            Some(Either::Right(conn)) => {
                let query = sqlx::query_with(Dialect::Sqlite.to_sql(sql), sqlite_arguments(args)?);
                let mut rows = conn.fetch(query);
                while let Some(found) = bounded(rows.try_next()).await? {
                    if !row(&Row::Sqlite(found))? {
                        return Ok(());
                    }
                }
            }
            None => return Err(sqlx::Error::PoolClosed.into()),
        }
        self.is_busy = false;
        Ok(())
    }

    /// The id that the last INSERT was given.
    pub(crate) async fn last_id(&mut self) -> Result<i64, StoreError> {
        let sql = Sql::Each { mysql: "SELECT LAST_INSERT_ID()", sqlite: "SELECT last_insert_rowid()" };
        self.fetch(sql, &[]).await?.first().map_or(Ok(0), |row| row.int(0))
    }

    /// A statement that cannot be prepared, such as BEGIN or DDL.
    pub(crate) async fn raw(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.is_busy = true;
        let done = match self.inner.as_mut() {
            Some(Either::Left(conn)) => bounded(conn.execute(sql)).await.map(|_| ()),
            Some(Either::Right(conn)) => {
                let patience = BusyRetry::begin();
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
    pub(crate) async fn raw_unbounded(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.is_busy = true;
        let done = match self.inner.as_mut() {
            Some(Either::Left(conn)) => conn.execute(sql).await.map(|_| ()),
            Some(Either::Right(conn)) => conn.execute(sql).await.map(|_| ()),
            None => Err(sqlx::Error::PoolClosed),
        };
        self.end(done)
    }

    /// Whether the server answers.
    pub(crate) async fn ping(&mut self) -> Result<(), StoreError> {
        self.is_busy = true;
        let done = match self.inner.as_mut() {
            Some(Either::Left(conn)) => bounded(conn.ping()).await,
            Some(Either::Right(conn)) => bounded(conn.ping()).await,
            None => Err(sqlx::Error::PoolClosed),
        };
        self.end(done)
    }

    /// Notes that a statement ended. After a time-out it has not: the connection stays busy, and is closed.
    fn end<T>(&mut self, result: Result<T, sqlx::Error>) -> Result<T, StoreError> {
        let timed_out =
            matches!(&result, Err(sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::TimedOut);
        let is_turned_away = match (&result, &self.connected) {
            (Err(error), Some(connected)) => connected.note_error(error),
            (Ok(_), Some(connected)) => {
                connected.note_success();
                false
            }
            _ => false,
        };
        self.is_busy = timed_out || is_turned_away;
        result.map_err(|error| match &self.file {
            Some(file) => StoreError::from(error).in_file(file),
            None => error.into(),
        })
    }

    /// Takes the connection out of the pool and closes it.
    pub(super) fn discard(&mut self) {
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
