//! In what duplicates differ from the row that their identity has: from the first record, which has been written.

use std::collections::HashMap;

use catchment_core::truncate_text;
use serde_json::{Map, Value};

use super::table_view::TableView;
use crate::compare::{Difference, differences};
use crate::store::db::{Conn, StoreError};
use crate::store::errors::{Skip, ValueDifference};
use crate::target::ColumnKind;

/// How much of a value is told.
const MAX_VALUE_BYTES: usize = 200;

/// Adds to duplicates what they differ in. Their first records must be committed, or written by this connection.
/// `identities` are those of the page's rows, where they are known.
pub(super) async fn add_differences(
    view: &TableView<'_>,
    identities: Option<&[u128]>,
    skips: &mut [Skip],
    conn: &mut Conn,
) -> Result<(), StoreError> {
    let records: Vec<_> = skips.iter().filter_map(|skip| skip.row).collect();
    let mut by_identity: HashMap<_, Vec<usize>> = HashMap::new();
    for (index, skip) in skips.iter().enumerate() {
        let Some(row) = skip.row else { continue };
        by_identity
            .entry(identities.map_or_else(|| view.identity_digest(row), |of| of[row]))
            .or_default()
            .push(index);
    }
    for chunk in view.chunks(&records) {
        for found in view.find(chunk, false, conn).await? {
            for index in by_identity.get(&view.identity_in(&found)?).into_iter().flatten() {
                let skip = &mut skips[*index];
                let Some(row) = skip.row else { continue };
                let differences = differences(view, row, &found)?;
                skip.differences =
                    differences.iter().flat_map(|it| value_differences(view, row, it)).collect();
            }
        }
    }
    Ok(())
}

/// A difference as people are told of it: of a JSON object, each member that differs.
pub(super) fn value_differences(
    view: &TableView<'_>,
    record: usize,
    difference: &Difference,
) -> Vec<ValueDifference> {
    let column = &*view.batch.columns[difference.column].name;
    let here = view.batch.cell(record, difference.column).to_text();
    let first = difference.before.as_deref();
    if matches!(view.batch.kind(difference.column), ColumnKind::Json { .. }) {
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
