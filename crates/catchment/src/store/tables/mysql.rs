//! Tables of MySQL and MariaDB, by `information_schema`.

use std::collections::BTreeMap;

use crate::store::db::dialect::{Dialect, Sql};
use crate::store::db::{Conn, Row, StoreError};
use crate::target::{ColumnFacts, ColumnKind, Comparison, KeyFacts, TableFacts, mysql_kind};

/// What is known of a table or a view; `has_json_type` says whether it is MySQL.
pub(super) async fn facts(
    conn: &mut Conn,
    name: &str,
    has_json_type: bool,
) -> Result<Option<TableFacts>, StoreError> {
    let sql = "SELECT table_name, table_type, engine FROM information_schema.tables WHERE table_schema = DATABASE() AND \
         table_name = ?";
    let tables = conn.fetch(sql, &[name.into()]).await?;
    let Some(table) = tables.first() else { return Ok(None) };
    let name = table.text(0)?.to_owned();
    let refusal = refusal(table.text(1)?, table.optional_text(2)?);
    let checks = checks(conn, &name, has_json_type).await?;
    let is_json = |column: &str| {
        let tested = format!("json_valid(`{column}`)");
        checks.iter().any(|check| check.to_lowercase().contains(&tested.to_lowercase()))
    };
    let columns = columns(conn, &name, is_json).await?;
    let keys = keys(conn, &name).await?;
    let add_key = format!("ALTER TABLE {} ADD UNIQUE KEY", Dialect::MySql.quote(&name));
    let triggers = triggers(conn, &name).await?;
    let checks =
        checks.into_iter().filter(|check| !check.to_lowercase().starts_with("json_valid(")).collect();
    Ok(Some(TableFacts { name, columns, keys, triggers, checks, refusal, add_key, quote_mark: '`' }))
}

/// Why nothing can be written to it, if so.
fn refusal(table_type: &str, engine: Option<&str>) -> Option<String> {
    let is_transactional = |engine: &str| {
        ["innodb", "rocksdb", "tokudb", "ndbcluster", "ndb", "xtradb"]
            .contains(&engine.to_lowercase().as_str())
    };
    match (table_type, engine) {
        ("BASE TABLE" | "SYSTEM VERSIONED", Some(engine)) if is_transactional(engine) => None,
        ("BASE TABLE" | "SYSTEM VERSIONED", Some(engine)) => Some(format!(
            "its engine is {engine}, which has no transactions, so that a crash would leave half of a page; use `ALTER TABLE … \
             ENGINE = InnoDB`"
        )),
        ("VIEW" | "SYSTEM VIEW", _) => Some("it is a view; name the table behind it".to_owned()),
        (other, _) => Some(format!("it is a {}", other.to_lowercase())),
    }
}

async fn columns(
    conn: &mut Conn,
    table: &str,
    is_json: impl Fn(&str) -> bool,
) -> Result<Vec<ColumnFacts>, StoreError> {
    let sql = "SELECT column_name, CAST(column_type AS CHAR), is_nullable = 'YES', column_default IS NOT NULL, LOWER(extra), \
         character_set_name, collation_name, COALESCE(generation_expression, '') <> '' FROM information_schema.columns WHERE \
         table_schema = DATABASE() AND table_name = ? ORDER BY ordinal_position";
    let read = |row: &Row| -> Result<ColumnFacts, StoreError> {
        let (name, sql_type) = (row.text(0)?.to_owned(), row.text(1)?);
        let (charset, collation) = (row.optional_text(5)?, row.optional_text(6)?);
        let kind = if is_json(&name) {
            ColumnKind::Json { max_digits: None }
        } else {
            mysql_kind(sql_type, charset)
        };
        let extra = row.text(4)?;
        let is_generated =
            row.int(7)? == 1 || extra.contains("virtual generated") || extra.contains("stored generated");
        let is_filled =
            row.int(3)? == 1 || extra.contains("auto_increment") || extra.contains("default_generated");
        let comparison = match kind {
            ColumnKind::Text(_) => comparison(charset, collation),
            _ => Comparison::Bytes,
        };
        Ok(ColumnFacts { name, kind, is_nullable: row.int(2)? == 1, is_filled, is_generated, comparison })
    };
    conn.fetch(sql, &[table.into()]).await?.iter().map(read).collect()
}

fn comparison(charset: Option<&str>, collation: Option<&str>) -> Comparison {
    match (charset, collation) {
        (_, Some(name)) if name == "binary" || name.ends_with("nopad_bin") || name.ends_with("_0900_bin") => {
            Comparison::Bytes
        }
        // Spaces at the end do not count: texts are compared as if they were padded.
        (_, Some(name)) if name.ends_with("_bin") => Comparison::RTrim,
        (Some(charset), Some(name)) => {
            Comparison::Collation { charset: charset.to_owned(), name: name.to_owned() }
        }
        _ => Comparison::Bytes,
    }
}

/// Unique keys over whole columns.
async fn keys(conn: &mut Conn, table: &str) -> Result<Vec<KeyFacts>, StoreError> {
    let sql = "SELECT index_name, column_name, sub_part IS NULL FROM information_schema.statistics WHERE table_schema = \
         DATABASE() AND table_name = ? AND non_unique = 0 ORDER BY index_name, seq_in_index";
    let mut keys: BTreeMap<String, (Vec<String>, bool)> = BTreeMap::new();
    for row in conn.fetch(sql, &[table.into()]).await? {
        let (columns, is_whole) = keys.entry(row.text(0)?.to_owned()).or_insert_with(|| (Vec::new(), true));
        match row.optional_string(1)? {
            Some(column) => columns.push(column),
            // A key over an expression.
            None => *is_whole = false,
        }
        *is_whole &= row.int(2)? == 1;
    }
    let mut keys: Vec<_> = keys
        .into_iter()
        .filter(|(_, (_, is_whole))| *is_whole)
        .map(|(name, (columns, _))| KeyFacts { columns, is_primary: name == "PRIMARY" })
        .collect();
    keys.sort_by_key(|key| !key.is_primary);
    Ok(keys)
}

async fn triggers(conn: &mut Conn, table: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = "SELECT trigger_name, CAST(CONCAT(LOWER(action_timing), ' ', LOWER(event_manipulation)) AS CHAR) FROM \
         information_schema.triggers WHERE event_object_schema = DATABASE() AND event_object_table = ? ORDER BY trigger_name";
    let rows = conn.fetch(sql, &[table.into()]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// MySQL names CHECK constraints uniquely in a schema, and MariaDB in a table.
async fn checks(conn: &mut Conn, table: &str, has_json_type: bool) -> Result<Vec<String>, StoreError> {
    let sql = if has_json_type {
        "SELECT CAST(c.check_clause AS CHAR) FROM information_schema.check_constraints c JOIN \
         information_schema.table_constraints t ON t.constraint_schema = c.constraint_schema AND t.constraint_name = \
         c.constraint_name WHERE c.constraint_schema = DATABASE() AND t.table_name = ?"
    } else {
        "SELECT CAST(check_clause AS CHAR) FROM information_schema.check_constraints WHERE constraint_schema = DATABASE() AND \
         table_name = ?"
    };
    match conn.fetch(Sql::from(sql), &[table.into()]).await {
        Ok(rows) => rows.iter().map(|row| row.text(0).map(str::to_owned)).collect(),
        // Servers before MySQL 8.0.16 and MariaDB 10.2 do not know it; nothing is checked there.
        Err(failure) if failure.is_refused() => Ok(Vec::new()),
        Err(failure) => Err(failure),
    }
}
