//! All SQL, and nothing but it. One function a statement; what belongs together is one transaction here.

mod db;
pub(crate) mod dialect;
mod error;
mod errors;
mod jobs;
mod json;
mod known;
mod migrate;
mod mysql;
mod pages;
mod rows;
mod runs;
mod states;
mod upkeep;
mod writer;

use std::time::Duration;

use catchment_core::{Error, Result};

pub use errors::{StoredError, StoredSkip};
pub use runs::AttemptRecord;

use dialect::Dialect;

pub(crate) use db::Db;
pub(crate) use error::{Class, Failure};
pub(crate) use jobs::Job;
pub(crate) use known::{Known, Marks};
pub(crate) use pages::{Commit, WrittenPage};
pub(crate) use rows::Origin;
pub(crate) use runs::{Claim, Claimant, Lease, NewRun, Verdict, Wait};
pub(crate) use states::Kept;

/// How long a worker holds a run without renewing its lease.
pub(crate) const LEASE: Duration = Duration::from_secs(15);

/// How much of a message is stored. Some list all columns of a file.
const MAX_MESSAGE_BYTES: usize = 8192;

/// The database that runs, rejects and rows are kept in.
#[derive(Debug, Clone)]
pub struct Store {
    db: Db,
}

impl Store {
    /// The database at `sqlite://file` (made when missing) or `mysql://user:password@host:3306/db`, with so many
    /// connections at most. It is connected to when it is first used, which should be [`Store::migrate`].
    ///
    /// # Errors
    /// `config` when the URL is of neither form.
    pub fn open(url: &str, connections: u32) -> Result<Self> {
        Ok(Self { db: Db::open(url, connections)? })
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
    pub async fn ping(&self) -> Result<()> {
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
    pub async fn close(&self) {
        // The log is emptied by whoever opens the file next, too.
        self.db.checkpoint().await.ok();
        self.db.close().await;
    }
}

/// A count for the database. There are no counts beyond it.
fn stored(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count from the database, where CHECKs keep it from being negative.
fn counted(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}

/// JSON of our own that does not read back: somebody changed it by hand, or a newer version wrote it.
fn unreadable(what: &str, error: &serde_json::Error) -> Error {
    Error::config("unreadable", format!("{what} in the database does not read: {error}"))
}
