//! Which of a table's unique keys tells its rows apart.

use std::sync::Arc;

use catchment_core::{Error, Result, invalid_option};

use super::facts::ROW_KEY;
use super::kind::ColumnKind;
use super::table::{Table, UpdateBy, WhenEmpty, WhenUnmapped};

/// Gives a table its identity: the key that is asked for, else the primary key where it is mapped, else the only unique key that
/// is. `is_mapped` says which columns a mapping feeds.
///
/// # Errors
/// `config`: no unique key is of the columns that are asked for, or is mapped; with the statement that would make one.
pub(crate) fn identified(
    table: &Arc<Table>,
    asked: Option<&[String]>,
    is_mapped: impl Fn(&str) -> bool,
) -> Result<Arc<Table>> {
    if !table.identity.is_empty() {
        return match asked {
            Some(asked) if !is_same(asked, &table.identity) => {
                let problem = format!(
                    "`{}` tells its rows apart by {}; leave it out",
                    table.name,
                    table.identity.join(", ")
                );
                Err(invalid_option("key", &problem))
            }
            _ => Ok(table.clone()),
        };
    }
    let key = match asked.or(table.asked_key.as_deref()) {
        Some(asked) => asked_key(table, asked)?,
        None => mapped_key(table, &is_mapped)?,
    };
    let mut identified = Table { identity: key.clone(), ..(**table).clone() };
    // What is mapped to another key is a value like any other.
    if key != table.primary && table.primary.iter().any(|name| is_mapped(name)) {
        identified.update = UpdateBy::Statement;
    }
    for column in &mut identified.columns {
        if !key.iter().any(|name| **name == *column.name) {
            continue;
        }
        if !column.kind.has_one_text() {
            let message = format!(
                "the key column `{}` of `{}` holds a {}, which cannot be compared exactly; choose another key with the option \
                 `key`",
                column.name,
                table.name,
                column.kind.describe()
            );
            return Err(Error::config("unfit_key", message));
        }
        column.when_empty = WhenEmpty::Reject;
        if column.when_unmapped == WhenUnmapped::Keep {
            column.when_unmapped = WhenUnmapped::Refuse;
        }
    }
    Ok(Arc::new(identified))
}

/// The key of the columns that are asked for, in the order of the key itself.
fn asked_key(table: &Table, asked: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = asked.iter().find(|name| table.column(name).is_none()) {
        let known: Vec<_> = table.columns.iter().map(|column| &*column.name).collect();
        let problem = format!(
            "names `{unknown}`, which is not a column of `{}` to map; it has: {}",
            table.name,
            known.join(", ")
        );
        return Err(invalid_option("key", &problem));
    }
    let key = table.keys.iter().find(|key| is_same(key, asked));
    key.cloned().ok_or_else(|| {
        let problem = format!(
            "`{}` has no unique key of {}, so that rows could come twice; make one: {}",
            table.name,
            asked.join(", "),
            table.key_statement(asked)
        );
        invalid_option("key", &problem)
    })
}

fn mapped_key(table: &Table, is_mapped: &impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let is_fed = |key: &Vec<String>| {
        key.iter().all(|name| name == ROW_KEY || is_mapped(name) && table.column(name).is_some())
    };
    let fed: Vec<_> = table.keys.iter().filter(|key| is_fed(key)).collect();
    if let Some(primary) = fed.iter().find(|key| ***key == table.primary && !table.primary.is_empty()) {
        return Ok((**primary).clone());
    }
    match fed[..] {
        [key] => Ok(key.clone()),
        [] => Err(no_key(table, is_mapped)),
        _ => {
            let keys: Vec<_> = fed.iter().map(|key| format!("`{}`", key.join(", "))).collect();
            let problem = format!(
                "is missing: `{}` has several unique keys that are mapped, {}; say which one tells rows apart",
                table.name,
                keys.join(" and ")
            );
            Err(invalid_option("key", &problem))
        }
    }
}

/// The error of a table of which no unique key is mapped.
fn no_key(table: &Table, is_mapped: &impl Fn(&str) -> bool) -> Error {
    if !table.keys.is_empty() {
        let keys: Vec<_> = table.keys.iter().map(|key| format!("({})", key.join(", "))).collect();
        let message = format!(
            "no column of the source is mapped to a unique key of `{}`, so that its rows could not be told apart; its keys are: \
             {}. Map the columns of one with the option `columnMapping`",
            table.name,
            keys.join(", ")
        );
        return Error::config("unmapped_key", message.clone()).with_detail("/options/columnMapping", message);
    }
    let likely = table.columns.iter().find(|column| {
        let is_short = !matches!(column.kind, ColumnKind::Text(limits) if limits.max_chars > 768);
        is_mapped(&column.name) && column.kind.has_one_text() && is_short
    });
    let likely = likely.map_or_else(|| "…".to_owned(), |column| column.name.to_string());
    let message = format!(
        "`{}` has no unique key, so that the rows of a second run would come twice; make one of the columns that tell rows \
         apart, such as: {}",
        table.name,
        table.key_statement(&[likely])
    );
    Error::config("no_unique_key", message.clone()).with_detail("/options/targetTable", message)
}

fn is_same(one: &[String], other: &[String]) -> bool {
    one.len() == other.len() && one.iter().all(|name| other.contains(name))
}
