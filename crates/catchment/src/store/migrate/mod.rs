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

/// The step of a version and a name: the files `000VERSION_NAME.sql`.
macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            ddl: Sql {
                mysql: include_str!(concat!("../../migrations/mysql/000", $version, "_", $name, ".sql")),
                sqlite: include_str!(concat!("../../migrations/sqlite/000", $version, "_", $name, ".sql")),
            },
        }
    };
}

const MIGRATIONS: &[Migration] =
    &[migration!(1, "init"), migration!(2, "jobs"), migration!(3, "states"), migration!(4, "claims")];

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
    /// Whether the tables are there and up to date. Nothing is made: neither a table nor a file.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn is_migrated(&self) -> Result<bool> {
        if !self.db.is_there() {
            return Ok(false);
        }
        let mut conn = self.db.reader().await?;
        if existing_columns(&mut conn, "catchment_migrations").await?.is_empty() {
            return Ok(false);
        }
        let rows =
            conn.fetch(sql!("SELECT COALESCE(MAX(version), 0) FROM catchment_migrations"), &[]).await?;
        let version = rows.first().map(|row| row.int(0)).transpose()?;
        Ok(version >= MIGRATIONS.last().map(|last| last.version))
    }

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
    let pending: Vec<_> = MIGRATIONS.iter().filter(|migration| !done.contains(&migration.version)).collect();
    let steps = plan(dialect, conn, &pending).await?;
    let mut applied = Vec::new();
    for (migration, statements) in pending.iter().zip(steps) {
        for statement in statements {
            // A large table takes as long as it takes.
            conn.raw_unbounded(statement).await.map_err(|failure| {
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

/// What a statement of a step does, as far as it matters to what is there already.
enum Change {
    /// Makes a table, with these lines of its definition.
    Table(&'static str, Vec<&'static str>),
    /// Adds something to a table that may be somebody else's.
    Addition { table: &'static str, what: Addition },
    /// Moves rows of ours; it can be repeated.
    Rows,
}

enum Addition {
    Column(&'static str),
    Index {
        name: &'static str,
        is_unique: bool,
    },
    Trigger(&'static str),
    /// `ON UPDATE CURRENT_TIMESTAMP` of a column.
    OnUpdate(&'static str),
}

impl Change {
    fn of(statement: &'static str) -> Self {
        let word = |place: usize| statement.split_whitespace().nth(place).unwrap_or_default();
        let after = |word: &str| {
            let mut words = statement.split_whitespace().skip_while(|found| *found != word);
            words.nth(1).unwrap_or_default()
        };
        if let Some((name, body)) =
            statement.strip_prefix("CREATE TABLE IF NOT EXISTS ").and_then(|rest| rest.split_once(" (\n"))
        {
            let body = body.rsplit_once("\n)").map_or(body, |(body, _)| body);
            let lines = body.lines().map(|line| line.trim().trim_end_matches(',')).collect();
            return Self::Table(name, lines);
        }
        let addition = match (word(0), word(1), word(3)) {
            ("ALTER", "TABLE", "ADD") => Addition::Column(word(5)),
            ("ALTER", "TABLE", "MODIFY") => Addition::OnUpdate(word(5)),
            ("CREATE", "TRIGGER", _) => Addition::Trigger(after("EXISTS")),
            ("CREATE", "INDEX" | "UNIQUE", _) => {
                let name = if statement.contains(" EXISTS ") { after("EXISTS") } else { after("INDEX") };
                Addition::Index { name, is_unique: word(1) == "UNIQUE" }
            }
            _ => return Self::Rows,
        };
        let table = if word(0) == "ALTER" { word(2) } else { after("ON") };
        Self::Addition { table, what: addition }
    }
}

/// The statements of each step that have something to do: MySQL commits after each, so a crash may have left some of them
/// done. A table that is there and was not made by us must have all that a step would give it, and is left as it is.
async fn plan(dialect: Dialect, conn: &mut Conn, pending: &[&Migration]) -> Result<Vec<Vec<&'static str>>> {
    let (mut steps, mut missing) = (Vec::new(), Vec::new());
    for migration in pending {
        let mut todo = Vec::new();
        for statement in statements(dialect.pick(migration.ddl)) {
            match Change::of(statement) {
                Change::Table(name, lines) => {
                    missing.extend(lacks(dialect, conn, name, &lines).await?);
                    todo.push(statement);
                }
                Change::Rows => todo.push(statement),
                Change::Addition { table, what } => {
                    let columns = existing_columns(conn, table).await?;
                    if !columns.is_empty() && what.is_there(dialect, conn, table, &columns).await? {
                        continue;
                    }
                    if columns.is_empty() || is_ours(conn, table).await? {
                        todo.push(statement);
                    } else if !matches!(what, Addition::Index { is_unique: false, .. }) {
                        missing.push(format!("{statement};"));
                    }
                }
            }
        }
        steps.push(todo);
    }
    if missing.is_empty() {
        return Ok(steps);
    }
    Err(Error::config(
        "foreign_table",
        "tables of these names are there already, were not made by Catchment, and lack what it needs. It does not alter \
         them. Add it (and fill it where rows exist), or use another database:",
    )
    .with_lines(&missing))
}

impl Addition {
    async fn is_there(
        &self,
        dialect: Dialect,
        conn: &mut Conn,
        table: &str,
        columns: &BTreeSet<String>,
    ) -> Result<bool> {
        let (sql, name) = match (self, dialect) {
            (Self::Column(name), _) => return Ok(columns.contains(*name)),
            (Self::Index { name, .. }, Dialect::MySql) => (
                sql!(
                    "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND index_name = ?"
                ),
                *name,
            ),
            (Self::Trigger(name), Dialect::MySql) => (
                sql!(
                    "SELECT 1 FROM information_schema.triggers WHERE event_object_schema = DATABASE() AND event_object_table = ? AND trigger_name = ?"
                ),
                *name,
            ),
            (Self::OnUpdate(name), Dialect::MySql) => (
                sql!(
                    "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ? AND datetime_precision >= 3 AND LOWER(extra) LIKE '%on update%'"
                ),
                *name,
            ),
            (Self::Index { name, .. } | Self::Trigger(name) | Self::OnUpdate(name), Dialect::Sqlite) => {
                (sql!("SELECT 1 FROM sqlite_master WHERE tbl_name = ? AND name = ?"), *name)
            }
        };
        Ok(!conn.fetch(sql, &[table.into(), name.into()]).await?.is_empty())
    }
}

/// Whether a table was made by us, or by our statements: nobody else names a constraint like that.
async fn is_ours(conn: &mut Conn, table: &str) -> Result<bool> {
    let sql = Sql {
        mysql: "SELECT 1 FROM information_schema.table_constraints WHERE table_schema = DATABASE() AND table_name = ? \
                AND constraint_type = 'CHECK' AND constraint_name LIKE CONCAT(REPLACE(table_name, '_', '\\_'), '\\_%') LIMIT 1",
        sqlite: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? \
                 AND instr(sql, 'CONSTRAINT ' || name || '_') > 0",
    };
    Ok(!conn.fetch(sql, &[table.into()]).await?.is_empty())
}

/// What a table that is there lacks of what we would have made; nothing where it is not there.
async fn lacks(dialect: Dialect, conn: &mut Conn, name: &str, definitions: &[&str]) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    let columns = existing_columns(conn, name).await?;
    if columns.is_empty() {
        return Ok(missing);
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
    Ok(missing)
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
        // With generated columns.
        sqlite: "SELECT name FROM pragma_table_xinfo(?)",
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
