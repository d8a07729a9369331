//! Tables that are there and were not made by us: what they lack is listed with its DDL, and they are left as they are.

use std::collections::{BTreeMap, BTreeSet};

use catchment_core::Result;

use super::change::{Addition, SchemaChange};
use super::columns::{ExistingColumn, existing_columns};
use super::proposal::Proposal;
use super::steps::Migration;
use crate::store::db::Conn;
use crate::store::db::dialect::{Dialect, Sql};

/// The statements of each step that have something to do: MySQL commits after each, so a crash may have left some of them
/// done. A table that is there and was not made by us must have all that a step would give it, and is left as it is.
pub(super) async fn plan(
    dialect: Dialect,
    conn: &mut Conn,
    pending: &[&Migration],
) -> Result<Vec<Vec<&'static str>>> {
    let (mut steps, mut proposal) = (Vec::new(), Proposal::default());
    for migration in pending {
        let mut todo = Vec::new();
        for statement in migration.statements(dialect) {
            match SchemaChange::of(statement) {
                SchemaChange::Table(name, lines) => {
                    compare(dialect, conn, name, &lines, &mut proposal).await?;
                    todo.push(statement);
                }
                SchemaChange::Rows => todo.push(statement),
                SchemaChange::Addition { table, what } => {
                    let columns = existing_columns(conn, table).await?;
                    if !columns.is_empty() && what.is_there(conn, table, &columns).await? {
                        continue;
                    }
                    if columns.is_empty() || is_ours(conn, table).await? {
                        todo.push(statement);
                    } else if !matches!(what, Addition::Index { is_unique: false, .. }) {
                        proposal.alter(table, format!("{statement};"));
                    }
                }
            }
        }
        steps.push(todo);
    }
    if proposal.is_empty() { Ok(steps) } else { Err(proposal.into_error(dialect)) }
}

impl Addition {
    async fn is_there(
        &self,
        conn: &mut Conn,
        table: &str,
        columns: &BTreeMap<String, ExistingColumn>,
    ) -> Result<bool> {
        let (mysql, name) = match self {
            Self::Column(name) => return Ok(columns.contains_key(*name)),
            Self::Index { name, .. } => (
                "SELECT 1 FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND \
                 index_name = ?",
                *name,
            ),
            Self::Trigger(name) => (
                "SELECT 1 FROM information_schema.triggers WHERE event_object_schema = DATABASE() AND \
                 event_object_table = ? AND trigger_name = ?",
                *name,
            ),
            Self::OnUpdate(name) => (
                "SELECT 1 FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = ? AND \
                 column_name = ? AND datetime_precision >= 3 AND LOWER(extra) LIKE '%on update%'",
                *name,
            ),
        };
        let sql = Sql::Each { mysql, sqlite: "SELECT 1 FROM sqlite_master WHERE tbl_name = ? AND name = ?" };
        Ok(!conn.fetch(sql, &[table.into(), name.into()]).await?.is_empty())
    }
}

/// Whether a table was made by us, or by our statements: nobody else names a constraint like that, but MySQL itself those
/// that have no name.
async fn is_ours(conn: &mut Conn, table: &str) -> Result<bool> {
    let sql = Sql::Each {
        mysql: "SELECT 1 FROM information_schema.table_constraints WHERE table_schema = DATABASE() AND table_name = ? \
                AND constraint_type IN ('CHECK', 'FOREIGN KEY') AND constraint_name LIKE CONCAT(REPLACE(table_name, '_', '\\_'), '\\_%') AND \
                constraint_name NOT LIKE '%\\_chk\\_%' AND constraint_name NOT LIKE '%\\_ibfk\\_%' LIMIT 1",
        sqlite: "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? \
                 AND instr(sql, 'CONSTRAINT ' || name || '_') > 0",
    };
    Ok(!conn.fetch(sql, &[table.into()]).await?.is_empty())
}

/// Proposes what a table that is there lacks of what we would have made; nothing where it is not there.
async fn compare(
    dialect: Dialect,
    conn: &mut Conn,
    name: &'static str,
    definitions: &[&str],
    proposal: &mut Proposal,
) -> Result<()> {
    let existing = existing_columns(conn, name).await?;
    if existing.is_empty() {
        return Ok(());
    }
    let identity: Vec<_> = definitions.iter().filter_map(|line| unique_key(line)).collect();
    let columns = definitions.iter().filter(|line| !is_constraint(line));
    for definition in columns.clone() {
        let column = column_of(definition);
        let is_identity = identity.iter().any(|key| key.split(", ").any(|part| part == column));
        match existing.get(column) {
            None => proposal.alter(name, format!("ALTER TABLE {name} ADD COLUMN {definition};")),
            Some(found) if found.fits(dialect, definition, is_identity) => {}
            Some(_) => proposal.change(dialect, name, definition),
        }
    }
    for (column, found) in &existing {
        // Rows of ours do not know it.
        if found.is_demanded() && !columns.clone().any(|line| column_of(line) == column) {
            proposal.change(dialect, name, &format!("`{column}` {}", found.optional()));
        }
    }
    // After the columns that they are of.
    let unique = existing_unique_keys(conn, name).await?;
    for definition in definitions {
        if let Some(key) = unique_key(definition).filter(|key| !unique.contains(key)) {
            let constraint = definition.trim_start_matches("UNIQUE KEY ").replace("CONSTRAINT ", "");
            let index = column_of(&constraint);
            proposal.alter(name, format!("CREATE UNIQUE INDEX {index} ON {name} ({key});"));
        }
    }
    Ok(())
}

/// The name that a line of a definition begins with.
fn column_of(definition: &str) -> &str {
    definition.split_whitespace().next().unwrap_or_default()
}

fn is_constraint(definition: &str) -> bool {
    ["PRIMARY ", "KEY ", "UNIQUE ", "CONSTRAINT "].iter().any(|word| definition.starts_with(word))
}

/// The columns of a unique key, where the line defines one.
fn unique_key(definition: &str) -> Option<String> {
    let is_unique = definition.starts_with("UNIQUE KEY ") || definition.contains(" UNIQUE (");
    let columns = definition.rsplit_once('(')?.1.trim_end_matches(')');
    is_unique.then(|| columns.to_owned())
}

/// The columns of each unique key of a table, in order, as text.
async fn existing_unique_keys(conn: &mut Conn, table: &str) -> Result<BTreeSet<String>> {
    let sql = Sql::Each {
        mysql: "SELECT CAST(GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR ', ') AS CHAR) FROM \
                information_schema.statistics WHERE table_schema = DATABASE() AND table_name = ? AND non_unique = 0 AND \
                sub_part IS NULL GROUP BY index_name",
        sqlite: "SELECT (SELECT group_concat(c.name, ', ' ORDER BY c.seqno) FROM pragma_index_info(i.name) c) FROM \
                 pragma_index_list(?) i WHERE i.\"unique\" = 1 AND i.partial = 0",
    };
    let rows = conn.fetch(sql, &[table.into()]).await?;
    Ok(rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?)
}
