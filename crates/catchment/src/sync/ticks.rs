//! The clock of saved syncs: whatever is due becomes a run, once on all nodes.

use std::time::Duration;

use catchment_core::{Error, ErrorKind, Result, log_error};
use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};

use super::cron::Clock;
use super::engine::Engine;
use super::request::{EnqueuedRun, Prepared};
use super::service::SyncService;
use super::timeouts::silence_error;
use super::tx_retry::retry_contended;
use crate::principal::Door;
use crate::run::Trigger;
use crate::saved::{CatchUp, SyncSchedule, TickOutcome};
use crate::store::{DueSync, NewTick, OfSaved, StoredSync};

/// How often it is looked what is due.
const INTERVAL: Duration = Duration::from_secs(1);
/// Syncs that are looked at at a time, and side by side.
const LOOKED_AT: u32 = 200;
const SIDE_BY_SIDE: usize = 8;
/// How long it may take to find out what a sync stands for.
const PATIENCE: Duration = Duration::from_secs(30);
/// A time that is longer ago was missed.
const GRACE: SignedDuration = SignedDuration::from_mins(5);

/// Makes runs of the saved syncs that are due, until the service is shut down. Of several processes one makes each.
pub async fn run_schedules(service: SyncService) {
    let engine = service.engine();
    let mut is_away = false;
    loop {
        match engine.take_due().await {
            // There may be more.
            Ok(taken) if taken == LOOKED_AT as usize => continue,
            Ok(_) => is_away = false,
            Err(error) => {
                if !std::mem::replace(&mut is_away, true) {
                    log_error!(WARN, &error, "saved syncs that are due could not be looked up; trying again");
                }
            }
        }
        tokio::select! {
            () = engine.shutdown.cancelled() => return,
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
}

impl Engine {
    /// Takes the times that are due. How many syncs were looked at.
    async fn take_due(&self) -> Result<usize> {
        let due = self.store.due_syncs(LOOKED_AT).await?;
        let count = due.len();
        let taken = futures::stream::iter(due).for_each_concurrent(SIDE_BY_SIDE, async |due| {
            let name = due.sync.name.clone();
            if let Err(error) = self.take(due).await {
                log_error!(
                    WARN,
                    &error,
                    sync = name,
                    "a saved sync that is due could not be scheduled; trying again"
                );
            }
        });
        tokio::select! {
            () = self.shutdown.cancelled() => {}
            () = taken => {}
        }
        Ok(count)
    }

    /// Takes the time at which a sync is due: the last one up to now, of several.
    async fn take(&self, DueSync { sync, now }: DueSync) -> Result<()> {
        let (Some(schedule), Some(first)) = (&sync.schedule, sync.next_tick) else { return Ok(()) };
        let clock = Clock::new(schedule, self.settings.time_zone.as_deref())?;
        let mut tick = clock.last_until(now, first);
        if clock.begins_at(&sync.name, tick) > now {
            tick = first;
        }
        let next = clock.next_after(tick).map(|next| [next, clock.begins_at(&sync.name, next)]);
        let is_missed = now.duration_since(clock.begins_at(&sync.name, tick)) > GRACE;
        if is_missed && schedule.catch_up == CatchUp::None {
            let missed = NewTick { tick, outcome: TickOutcome::Missed, error: None, next, runs: Vec::new() };
            return self.store_tick(&sync, schedule, &missed).await;
        }
        match self.prepared(&sync).await {
            Ok(prepared) => self.enqueue_tick(&sync, schedule, (tick, next), &prepared).await,
            Err(error) if error.kind() == ErrorKind::Config => {
                log_error!(
                    ERROR,
                    &error,
                    sync = sync.name,
                    "a saved sync does not fit any more, and has no run"
                );
                let error = Some(error.message());
                let failed = NewTick { tick, outcome: TickOutcome::Failed, error, next, runs: Vec::new() };
                self.store_tick(&sync, schedule, &failed).await
            }
            Err(error) => Err(error),
        }
    }

    /// The requests that a sync stands for, checked.
    async fn prepared(&self, sync: &StoredSync) -> Result<Vec<Prepared>> {
        let prepare = async {
            let mut prepared = Vec::new();
            for request in self.resolve(sync.request.clone(), Door::Http).await? {
                prepared.push(self.prepare(request, Door::Http).await?);
            }
            Ok::<_, Error>(prepared)
        };
        let prepared = tokio::time::timeout(PATIENCE, prepare).await;
        prepared.unwrap_or_else(|_| Err(silence_error(&self.settings)))
    }

    async fn enqueue_tick(
        &self,
        sync: &StoredSync,
        schedule: &SyncSchedule,
        (tick, next): (Timestamp, Option<[Timestamp; 2]>),
        prepared: &[Prepared],
    ) -> Result<()> {
        let saved = Some(OfSaved { id: sync.id, trigger: Trigger::Schedule, scheduled_for: Some(tick) });
        let run = EnqueuedRun { saved, ..EnqueuedRun::default() };
        let keys: Vec<_> =
            prepared.iter().map(|prepared| self.keys(prepared, Door::Http, &run)).collect::<Result<_>>()?;
        let runs = keys.iter().zip(prepared).map(|(keys, prepared)| keys.run(prepared, Door::Http, &run));
        let new = NewTick { tick, outcome: TickOutcome::Run, error: None, next, runs: runs.collect() };
        self.store_tick(sync, schedule, &new).await
    }

    async fn store_tick(&self, sync: &StoredSync, schedule: &SyncSchedule, new: &NewTick<'_>) -> Result<()> {
        let taken = retry_contended(|| self.store.take_tick(sync, schedule.overlap, new)).await?;
        let Some(outcome) = taken else { return Ok(()) };
        tracing::info!(sync = sync.name, due = %new.tick, %outcome, "a saved sync was due");
        if outcome == TickOutcome::Run {
            self.wake_workers();
        }
        Ok(())
    }
}
