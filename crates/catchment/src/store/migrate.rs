//! The tables: made at the first start, brought up to date at later ones, and never altered where somebody else
//! made them.

use std::collections::BTreeSet;
use std::time::Duration;

use catchment_core::{Error, ErrorKind, Result};

use super::Store;
use super::db::{Conn, Db};
use super::dialect::{Dialect, Sql, sql};
use super::error::{Class, Failure};

/// A step from one version of the tables to the next. Statements end with a semicolon at the end of a line.
struct Migration {
    version: i64,
    name: &'static str,
    ddl: Sql,
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "init",
        ddl: Sql {
            mysql: include_str!("../../migrations/mysql/0001_init.sql"),
            sqlite: include_str!("../../migrations/sqlite/0001_init.sql"),
        },
    },
    Migration {
        version: 2,
        name: "jobs",
        ddl: Sql {
            mysql: include_str!("../../migrations/mysql/0002_jobs.sql"),
            sqlite: include_str!("../../migrations/sqlite/0002_jobs.sql"),
        },
    },
    Migration {
        version: 3,
        name: "states",
        ddl: Sql {
            mysql: include_str!("../../migrations/mysql/0003_states.sql"),
            sqlite: include_str!("../../migrations/sqlite/0003_states.sql"),
        },
    },
];

const MIGRATIONS_TABLE: Sql = Sql {
    mysql: "CREATE TABLE IF NOT EXISTS catchment_migrations (version BIGINT NOT NULL PRIMARY KEY, \
            name VARCHAR(64) NOT NULL, applied_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)) ENGINE = InnoDB",
    sqlite: "CREATE TABLE IF NOT EXISTS catchment_migrations (version INTEGER NOT NULL PRIMARY KEY, \
             name TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')))",
};

/// How long a process waits for another one that migrates, in seconds.
const LOCK_SECONDS: i64 = 30;

/// How often, and how long apart, a busy SQLite file is opened.
const OPEN_TRIES: u32 = 50;
const OPEN_PAUSE: Duration = Duration::from_millis(100);

impl Store {
    /// Brings the tables up to date, one process at a time. The names of the steps that were taken.
    ///
    /// # Errors
    /// `config` (`foreign_table`) when a table of ours is there, was not made by us, and lacks something: with the
    /// DDL that adds it. `config` (`newer_tables`) when a newer version has been here.
    pub async fn migrate(&self) -> Result<Vec<&'static str>> {
        let opened = self.first_connection().await;
        let mut conn = opened.map_err(|failure| Error::from(failure).context("opening the database"))?;
        lock(&self.db, &mut conn).await?;
        let result = migrate(self.db.dialect(), &mut conn).await;
        let unlocked = unlock(&self.db, &mut conn, result.is_ok()).await;
        let applied = result?;
        unlocked?;
        Ok(applied)
    }
}

impl Store {
    /// SQLite says at once that it is busy while another process turns the file to WAL.
    async fn first_connection(&self) -> Result<Conn, Failure> {
        for _ in 0..OPEN_TRIES {
            match self.db.writer().await {
                Err(failure) if failure.class == Class::Contended => tokio::time::sleep(OPEN_PAUSE).await,
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
            let sql = sql!("SELECT GET_LOCK(CONCAT('catchment.', LEFT(DATABASE(), 40)), ?)");
            let rows = conn.fetch(sql, &[LOCK_SECONDS.into()]).await?;
            if rows.first().map(|row| row.optional_int(0)).transpose()?.flatten() != Some(1) {
                return Err(Error::new(
                    ErrorKind::Database,
                    "migration_locked",
                    format!("another process has been migrating for {LOCK_SECONDS} s; see what it is doing"),
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
            conn.fetch(sql!("SELECT RELEASE_LOCK(CONCAT('catchment.', LEFT(DATABASE(), 40)))"), &[]).await?;
        }
    }
    Ok(())
}

async fn migrate(dialect: Dialect, conn: &mut Conn) -> Result<Vec<&'static str>> {
    conn.raw(dialect.pick(MIGRATIONS_TABLE)).await?;
    let rows = conn.fetch(sql!("SELECT version FROM catchment_migrations"), &[]).await?;
    let done: BTreeSet<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_, _>>()?;
    let known = MIGRATIONS.last().map_or(0, |last| last.version);
    if let Some(newer) = done.iter().find(|version| **version > known) {
        return Err(Error::config(
            "newer_tables",
            format!(
                "the tables are of version {newer}, this program knows up to {known}; use a newer program"
            ),
        ));
    }
    if done.is_empty() {
        refuse_foreign_tables(dialect, conn).await?;
    }
    let mut applied = Vec::new();
    for migration in MIGRATIONS.iter().filter(|migration| !done.contains(&migration.version)) {
        // Each statement can be repeated: MySQL commits after each, so a crash may leave some of them done.
        for statement in statements(dialect.pick(migration.ddl)) {
            conn.raw(statement).await.map_err(|failure| {
                Error::from(failure).context(format!("migration {} ({})", migration.version, migration.name))
            })?;
        }
        let sql = sql!("INSERT INTO catchment_migrations (version, name) VALUES (?, ?)");
        match conn.execute(sql, &[migration.version.into(), migration.name.into()]).await {
            Ok(_) => applied.push(migration.name),
            // GET_LOCK is of one node of a cluster: another one took the same step at the same time.
            Err(failure) if failure.is_duplicate() || failure.class == Class::Contended => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Ok(applied)
}

fn statements(ddl: &'static str) -> impl Iterator<Item = &'static str> {
    ddl.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
}

/// What is found without a record of our having made it must have all that we would have made.
async fn refuse_foreign_tables(dialect: Dialect, conn: &mut Conn) -> Result<()> {
    let mut missing = Vec::new();
    for (name, definitions) in tables(dialect) {
        let columns = existing_columns(conn, name).await?;
        if columns.is_empty() {
            continue;
        }
        let unique = existing_unique_keys(dialect, conn, name).await?;
        for definition in definitions {
            match unique_key(definition) {
                Some(key) if !unique.contains(&key) => {
                    let constraint = definition.trim_start_matches("UNIQUE KEY ").replace("CONSTRAINT ", "");
                    let index = constraint.split_whitespace().next().unwrap_or_default();
                    missing.push(format!("CREATE UNIQUE INDEX {index} ON {name} ({key});"));
                }
                Some(_) => {}
                None => {
                    let column = definition.split_whitespace().next().unwrap_or_default();
                    if !is_constraint(definition) && !columns.contains(column) {
                        missing.push(format!("ALTER TABLE {name} ADD COLUMN {definition};"));
                    }
                }
            }
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::config(
        "foreign_table",
        format!(
            "tables of these names are there already, were not made by Catchment, and lack what it needs. It does not \
             alter them. Add it (and fill it where rows exist), or use another database:\n{}",
            missing.join("\n")
        ),
    ))
}

/// The tables of all migrations, each with the lines of its definition.
fn tables(dialect: Dialect) -> Vec<(&'static str, Vec<&'static str>)> {
    let statements = MIGRATIONS.iter().flat_map(|migration| statements(dialect.pick(migration.ddl)));
    statements
        .filter_map(|statement| {
            let (name, body) = statement.strip_prefix("CREATE TABLE IF NOT EXISTS ")?.split_once(" (\n")?;
            let body = body.rsplit_once("\n)")?.0;
            Some((name, body.lines().map(|line| line.trim().trim_end_matches(',')).collect()))
        })
        .collect()
}

fn is_constraint(definition: &str) -> bool {
    ["PRIMARY ", "KEY ", "CONSTRAINT "].iter().any(|word| definition.starts_with(word))
}

/// The columns of a unique key, where the line defines one.
fn unique_key(definition: &str) -> Option<String> {
    let is_unique = definition.starts_with("UNIQUE KEY ") || definition.contains(" UNIQUE (");
    let columns = definition.rsplit_once('(')?.1.trim_end_matches(')');
    is_unique.then(|| columns.to_owned())
}

async fn existing_columns(conn: &mut Conn, table: &str) -> Result<BTreeSet<String>> {
    let sql = Sql {
        mysql: "SELECT column_name FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ?",
        sqlite: "SELECT name FROM pragma_table_info(?)",
    };
    let rows = conn.fetch(sql, &[table.into()]).await?;
    Ok(rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?)
}

/// The columns of each unique key of a table, in order, as text.
async fn existing_unique_keys(dialect: Dialect, conn: &mut Conn, table: &str) -> Result<BTreeSet<String>> {
    let sql = match dialect {
        Dialect::MySql => sql!(
            "SELECT CAST(GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ') AS CHAR) "
            "FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? "
            "AND non_unique = 0 AND sub_part IS NULL GROUP BY index_name"
        ),
        Dialect::Sqlite => sql!(
            "SELECT (SELECT group_concat(c.name, ', ' ORDER BY c.seqno) FROM pragma_index_info(i.name) c) "
            "FROM pragma_index_list(?) i WHERE i.\"unique\" = 1 AND i.partial = 0"
        ),
    };
    let rows = conn.fetch(sql, &[table.into()]).await?;
    Ok(rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?)
}
