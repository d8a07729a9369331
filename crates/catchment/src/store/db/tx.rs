//! A transaction, which is undone where nobody ends it.

use super::conn::Conn;
use super::dialect::Sql;
use super::error::StoreError;
use super::row::Row;
use super::statement::Arg;

/// A transaction. Dropped without an end, its connection is closed, which rolls it back.
pub(crate) struct Tx {
    conn: Option<Conn>,
}

impl Tx {
    /// The one that a connection has begun.
    pub(super) fn of(conn: Conn) -> Self {
        Self { conn: Some(conn) }
    }

    pub(crate) async fn execute(&mut self, sql: impl Into<Sql>, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        self.conn()?.execute(sql, args).await
    }

    pub(crate) async fn fetch(
        &mut self,
        sql: impl Into<Sql>,
        args: &[Arg<'_>],
    ) -> Result<Vec<Row>, StoreError> {
        self.conn()?.fetch(sql, args).await
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        self.conn()?.raw("COMMIT").await?;
        self.conn = None;
        Ok(())
    }

    pub(crate) async fn rollback(mut self) -> Result<(), StoreError> {
        self.conn()?.raw("ROLLBACK").await?;
        self.conn = None;
        Ok(())
    }

    /// Tells the server that it is still wanted: one that is silent for too long is rolled back there, as that of a process
    /// that is gone.
    pub(crate) async fn keep_alive(&mut self) -> Result<(), StoreError> {
        self.conn()?.ping().await
    }

    /// The connection that it is on.
    pub(crate) fn conn(&mut self) -> Result<&mut Conn, StoreError> {
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
