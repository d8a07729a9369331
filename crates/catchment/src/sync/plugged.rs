//! The saved syncs of a volume that is plugged in.

use catchment_core::{ErrorKind, Result, log_error};

use super::engine::Engine;
use super::request::EnqueuedRun;
use crate::principal::Door;
use crate::run::Trigger;
use crate::store::{OfSaved, StoredSync};
use crate::volumes::{SOURCE_TYPE, volume_of};

impl Engine {
    /// Puts runs of those saved syncs into the queue that are of a volume, by whatever name they have for it, and not paused. The runs.
    pub(super) async fn run_syncs_of_volume(&self, id: &str) -> Result<Vec<i64>> {
        let mut runs = Vec::new();
        for sync in self.store.saved_syncs_of(SOURCE_TYPE).await? {
            match self.run_sync_of_volume(&sync, id).await {
                Ok(run) => runs.extend(run),
                // It is of another volume that is not there, or does not fit any more: no reason for the others.
                Err(error) if error.kind() == ErrorKind::Config => {
                    log_error!(INFO, &error, sync = sync.name, "a saved sync has no run by this plug");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(runs)
    }

    async fn run_sync_of_volume(&self, sync: &StoredSync, id: &str) -> Result<Option<i64>> {
        let resolved = self.resolve(sync.request.clone(), Door::Http).await?;
        let mut of_it =
            resolved.into_iter().filter(|request| volume_of(&request.source_identifier) == Some(id));
        let Some(request) = of_it.next() else { return Ok(None) };
        let prepared = self.prepare(request, Door::Http).await?;
        let saved = Some(OfSaved { id: sync.id, trigger: Trigger::Volume, scheduled_for: None });
        let run = EnqueuedRun { saved, ..EnqueuedRun::default() };
        self.enqueue(prepared, Door::Http, run).await.map(Some)
    }
}
