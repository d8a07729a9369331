//! Where rows come from.

use std::sync::Arc;

use catchment_core::Result;

use super::vouching::Vouching;
use crate::mapping::Cell;
use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::Arg;
use crate::store::db::dialect::{Dialect, Sql};
use crate::target::{GoneMark, Ledger, MarkValue, Table};

impl<'a> From<Cell<'a>> for Arg<'a> {
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(number) => Self::Int(number),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

impl<'a> From<&'a MarkValue> for Arg<'a> {
    fn from(value: &'a MarkValue) -> Self {
        match value {
            MarkValue::Flag(flag) => Self::Int((*flag).into()),
            MarkValue::Number(number) => Self::Int(*number),
            MarkValue::Text(text) => Self::Text(text),
        }
    }
}

/// The condition of rows that are not marked as gone; the value of the mark is its parameter.
pub(super) fn not_gone(dialect: Dialect, mark: &GoneMark) -> String {
    let column = dialect.quote(&mark.column);
    format!("({column} IS NULL OR {column} <> ?)")
}

/// Where rows come from: what is written beside a record's own values.
#[derive(Debug)]
pub(crate) struct RowOrigin {
    pub(crate) run_id: i64,
    pub(crate) source_type: String,
    pub(crate) source_name: String,
    /// The rows that the source may vouch for.
    pub(crate) vouching: Option<Arc<Vouching>>,
}

impl RowOrigin {
    pub(crate) fn of(run: &SyncRun) -> Self {
        Self {
            run_id: run.id,
            source_type: run.request.source_type.clone(),
            source_name: run.source_name.clone(),
            vouching: None,
        }
    }

    /// What its rows are found by, where the table tells sources apart.
    pub(super) fn args(&self, table: &Table) -> Vec<Arg<'_>> {
        if table.is_by_source() {
            vec![Arg::from(&self.source_type), Arg::from(&self.source_name)]
        } else {
            Vec::new()
        }
    }
}

impl Store {
    /// Whether there are rows of the run's source in the table; `available` ones are there to be used.
    pub(crate) async fn has_rows(&self, run: &SyncRun, table: &Table, available: bool) -> Result<bool> {
        let quote = |name: &str| self.db.dialect().quote(name);
        let name = quote(&table.name);
        let sql = match (&table.origin, &table.ledger) {
            (Some([source_type, source_name]), _) => {
                let mark = table.gone.as_ref().filter(|_| available);
                let not_gone = mark
                    .map(|mark| format!(" AND {}", not_gone(self.db.dialect(), mark)))
                    .unwrap_or_default();
                format!(
                    "SELECT 1 FROM {name} WHERE {} = ? AND {} = ?{not_gone} LIMIT 1",
                    quote(source_type),
                    quote(source_name)
                )
            }
            // Rows that several sources share: those that an earlier run of this one saw last.
            (None, Ledger::Columns { seen_by, .. }) => format!(
                "SELECT 1 FROM {name} t JOIN sync_runs r ON r.id = t.{} WHERE r.source_type = ? AND r.source_name = ? LIMIT 1",
                quote(seen_by)
            ),
            (None, Ledger::Beside) if !self.has_seen_rows(run).await? => return Ok(false),
            // Somebody may have emptied it.
            (None, Ledger::Beside) => {
                let sql = format!("SELECT 1 FROM {name} LIMIT 1");
                return Ok(!self.db.fetch(Sql::Built(sql), &[]).await?.is_empty());
            }
        };
        let mut args = vec![Arg::from(&run.request.source_type), Arg::from(&run.source_name)];
        args.extend(
            table
                .gone
                .iter()
                .filter(|_| available && table.is_by_source())
                .map(|mark| Arg::from(&mark.value)),
        );
        let rows = self.db.fetch(Sql::Built(sql), &args).await?;
        Ok(!rows.is_empty())
    }
}
