//! Whether the rows of a new source are those of one that is known: a file that was renamed or moved.

use std::collections::{BTreeMap, HashMap};

use catchment_core::Result;

use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::dialect::list;
use crate::store::db::{Arg, Row, StoreError};
use crate::target::Table;

/// Rows that are looked at, and the latest sources that they are compared with.
const SAMPLE: u32 = 50;
const SOURCES: u32 = 200;

/// A source with the rows of another one.
#[derive(Debug)]
pub(crate) struct SameRows {
    /// The other source.
    pub(crate) source_name: String,
    /// How many rows are the same, and of how many.
    pub(crate) same: usize,
    pub(crate) sampled: usize,
}

impl Store {
    /// Another source of the same type that has at least half of the first rows of this one, with the same values.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn source_with_same_rows(
        &self,
        run: &SyncRun,
        table: &Table,
    ) -> Result<Option<SameRows>> {
        let dialect = self.db.dialect();
        let columns: Vec<_> = table.columns.iter().map(|column| dialect.as_text(column.name)).collect();
        let identity: Vec<_> = table.identity.iter().map(|column| dialect.as_text(column)).collect();
        let (name, columns, identity) = (table.name, columns.join(", "), identity.join(", "));
        let select =
            format!("SELECT source_identifier, {identity}, {columns} FROM {name} WHERE source_type = ?");
        let (source_type, source_name) = (Arg::from(&run.request.source_type), Arg::from(&run.source_name));
        let sql = format!("{select} AND source_identifier = ? LIMIT ?");
        let ours = self.db.fetch(sql, &[source_type, source_name, i64::from(SAMPLE).into()]).await?;
        let others = self.other_sources(run).await?;
        if ours.is_empty() || others.is_empty() {
            return Ok(None);
        }
        let width = table.identity.len();
        let ours: HashMap<Vec<String>, Vec<String>> =
            ours.iter().map(|row| read(row, width, table.columns.len())).collect::<Result<_, _>>()?;
        let (sources, rows) = (list("?", others.len()), dialect.row_in(table.identity, ours.len()));
        let sql = format!("{select} AND source_identifier IN ({sources}) AND {rows}");
        let keys = ours.keys().flatten().map(Arg::from);
        let args: Vec<_> =
            std::iter::once(source_type).chain(others.iter().map(Arg::from)).chain(keys).collect();
        let mut same: BTreeMap<String, usize> = BTreeMap::new();
        for row in self.db.fetch(sql, &args).await? {
            let (identity, values) = read(&row, width, table.columns.len())?;
            if ours.get(&identity) == Some(&values) {
                *same.entry(row.text(0)?.to_owned()).or_default() += 1;
            }
        }
        let most = same.into_iter().max_by_key(|(_, same)| *same).filter(|(_, same)| same * 2 >= ours.len());
        Ok(most.map(|(source_name, same)| SameRows { source_name, same, sampled: ours.len() }))
    }

    /// The names of the latest other sources of the type and the table of a run.
    async fn other_sources(&self, run: &SyncRun) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT source_name FROM sync_sources WHERE target_table = ? AND source_type = ? AND source_name <> ? \
                   ORDER BY last_completed_at DESC LIMIT ?";
        let args = [
            Arg::from(&run.target_table),
            Arg::from(&run.request.source_type),
            Arg::from(&run.source_name),
            i64::from(SOURCES).into(),
        ];
        self.db.fetch(sql, &args).await?.iter().map(|row| row.text(0).map(str::to_owned)).collect()
    }
}

/// What identifies a row, and its values.
fn read(row: &Row, identity: usize, values: usize) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let text = |place: usize| row.text(place).map(str::to_owned);
    let values = (1 + identity..1 + identity + values).map(text).collect::<Result<_, _>>()?;
    Ok(((1..=identity).map(text).collect::<Result<_, _>>()?, values))
}
