//! The tables: made at the first start, brought up to date at later ones, and never altered where somebody else
//! made them.

mod change;
mod columns;
mod derived_ids;
mod foreign;
mod proposal;
mod steps;

use std::collections::BTreeSet;
use std::time::Duration;

use catchment_core::{Error, ErrorKind, Result};

use super::Store;
use super::db::dialect::Dialect;
use super::db::{Conn, Db, FailureClass, StoreError};
use columns::existing_columns;
use foreign::plan;
use steps::{MIGRATIONS, MIGRATIONS_TABLE, RowStep};

/// How long a process waits for another one that migrates, in seconds.
const LOCK_SECONDS: i64 = 30;

/// How often, and how long apart, a busy SQLite file is opened.
const OPEN_TRIES: u32 = 50;
const OPEN_PAUSE: Duration = Duration::from_millis(100);

impl Store {
    /// Whether the tables are there and up to date. Nothing is made: neither a table nor a file.
    ///
    /// # Errors
    /// `database`; `config` (`newer_tables`).
    pub(crate) async fn is_migrated(&self) -> Result<bool> {
        if !self.db.is_there() {
            return Ok(false);
        }
        Ok(is_up_to_date(&done_versions(&mut self.db.visitor().await?).await?))
    }

    /// Refuses a database that is not there, or has none of our tables. Nothing is made: neither a table nor a file.
    ///
    /// # Errors
    /// `config` (`no_database`), with what makes one; `database`.
    pub(crate) async fn require_tables(&self) -> Result<()> {
        let name = self.db.name();
        let why = if !self.db.is_there() {
            format!("there is no database {name}")
        } else if done_versions(&mut self.db.visitor().await?).await?.is_empty() {
            format!("the database {name} has no tables of Catchment")
        } else {
            return Ok(());
        };
        let what_to_do =
            "name another one with --database-url, or let `catchment sync`, `serve` or `migrate` make it";
        Err(Error::config("no_database", format!("{why}; {what_to_do}")))
    }

    /// Brings the tables up to date, one process at a time. The names of the steps that were taken. Nothing is changed
    /// where they are, so that a user who may not is enough then.
    ///
    /// # Errors
    /// `config` (`foreign_table`) when a table of ours is there, was not made by us, and lacks something: with the
    /// DDL that adds it. `config` (`newer_tables`) when a newer version has been here. `config` (`tables_missing`) when
    /// they are not up to date, and the user may not change them.
    pub(crate) async fn migrate(&self) -> Result<Vec<&'static str>> {
        let opened = self.first_connection().await;
        let mut conn = opened.map_err(|failure| Error::from(failure).during("opening the database"))?;
        if is_up_to_date(&done_versions(&mut conn).await?) {
            return Ok(Vec::new());
        }
        lock(&self.db, &mut conn).await?;
        let result = bring_up_to_date(self.db.dialect(), &mut conn).await;
        let unlocked = unlock(&self.db, &mut conn, result.is_ok()).await;
        let applied = result?;
        unlocked?;
        Ok(applied)
    }

    /// SQLite says at once that it is busy while another process turns the file to WAL.
    async fn first_connection(&self) -> Result<Conn, StoreError> {
        for _ in 0..OPEN_TRIES {
            match self.db.writer().await {
                Err(failure) if failure.class == FailureClass::Contended => {
                    tokio::time::sleep(OPEN_PAUSE).await;
                }
                result => return result,
            }
        }
        self.db.writer().await
    }
}

/// One process at a time. On SQLite a transaction does it, as DDL is part of one there.
async fn lock(db: &Db, conn: &mut Conn) -> Result<()> {
    match db.dialect() {
        Dialect::Sqlite => conn.raw("BEGIN IMMEDIATE").await?,
        Dialect::MySql => {
            let sql = "SELECT GET_LOCK(CONCAT('catchment.', LEFT(DATABASE(), 40)), ?)";
            let rows = conn.fetch(sql, &[LOCK_SECONDS.into()]).await?;
            if rows.first().map(|row| row.optional_int(0)).transpose()?.flatten() != Some(1) {
                return Err(Error::new(
                    ErrorKind::Database,
                    "migration_locked",
                    format!(
                        "another process has been migrating the tables for {LOCK_SECONDS} s; wait for it, or stop it"
                    ),
                ));
            }
        }
    }
    Ok(())
}

async fn unlock(db: &Db, conn: &mut Conn, is_ok: bool) -> Result<()> {
    match db.dialect() {
        Dialect::Sqlite => conn.raw(if is_ok { "COMMIT" } else { "ROLLBACK" }).await?,
        Dialect::MySql => {
            conn.fetch("SELECT RELEASE_LOCK(CONCAT('catchment.', LEFT(DATABASE(), 40)))", &[]).await?;
        }
    }
    Ok(())
}

/// The versions of the steps that were taken here; none where there are no tables.
async fn done_versions(conn: &mut Conn) -> Result<BTreeSet<i64>> {
    if existing_columns(conn, "catchment_migrations").await?.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = conn.fetch("SELECT version FROM catchment_migrations", &[]).await?;
    let done: BTreeSet<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
    let known = MIGRATIONS.last().map_or(0, |last| last.version);
    if let Some(newer) = done.iter().find(|version| **version > known) {
        return Err(Error::config(
            "newer_tables",
            format!(
                "the tables have schema version {newer}, and this program supports up to {known}; use a newer \
                 version of it"
            ),
        ));
    }
    Ok(done)
}

fn is_up_to_date(done: &BTreeSet<i64>) -> bool {
    MIGRATIONS.iter().all(|migration| done.contains(&migration.version))
}

/// The error of a statement that changes tables.
fn cannot_change(failure: StoreError) -> Error {
    let what_to_do = "the tables are missing or out of date, and this user may not change them; run `catchment \
                      migrate` once with a user who may";
    if failure.is_denied() {
        return Error::config("tables_missing", failure.message()).during(what_to_do);
    }
    failure.into()
}

async fn bring_up_to_date(dialect: Dialect, conn: &mut Conn) -> Result<Vec<&'static str>> {
    let [mysql, sqlite] = MIGRATIONS_TABLE;
    conn.raw(dialect.pick(mysql, sqlite)).await.map_err(cannot_change)?;
    let done = done_versions(conn).await?;
    let pending: Vec<_> = MIGRATIONS.iter().filter(|migration| !done.contains(&migration.version)).collect();
    let steps = plan(dialect, conn, &pending).await?;
    let mut applied = Vec::new();
    for (migration, statements) in pending.iter().zip(steps) {
        for statement in statements {
            // A large table takes as long as it takes.
            conn.raw_unbounded(statement).await.map_err(|failure| {
                cannot_change(failure).during(format!("migration {} ({})", migration.version, migration.name))
            })?;
        }
        if let Some(RowStep::DerivedIds) = migration.rows {
            derived_ids::update(dialect, conn).await?;
        }
        let sql = "INSERT INTO catchment_migrations (version, name) VALUES (?, ?)";
        match conn.execute(sql, &[migration.version.into(), migration.name.into()]).await {
            Ok(_) => applied.push(migration.name),
            // GET_LOCK is of one node of a cluster: another one took the same step at the same time.
            Err(failure) if failure.is_duplicate() || failure.class == FailureClass::Contended => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(applied)
}
