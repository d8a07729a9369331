//! The database that runs, rejects and rows are kept in.

use std::path::PathBuf;

use catchment_core::Result;

use super::db::Db;
use super::db::dialect::Dialect;

/// The database that runs, rejects and rows are kept in.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    pub(super) db: Db,
}

impl Store {
    /// The database at `sqlite://file` (made when missing) or `mysql://user:password@host:3306/db`, with so many
    /// connections at most. It is connected to when it is first used, which should be [`Store::migrate`]. `url_file` is
    /// where the URL is read again when no connection can be made.
    ///
    /// # Errors
    /// `config` when the URL is of neither form.
    pub(crate) fn open(url: &str, url_file: Option<PathBuf>, connections: u32) -> Result<Self> {
        Ok(Self { db: Db::open(url, url_file, connections)? })
    }

    /// The database as people know it, without its password.
    pub(crate) fn name(&self) -> String {
        self.db.name()
    }

    /// Why the database is away, if it has been for more than a moment.
    pub(crate) fn outage(&self) -> Option<String> {
        self.db.outage()
    }

    /// How many of so many connections can write pages side by side.
    pub(crate) fn max_writers(&self, asked: usize) -> usize {
        match self.db.dialect() {
            Dialect::MySql => asked.max(1),
            Dialect::Sqlite => 1,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// `database` when it does not.
    pub(crate) async fn ping(&self) -> Result<()> {
        let mut conn = self.db.reader().await?;
        Ok(conn.ping().await?)
    }

    /// Moves what SQLite has in its write-ahead log into the file itself; for when nothing is under way. Does nothing on
    /// other databases.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn checkpoint(&self) -> Result<()> {
        Ok(self.db.checkpoint().await?)
    }

    /// Gives all connections back. Statements under way end first.
    pub(crate) async fn close(&self) {
        // The log is emptied by whoever opens the file next, too.
        self.db.checkpoint().await.ok();
        self.db.close().await;
    }
}
