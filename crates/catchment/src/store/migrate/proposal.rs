//! What somebody can do about tables that are in our way: statements to be copied.

use std::collections::{BTreeMap, BTreeSet};

use catchment_core::Error;

use crate::store::db::dialect::Dialect;

/// What would make tables that are there fit, by table.
#[derive(Debug, Default)]
pub(super) struct Proposal {
    tables: BTreeMap<&'static str, Vec<String>>,
    /// Those that cannot be altered to fit.
    unfit: BTreeSet<&'static str>,
}

impl Proposal {
    pub(super) fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// A statement would give a table what it lacks.
    pub(super) fn alter(&mut self, table: &'static str, statement: String) {
        self.tables.entry(table).or_default().push(statement);
    }

    /// A column has to be of this definition instead, which SQLite cannot alter it to.
    pub(super) fn change(&mut self, dialect: Dialect, table: &'static str, definition: &str) {
        self.alter(table, format!("ALTER TABLE {table} MODIFY COLUMN {definition};"));
        if dialect == Dialect::Sqlite {
            self.unfit.insert(table);
        }
    }

    /// The error that lists it. What another program noted of its runs is of no use here, so its tables make room; rows
    /// of content are worth an alteration.
    pub(super) fn into_error(self, dialect: Dialect) -> Error {
        let (to_rename, to_alter): (Vec<_>, Vec<_>) = self
            .tables
            .into_iter()
            .partition(|(table, _)| table.starts_with("sync_") || self.unfit.contains(table));
        let renamed: Vec<_> = to_rename.iter().map(|(table, _)| *table).collect();
        let mut lines = rename(dialect, &renamed);
        for (table, statements) in to_alter {
            lines.push(format!(
                "-- {table}; or, to begin with a new one: {}",
                rename(dialect, &[table]).concat()
            ));
            lines.extend(statements);
        }
        Error::config(
            "foreign_table",
            "the database has tables of these names that Catchment did not create and does not alter, and they are not as \
             it needs them; run these statements (and fill new columns where rows exist) and start again, or use another \
             database:",
        )
        .with_lines(&lines)
    }
}

/// The statements that rename tables out of the way: all at once where that is possible.
fn rename(dialect: Dialect, tables: &[&str]) -> Vec<String> {
    if tables.is_empty() {
        return Vec::new();
    }
    match dialect {
        Dialect::MySql => {
            let pairs: Vec<_> = tables.iter().map(|table| format!("{table} TO old_{table}")).collect();
            vec![format!("RENAME TABLE {};", pairs.join(", "))]
        }
        Dialect::Sqlite => {
            tables.iter().map(|table| format!("ALTER TABLE {table} RENAME TO old_{table};")).collect()
        }
    }
}
