//! Which run saw a row last, where the ledger is beside the table.

use std::sync::Arc;

use catchment_core::Result;

use super::origin::RowOrigin;
use crate::compare::DigestSet;
use crate::mapping::Batch;
use crate::store::Store;
use crate::store::db::dialect::Sql;
use crate::store::db::{Arg, StoreError};
use crate::target::{Table, identified};

impl Store {
    /// The run that saw each row of a query last, in its order; `None` for rows that none has seen. `tail` is what follows the
    /// name of the table in it.
    pub(super) async fn last_runs(
        &self,
        table: &Arc<Table>,
        tail: &str,
        args: &[Arg<'_>],
    ) -> Result<Vec<Option<i64>>> {
        let Some(key) = self.seen_key(&table.name).await? else { return Ok(Vec::new()) };
        let table = identified(table, Some(&key), |_| true)?;
        let batch = Batch::of_identity(table);
        let origin =
            RowOrigin { run_id: 0, source_type: String::new(), source_name: String::new(), vouching: None };
        let view = self.view(&batch, &origin);
        let sql = format!("{}{tail}", view.select());
        let rows = self.db.fetch(Sql::Built(sql), args).await?;
        let digests = rows.iter().map(|row| view.identity_in(row)).collect::<Result<Vec<_>, StoreError>>()?;
        let wanted: DigestSet = digests.iter().copied().collect();
        let runs = self.runs_that_saw(&batch.table.name, &wanted).await?;
        Ok(digests.iter().map(|digest| runs.get(digest).copied()).collect())
    }
}
