//! Whether the rows of a new source are those of one that is known: a file that was renamed or moved.

use std::collections::{BTreeMap, HashMap};

use catchment_core::Result;

use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::dialect::{Sql, list};
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
        let Some([source_type, source_name]) = &table.origin else { return Ok(None) };
        let dialect = self.db.dialect();
        let text = |name: &str| dialect.as_text(&dialect.quote(name));
        let columns: Vec<_> = table.columns.iter().map(|column| text(&column.name)).collect();
        let identity: Vec<_> = table.identity.iter().map(|column| text(column)).collect();
        let (name, columns, identity) = (dialect.quote(&table.name), columns.join(", "), identity.join(", "));
        let (type_column, name_column) = (dialect.quote(source_type), dialect.quote(source_name));
        let select =
            format!("SELECT {name_column}, {identity}, {columns} FROM {name} WHERE {type_column} = ?");
        let (source_type, source_name) = (Arg::from(&run.request.source_type), Arg::from(&run.source_name));
        let sql = format!("{select} AND {name_column} = ? LIMIT ?");
        let ours =
            self.db.fetch(Sql::Built(sql), &[source_type, source_name, i64::from(SAMPLE).into()]).await?;
        let others = self.other_sources(run).await?;
        if ours.is_empty() || others.is_empty() {
            return Ok(None);
        }
        let width = table.identity.len();
        let ours: HashMap<Vec<String>, Vec<String>> =
            ours.iter().map(|row| read(row, width, table.columns.len())).collect::<Result<_, _>>()?;
        let keys: Vec<_> = table.identity.iter().map(|column| dialect.quote(column)).collect();
        let rows = dialect.row_in(&keys, &vec!["?".to_owned(); width], ours.len());
        let sql = format!("{select} AND {name_column} IN ({}) AND {rows}", list("?", others.len()));
        let keys = ours.keys().flatten().map(Arg::from);
        let args: Vec<_> =
            std::iter::once(source_type).chain(others.iter().map(Arg::from)).chain(keys).collect();
        let mut same: BTreeMap<String, usize> = BTreeMap::new();
        for row in self.db.fetch(Sql::Built(sql), &args).await? {
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
