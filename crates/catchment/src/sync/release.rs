//! Releasing rows that left their source and were held: somebody has looked, and means it.

use catchment_core::{Error, Result};

use super::engine::Engine;
use super::service::SyncService;
use crate::principal::{Door, Principal, Scope};
use crate::run::RunMode;

impl SyncService {
    /// Schedules the run that marks or deletes the rows that left the source of a run, and that this held as they were too many.
    /// It looks for them again: a row that is there again is left alone.
    ///
    /// # Errors
    /// `config`: `no_such_run`; `wrong_state` where the run holds nothing, a later one has seen the source, or it was released
    /// already. `database`.
    pub async fn release(&self, principal: &Principal, run_id: i64) -> Result<i64> {
        principal.require(Scope::Run)?;
        self.engine().release(run_id, principal.door).await
    }
}

impl Engine {
    async fn release(&self, run_id: i64, door: Door) -> Result<i64> {
        let run = self.run(run_id).await?;
        let refused = |why: String| Err(Error::config("wrong_state", format!("sync run {run_id}: {why}")));
        let is_held = run.metadata.gone_held.as_ref().is_some_and(|held| held.can_be_released);
        if !is_held || !run.status.is_ended() || run.mode == RunMode::Preview {
            return refused("it holds no rows that could be released".to_owned());
        }
        if self.store.has_later_run(run_id).await? {
            return refused("a later run of its source exists, which tells what is gone now".to_owned());
        }
        let prepared = self.prepare(run.request, door).await?;
        match self.enqueue_based(prepared, door, RunMode::Release, run_id).await? {
            Ok(id) => Ok(id),
            Err(released) => refused(format!("its rows were released already, by run {released}")),
        }
    }
}
