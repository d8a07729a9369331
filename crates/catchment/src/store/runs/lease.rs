//! Leases: renewed by their holders, and expired for those who are gone.

use catchment_core::Result;

use crate::store::Store;
use crate::store::db::StoreError;
use crate::store::lease::{Lease, lease_ms};

impl Store {
    /// Holds on to a run; false when it is not ours any more.
    pub(crate) async fn renew_lease(&self, lease: Lease) -> Result<bool> {
        let sql = "UPDATE sync_runs SET lease_until = {now + ? ms} WHERE id = ? AND status = 'in_progress' \
             AND fence = ?";
        let args = [lease_ms().into(), lease.run_id.into(), lease.fence.into()];
        Ok(self.db.execute(sql, &args).await? == 1)
    }

    /// Lets go of the runs that a dead worker held, so that they need not wait for their leases.
    pub(crate) async fn expire_lease(&self, run_id: i64, worker: &str) -> Result<()> {
        let sql = "UPDATE sync_runs SET lease_until = NULL WHERE id = ? AND status = 'in_progress' AND \
             lease_owner = ?";
        self.db.execute(sql, &[run_id.into(), worker.into()]).await?;
        Ok(())
    }

    /// The runs under way, with the workers that hold them.
    pub(crate) async fn held_runs(&self) -> Result<Vec<(i64, String)>> {
        let sql = "SELECT id, COALESCE(lease_owner, '') FROM sync_runs WHERE status = 'in_progress'";
        let rows = self.db.fetch(sql, &[]).await?;
        Ok(rows
            .iter()
            .map(|row| Ok((row.int(0)?, row.text(1)?.to_owned())))
            .collect::<Result<_, StoreError>>()?)
    }
}
