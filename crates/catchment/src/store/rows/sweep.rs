//! A step of the sweep of rows that left their source: its rows, its counts and how far it has come commit together.

use catchment_core::Finding;

use super::commit::CommitOutcome;
use super::gone::{GonePage, GoneRow, GoneRows};
use super::purpose::Purpose;
use crate::compare::gone_digest;
use crate::counts::{RunMetadata, Sweep};
use crate::mapping::StorageLimits;
use crate::preview::ChangeKind;
use crate::run::SyncRun;
use crate::store::Store;
use crate::store::changes::{NewChange, store_changes};
use crate::store::conflicts::forget_rows;
use crate::store::db::{Arg, FailureClass, StoreError, Tx};
use crate::store::lease::{Lease, lease_ms};
use crate::store::run_pages::{PageDigests, store_page};
use crate::store::values::stored;

/// The same as the statement that moves a cursor: it finds no row where somebody else holds the run.
const MOVE_SWEEP: &str = "UPDATE sync_runs SET page_no = ?, sync_metadata = ?, lease_until = {now + ? ms}, updated_at = {now} WHERE \
     id = ? AND status = 'in_progress' AND fence = ? AND page_no = ?";

/// A step of a sweep.
#[derive(Clone, Copy)]
pub(crate) struct SweepStep<'a> {
    pub(crate) run: &'a SyncRun,
    pub(crate) lease: Lease,
    pub(crate) gone: &'a GoneRows<'a>,
    pub(crate) page: &'a GonePage,
    pub(crate) purpose: &'a Purpose,
    pub(crate) limits: StorageLimits,
    /// How far the sweep has come with it.
    pub(crate) next: &'a Sweep,
}

impl Store {
    /// Marks or deletes the rows of a step, or keeps that they would be.
    pub(crate) async fn sweep_step(&self, step: SweepStep<'_>) -> Result<CommitOutcome, StoreError> {
        let SweepStep { run, lease, purpose, limits, .. } = step;
        let page_no = run.pages + 1;
        let mut metadata = RunMetadata { sweep: Some(step.next.clone()), ..run.metadata.clone() };
        let mut tx = self.db.begin().await?;
        let mut found = Vec::new();
        let (written, count) = self.write_step(step, &mut metadata, &mut tx).await?;
        // What a preview finds that a run would hold is shown, and is no change.
        let is_held = metadata.gone_held.is_some();
        metadata.gone += if is_held { 0 } else { count };
        if matches!(purpose, Purpose::Find) {
            let summary = metadata.preview.get_or_insert_default();
            let changes = written.iter().filter(|_| !is_held).map(|row| gone_digest(row.identity)).collect();
            let digests = PageDigests { changes, ..PageDigests::default() };
            summary.add_digests(&digests.changes);
            for row in &written {
                if summary.gone_stored < limits.changes {
                    summary.gone_stored += 1;
                    found.push(as_change(row));
                }
            }
            store_page(&mut tx, lease, page_no, &digests).await?;
        } else if step.gone.mark.is_none() {
            let scope = self.view(&step.gone.batch, &step.gone.origin).scope();
            let deleted: Vec<_> = written.iter().map(|row| row.identity).collect();
            forget_rows(&self.db, scope, &deleted, tx.conn()?).await?;
        }
        store_changes(&mut tx, self.db.limits(), lease.run_id, &found).await?;
        if !move_sweep(&mut tx, step, page_no, &metadata).await? {
            tx.rollback().await?;
            return self.why_not_moved(lease, page_no).await;
        }
        tx.commit().await?;
        Ok(CommitOutcome::Done(Box::new(metadata)))
    }

    /// Marks or deletes the rows of a step; a preview tries it, and takes it back. Those that could be, and how many still were
    /// there.
    async fn write_step(
        &self,
        step: SweepStep<'_>,
        metadata: &mut RunMetadata,
        tx: &mut Tx,
    ) -> Result<(Vec<GoneRow>, u64), StoreError> {
        let SweepStep { gone, page, purpose, .. } = step;
        let (shown, left): (Vec<_>, Vec<_>) = page.rows.iter().cloned().partition(|row| match purpose {
            Purpose::WriteShown(shown) => shown.contains(&gone_digest(row.identity)),
            _ => true,
        });
        let conn = tx.conn()?;
        conn.raw("SAVEPOINT sweep").await?;
        let (written, count) = match self.write_gone(gone, &shown, conn).await {
            Ok(count) => (shown, count),
            Err(failure) if failure.class == FailureClass::Row => {
                conn.raw("ROLLBACK TO SAVEPOINT sweep").await?;
                let (written, refusal) = self.write_gone_carefully(gone, shown, conn).await?;
                if let Some(refusal) = refusal {
                    let message = format!(
                        "the database refuses to delete or mark some rows that left the source, such as for: {}",
                        refusal.message()
                    );
                    metadata.find([Finding::unsure("gone", message)]);
                }
                let count = written.len() as u64;
                (written, count)
            }
            Err(failure) => return Err(failure),
        };
        if matches!(purpose, Purpose::Find) {
            conn.raw("ROLLBACK TO SAVEPOINT sweep").await?;
        }
        if !left.is_empty() {
            let message =
                "rows that left the source since they were shown are left alone; the next run finds them";
            metadata.find([Finding::unsure("gone", message)]);
        }
        Ok((written, count))
    }
}

fn as_change(row: &GoneRow) -> NewChange {
    let item = catchment_core::truncate_text(&row.item, 512);
    NewChange { kind: ChangeKind::Gone, item, location: None, size: 0.0, fields: Vec::new() }
}

async fn move_sweep(
    tx: &mut Tx,
    step: SweepStep<'_>,
    page_no: u64,
    metadata: &RunMetadata,
) -> Result<bool, StoreError> {
    let metadata = serde_json::to_string(metadata).map_err(|error| StoreError::unwritable(&error))?;
    let Lease { run_id, fence } = step.lease;
    let args = [
        stored(page_no).into(),
        Arg::from(&metadata),
        lease_ms().into(),
        run_id.into(),
        fence.into(),
        stored(page_no - 1).into(),
    ];
    Ok(tx.execute(MOVE_SWEEP, &args).await? == 1)
}
