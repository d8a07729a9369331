//! Tables of SQLite, by its pragmas.

use std::collections::BTreeMap;

use crate::store::db::dialect::Dialect;
use crate::store::db::{Conn, StoreError};
use crate::target::{ColumnFacts, ColumnKind, Comparison, KeyFacts, TableFacts, sqlite_kind};

/// What is known of a table or a view.
pub(super) async fn facts(conn: &mut Conn, name: &str) -> Result<Option<TableFacts>, StoreError> {
    let sql = "SELECT name, type, COALESCE(sql, '') FROM sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE";
    let found = conn.fetch(sql, &[name.into()]).await?;
    let Some(found) = found.first() else { return Ok(None) };
    let (name, definition) = (found.text(0)?.to_owned(), found.text(2)?.to_owned());
    let refusal = match found.text(1)? {
        "view" => Some("it is a view; name the table behind it".to_owned()),
        _ if definition.to_uppercase().starts_with("CREATE VIRTUAL") => {
            Some("it is a virtual table".to_owned())
        }
        _ => None,
    };
    let mut facts = TableFacts {
        add_key: format!(
            "CREATE UNIQUE INDEX {} ON {}",
            Dialect::Sqlite.quote(&format!("{name}_key")),
            Dialect::Sqlite.quote(&name)
        ),
        quote_mark: '"',
        name,
        refusal,
        ..TableFacts::default()
    };
    columns(conn, &mut facts).await?;
    keys(conn, &mut facts).await?;
    triggers(conn, &mut facts).await?;
    Ok(Some(facts))
}

/// Its columns, and its primary key.
async fn columns(conn: &mut Conn, facts: &mut TableFacts) -> Result<(), StoreError> {
    // With generated columns; those that a virtual table hides are none of ours.
    let sql = "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, hidden, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1";
    let mut primary = BTreeMap::new();
    let rows = conn.fetch(sql, &[facts.name.as_str().into()]).await?;
    for row in &rows {
        let (name, declared) = (row.text(0)?.to_owned(), row.text(1)?);
        let place = row.int(5)?;
        if place > 0 {
            primary.insert(place, name.clone());
        }
        facts.columns.push(ColumnFacts {
            name,
            kind: sqlite_kind(declared),
            // The columns of a primary key may be NULL in SQLite, unless they say otherwise; nobody means that.
            is_nullable: row.int(2)? == 0 && place == 0,
            is_filled: row.int(3)? == 1,
            is_generated: row.int(4)? > 1,
            comparison: Comparison::Bytes,
        });
    }
    let primary: Vec<_> = primary.into_values().collect();
    if let [only] = &primary[..]
        && let Some(column) = facts.columns.iter_mut().find(|column| column.name == *only)
        && matches!(column.kind, ColumnKind::Integer { .. })
    {
        // The row's own number, which is counted up.
        column.is_filled = true;
    }
    if !primary.is_empty() {
        facts.keys.push(KeyFacts { columns: primary, is_primary: true });
    }
    Ok(())
}

/// Its unique keys over whole columns, and how these are compared.
async fn keys(conn: &mut Conn, facts: &mut TableFacts) -> Result<(), StoreError> {
    let sql = "SELECT i.name, i.origin, c.cid, c.name, c.coll FROM pragma_index_list(?) i, pragma_index_xinfo(i.name) c WHERE \
         i.\"unique\" = 1 AND i.partial = 0 AND c.key = 1 ORDER BY i.name, c.seqno";
    let mut keys: BTreeMap<String, (Vec<String>, bool)> = BTreeMap::new();
    for row in conn.fetch(sql, &[facts.name.as_str().into()]).await? {
        let (columns, is_whole) = keys.entry(row.text(0)?.to_owned()).or_insert_with(|| (Vec::new(), true));
        // A key over an expression has no column.
        *is_whole &= row.int(2)? >= 0;
        let Some(name) = row.optional_string(3)? else { continue };
        if let Some(column) = facts.columns.iter_mut().find(|column| column.name == name) {
            column.comparison = match row.text(4)?.to_uppercase().as_str() {
                "NOCASE" => Comparison::NoCase,
                "RTRIM" => Comparison::RTrim,
                _ => Comparison::Bytes,
            };
        }
        columns.push(name);
    }
    for (columns, _) in keys.into_values().filter(|(_, is_whole)| *is_whole) {
        if !facts.keys.iter().any(|key| key.columns == columns) {
            facts.keys.push(KeyFacts { columns, is_primary: false });
        }
    }
    Ok(())
}

async fn triggers(conn: &mut Conn, facts: &mut TableFacts) -> Result<(), StoreError> {
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE ORDER BY name";
    for row in conn.fetch(sql, &[facts.name.as_str().into()]).await? {
        let definition = row.text(1)?.to_uppercase();
        let word = |words: [&'static str; 3]| {
            words.into_iter().find(|word| definition.contains(&format!(" {word} ")))
        };
        let timing = word(["BEFORE", "AFTER", "INSTEAD OF"]).unwrap_or("BEFORE");
        let event = word(["INSERT", "UPDATE", "DELETE"]).unwrap_or("UPDATE");
        facts.triggers.push((row.text(0)?.to_owned(), format!("{timing} {event}").to_lowercase()));
    }
    Ok(())
}
