//! In what duplicates differ from the row that their identity has: from the first record, which has been written.

use std::collections::HashMap;

use catchment_core::truncate_text;
use serde_json::{Map, Value};

use super::table_view::TableView;
use crate::compare::{Difference, differences};
use crate::mapping::Cell;
use crate::store::db::{Conn, StoreError};
use crate::store::errors::{Skip, ValueDifference};

/// How much of a value is told.
const MAX_VALUE_BYTES: usize = 200;

/// Adds to duplicates what they differ in. Their first records must be committed, or written by this connection.
pub(super) async fn add_differences(
    view: &TableView<'_>,
    skips: &mut [Skip],
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let records: Vec<_> = skips.iter().map(|skip| skip.record).collect();
    let mut by_identity: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, record) in records.iter().enumerate() {
        by_identity.entry(view.identity_of(*record)).or_default().push(index);
    }
    for chunk in view.chunks(&records) {
        for found in view.find(chunk, conn).await? {
            for index in by_identity.get(&view.identity_in(&found)?).into_iter().flatten() {
                let skip = &mut skips[*index];
                let differences = differences(view, skip.record, &found)?;
                skip.differences =
                    differences.iter().flat_map(|it| value_differences(view, skip.record, it)).collect();
            }
        }
    }
    Ok(())
}

/// A difference as people are told of it: of a JSON object, each member that differs.
fn value_differences(view: &TableView<'_>, record: usize, difference: &Difference) -> Vec<ValueDifference> {
    let column = view.batch.columns[difference.column];
    let here = match view.batch.cell(record, difference.column) {
        Cell::Null => None,
        Cell::Int(number) => Some(number.to_string()),
        Cell::Text(text) => Some(text.to_owned()),
    };
    let first = difference.before.as_deref();
    if view.kind_of(difference.column).is_none() {
        return member_differences(column, first, here.as_deref());
    }
    let shown = |text: &str| truncate_text(text, MAX_VALUE_BYTES);
    vec![ValueDifference {
        column: column.to_owned(),
        first: first.map(shown),
        here: here.as_deref().map(shown),
    }]
}

fn member_differences(column: &str, first: Option<&str>, here: Option<&str>) -> Vec<ValueDifference> {
    let members = |json: Option<&str>| {
        json.and_then(|json| serde_json::from_str::<Map<String, Value>>(json).ok()).unwrap_or_default()
    };
    let (first, here) = (members(first), members(here));
    let shown = |value: Option<&Value>| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        value.map(|value| truncate_text(&text(value), MAX_VALUE_BYTES))
    };
    let added = here.keys().filter(|name| !first.contains_key(*name));
    let names = first.keys().chain(added).filter(|name| first.get(*name) != here.get(*name));
    names
        .map(|name| ValueDifference {
            column: format!("{column}.{name}"),
            first: shown(first.get(name)),
            here: shown(here.get(name)),
        })
        .collect()
}
