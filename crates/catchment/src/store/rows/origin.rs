//! Where rows come from.

use catchment_core::Result;

use crate::mapping::Cell;
use crate::run::SyncRun;
use crate::store::Store;
use crate::store::db::Arg;
use crate::target::Table;

impl<'a> From<Cell<'a>> for Arg<'a> {
    fn from(cell: Cell<'a>) -> Self {
        match cell {
            Cell::Null => Self::Null,
            Cell::Int(number) => Self::Int(number),
            Cell::Text(text) => Self::Text(text),
        }
    }
}

/// Where rows come from: what is written beside a record's own values.
#[derive(Debug)]
pub(crate) struct RowOrigin {
    pub(crate) run_id: i64,
    pub(crate) source_type: String,
    pub(crate) source_name: String,
}

impl RowOrigin {
    pub(crate) fn of(run: &SyncRun) -> Self {
        Self {
            run_id: run.id,
            source_type: run.request.source_type.clone(),
            source_name: run.source_name.clone(),
        }
    }

    /// What its rows are found by, where the table tells sources apart.
    pub(super) fn args(&self, table: &Table) -> Vec<Arg<'_>> {
        if table.is_by_source {
            vec![Arg::from(&self.source_type), Arg::from(&self.source_name)]
        } else {
            Vec::new()
        }
    }
}

impl Store {
    /// Whether the table has rows of the run's source; `available` ones are there to be used.
    pub(crate) async fn has_rows(&self, run: &SyncRun, table: &Table, available: bool) -> Result<bool> {
        let and_available = if available { " AND is_available = 1" } else { "" };
        let sql = if table.is_by_source {
            format!(
                "SELECT 1 FROM {} WHERE source_type = ? AND source_identifier = ?{and_available} LIMIT 1",
                table.name
            )
        } else {
            // Rows that several sources share: those that an earlier run of this one saw last.
            format!(
                "SELECT 1 FROM {} t JOIN sync_runs r ON r.id = t.last_sync_run_id \
                 WHERE r.source_type = ? AND r.source_name = ? LIMIT 1",
                table.name
            )
        };
        let args = [Arg::from(&run.request.source_type), Arg::from(&run.source_name)];
        let rows = self.db.fetch(sql, &args).await?;
        Ok(!rows.is_empty())
    }
}
