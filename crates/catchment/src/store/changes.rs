//! `sync_changes`: what a preview found that a run would change.

use std::collections::HashMap;

use catchment_core::{Location, Result};

use super::Store;
use super::chunks::chunks;
use super::db::dialect::list;
use super::db::{Arg, Row, StatementLimits, StoreError, Tx};
use super::places::{path_of, place};
use super::values::unreadable;
use crate::preview::{ChangeKind, FieldChange, PreviewSummary, StoredChange};

/// Changes that are looked through at a time.
const PART: i64 = 1000;

const CHANGE_COLUMNS: &str =
    "sync_run_id, kind, item_identifier, line_no, source_page, json_path, size, fields";

/// A change to be stored.
#[derive(Debug)]
pub(super) struct NewChange {
    pub(super) kind: ChangeKind,
    pub(super) item: String,
    pub(super) location: Option<Location>,
    pub(super) size: f64,
    pub(super) fields: Vec<FieldChange>,
}

/// Which changes are asked for.
#[derive(Debug, Clone, Default)]
pub struct ChangeFilter {
    /// Those of this kind.
    pub kind: Option<ChangeKind>,
    /// Those that change this column.
    pub column: Option<String>,
}

impl Store {
    /// Changes that a preview found, after the one with the id `after`, at most `limit`.
    pub(crate) async fn changes(
        &self,
        run_id: i64,
        filter: &ChangeFilter,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StoredChange>> {
        let limit = limit as usize;
        let (mut found, mut after) = (Vec::new(), after);
        let sql = "SELECT id, kind, item_identifier, line_no, source_page, json_path, fields FROM sync_changes WHERE \
                   sync_run_id = ? AND kind = COALESCE(?, kind) AND id > ? ORDER BY id LIMIT ?";
        while found.len() < limit {
            let part = match filter.column {
                Some(_) => PART,
                None => i64::try_from(limit).unwrap_or(PART),
            };
            let kind = filter.kind.map(ChangeKind::as_str);
            let rows = self.db.fetch(sql, &[run_id.into(), kind.into(), after.into(), part.into()]).await?;
            for row in &rows {
                let change = read_change(row)?;
                after = change.id;
                let is_of = |column: &String| change.fields.iter().any(|field| field.is_of(column));
                if filter.column.as_ref().is_none_or(is_of) && found.len() < limit {
                    found.push(change);
                }
            }
            if rows.len() < usize::try_from(part).unwrap_or_default() {
                break;
            }
        }
        Ok(found)
    }

    /// Adds to the summary of a preview the median of what changes in each column of numbers.
    pub(crate) async fn add_medians(&self, run_id: i64, summary: &mut PreviewSummary) -> Result<()> {
        let mut ratios: HashMap<String, Vec<f64>> = HashMap::new();
        let sql = "SELECT fields FROM sync_changes WHERE sync_run_id = ? AND kind = 'update'";
        let read = |row: &Row| {
            let fields: Vec<FieldChange> = serde_json::from_str(row.text(0)?).unwrap_or_default();
            for field in fields {
                if let Some(ratio) = field.ratio() {
                    ratios.entry(field.column).or_default().push(ratio);
                }
            }
            Ok(())
        };
        self.db.reader().await?.each(sql, &[run_id.into()], read).await?;
        for (name, mut ratios) in ratios {
            ratios.sort_unstable_by(f64::total_cmp);
            if let Some(column) = summary.columns.get_mut(&name) {
                column.median = ratios.get(ratios.len() / 2).copied();
            }
        }
        Ok(())
    }

    /// The updates of a preview that change a number the most, and then the others, at most `limit`.
    pub(crate) async fn largest_changes(&self, run_id: i64, limit: u32) -> Result<Vec<StoredChange>> {
        let sql = "SELECT id, kind, item_identifier, line_no, source_page, json_path, fields FROM sync_changes WHERE \
                   sync_run_id = ? AND kind = 'update' ORDER BY size DESC, id LIMIT ?";
        let rows = self.db.fetch(sql, &[run_id.into(), i64::from(limit).into()]).await?;
        rows.iter().map(read_change).collect()
    }
}

fn read_change(row: &Row) -> Result<StoredChange> {
    let fields = serde_json::from_str(row.text(6)?).map_err(|error| unreadable("a change", &error))?;
    Ok(StoredChange {
        id: row.int(0)?,
        kind: ChangeKind::from_name(row.text(1)?)?,
        item: row.text(2)?.to_owned(),
        line: row.optional_int(3)?,
        page: row.optional_int(4)?,
        path: row.optional_string(5)?,
        fields,
        reason: None,
    })
}

/// Stores changes in the page's transaction.
pub(super) async fn store_changes(
    tx: &mut Tx,
    limits: StatementLimits,
    run_id: i64,
    changes: &[NewChange],
) -> Result<(), StoreError> {
    let width = CHANGE_COLUMNS.split(',').count();
    let texts: Vec<_> = changes
        .iter()
        .map(|change| {
            let fields = serde_json::to_string(&change.fields);
            let fields = fields.map_err(|error| StoreError::unwritable(&error))?;
            Ok((change, path_of(change.location.as_ref()), fields))
        })
        .collect::<Result<_, StoreError>>()?;
    for texts in chunks(&texts, limits, width, |(change, _, fields)| fields.len() + change.item.len() + 100) {
        let groups = list(&format!("({})", list("?", width)), texts.len());
        let mut args = Vec::new();
        for (change, path, fields) in texts {
            let [line, _, page, path] = place(change.location.as_ref(), path.as_deref());
            let (kind, item) = (change.kind.as_str().into(), Arg::from(&change.item));
            args.extend([run_id.into(), kind, item, line, page, path]);
            args.extend([Arg::Double(change.size), Arg::from(fields)]);
        }
        tx.execute(format!("INSERT INTO sync_changes ({CHANGE_COLUMNS}) VALUES {groups}"), &args).await?;
    }
    Ok(())
}
