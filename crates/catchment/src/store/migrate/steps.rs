//! The steps from one version of the tables to the next.

use crate::store::db::dialect::Dialect;

/// A step from one version of the tables to the next. Statements end with a semicolon at the end of a line.
pub(super) struct Migration {
    pub(super) version: i64,
    pub(super) name: &'static str,
    mysql: &'static str,
    sqlite: &'static str,
    /// What no statement can do, after them.
    pub(super) rows: Option<RowStep>,
}

/// Changes of rows that SQL cannot compute. They can be repeated.
#[derive(Debug, Clone, Copy)]
pub(super) enum RowStep {
    /// See [`super::derived_ids`].
    DerivedIds,
}

impl Migration {
    /// Its statements.
    pub(super) fn statements(&self, dialect: Dialect) -> impl Iterator<Item = &'static str> {
        let ddl = dialect.pick(self.mysql, self.sqlite);
        ddl.split(";\n").map(str::trim).filter(|statement| !statement.is_empty())
    }
}

/// The step of a version and a name: the files `VERSION_NAME.sql`, with the version in four digits.
macro_rules! migration {
    ($version:literal = $digits:literal, $name:literal) => {
        migration!($version = $digits, $name, None)
    };
    ($version:literal = $digits:literal, $name:literal, $rows:expr) => {
        Migration {
            version: $version,
            name: $name,
            mysql: include_str!(concat!("../../../migrations/mysql/", $digits, "_", $name, ".sql")),
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $digits, "_", $name, ".sql")),
            rows: $rows,
        }
    };
}

pub(super) const MIGRATIONS: &[Migration] = &[
    migration!(1 = "0001", "init"),
    migration!(2 = "0002", "jobs"),
    migration!(3 = "0003", "states"),
    migration!(4 = "0004", "claims"),
    migration!(5 = "0005", "identities", Some(RowStep::DerivedIds)),
    migration!(6 = "0006", "seen"),
    migration!(7 = "0007", "previews"),
    migration!(8 = "0008", "rejects"),
    migration!(9 = "0009", "conflicts"),
    migration!(10 = "0010", "told"),
    migration!(11 = "0011", "volumes"),
    migration!(12 = "0012", "definitions"),
];

pub(super) const MIGRATIONS_TABLE: [&str; 2] = [
    "CREATE TABLE IF NOT EXISTS catchment_migrations (version BIGINT NOT NULL PRIMARY KEY, \
            name VARCHAR(64) NOT NULL, applied_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3)) ENGINE = InnoDB",
    "CREATE TABLE IF NOT EXISTS catchment_migrations (version INTEGER NOT NULL PRIMARY KEY, \
             name TEXT NOT NULL, applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')))",
];
