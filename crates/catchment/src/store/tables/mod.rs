//! The tables of the database as the database itself describes them: columns, types, keys, what they compare by, and what
//! stands in the way of writing to them.

mod create;
mod mysql;
mod sqlite;

use catchment_core::Result;

pub(crate) use create::NewTable;

use super::Store;
use super::db::dialect::{Dialect, Sql};
use crate::target::TableFacts;

impl Store {
    /// What the database tells of a table or a view; `None` where it has none of that name.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn table_facts(&self, name: &str) -> Result<Option<TableFacts>> {
        if !self.db.is_there() {
            return Ok(None);
        }
        let mut conn = self.db.visitor().await?;
        Ok(match self.db.dialect() {
            Dialect::MySql => mysql::facts(&mut conn, name, self.db.rewrites_json()).await?,
            Dialect::Sqlite => sqlite::facts(&mut conn, name).await?,
        })
    }

    /// The names of all tables, without views.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn table_names(&self) -> Result<Vec<String>> {
        if !self.db.is_there() {
            return Ok(Vec::new());
        }
        let sql = Sql::Each {
            mysql: "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE' \
                    ORDER BY table_name",
            sqlite: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
        };
        let rows = self.db.visitor().await?.fetch(sql, &[]).await?;
        Ok(rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?)
    }

    /// Makes a table.
    ///
    /// # Errors
    /// `database`; `config`, what the database says of the statement.
    pub(crate) async fn create_table(&self, statement: String) -> Result<()> {
        self.db.execute(Sql::Built(statement), &[]).await?;
        Ok(())
    }

    /// Which database it is: how it spells names and types.
    pub(crate) fn dialect(&self) -> Dialect {
        self.db.dialect()
    }
}
