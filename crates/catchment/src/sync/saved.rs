//! Saved syncs: made, changed, run and deleted.

use catchment_core::{Error, ErrorKind, Result};
use jiff::Timestamp;

use super::cron::Clock;
use super::engine::Engine;
use super::planned_sync::{PlannedSync, origins};
use super::request::EnqueuedRun;
use super::service::SyncService;
use crate::principal::{Door, Principal, Scope};
use crate::request::SyncRequest;
use crate::run::{RunMode, SyncRun, Trigger};
use crate::saved::{Precondition, Saved, SavedSync, SyncDraft, SyncSchedule, check_name};
use crate::store::{OfSaved, StoredSync, SyncRecord};
use crate::vault::Vault;

/// Times that are told of each schedule.
const SHOWN_TIMES: usize = 5;

/// The next times of a schedule, for the sync of a name, after now.
///
/// # Errors
/// `config`, `invalid_schedule`.
pub fn next_times(schedule: &SyncSchedule, name: &str, service_zone: Option<&str>) -> Result<Vec<Timestamp>> {
    Ok(Clock::at("", schedule, service_zone)?.next_times(name, Timestamp::now(), SHOWN_TIMES))
}

impl SyncService {
    /// Saved syncs in the order of their names, after one of them, at most `limit`.
    ///
    /// # Errors
    /// `database`.
    pub async fn saved_syncs(
        &self,
        principal: &Principal,
        after: &str,
        limit: u32,
    ) -> Result<Vec<SavedSync>> {
        principal.require(Scope::Read)?;
        let stored = self.store().saved_syncs(after, limit).await?;
        stored.into_iter().map(|stored| self.engine().shown(stored)).collect()
    }

    /// The saved sync of a name.
    ///
    /// # Errors
    /// `config` (`no_such_sync`), `database`.
    pub async fn saved_sync(&self, principal: &Principal, name: &str) -> Result<SavedSync> {
        principal.require(Scope::Read)?;
        self.engine().shown(self.engine().stored_sync(name).await?)
    }

    /// Makes a saved sync, or changes the one of its name, if it is as `condition` says. What its runs would be refused for is refused
    /// now.
    ///
    /// # Errors
    /// `config`, with its pointer; `changed_meanwhile`, where it is not as it must be; `no_such_sync`; `database`.
    pub async fn save_sync(
        &self,
        principal: &Principal,
        draft: SyncDraft,
        condition: Precondition,
    ) -> Result<(SavedSync, Saved)> {
        principal.require(Scope::Edit)?;
        let name = draft.name.clone();
        let saved = self.engine().save(draft, condition).await?;
        Ok((self.engine().shown(self.engine().stored_sync(&name).await?)?, saved))
    }

    /// What saving a draft would change, as JSON pointers; nothing is written.
    ///
    /// # Errors
    /// As [`SyncService::save_sync`].
    pub async fn compare_sync(
        &self,
        principal: &Principal,
        draft: &SyncDraft,
    ) -> Result<(Saved, Vec<String>)> {
        principal.require(Scope::Read)?;
        let planned = self.engine().plan_save(draft, Precondition::Any).await?;
        Ok((planned.saved(), planned.changes()))
    }

    /// Lets the schedule of a saved sync rest, or not any more: it is due next at its next time from now on.
    ///
    /// # Errors
    /// `config` (`no_such_sync`), `database`.
    pub async fn pause_sync(&self, principal: &Principal, name: &str, is_paused: bool) -> Result<SavedSync> {
        principal.require(Scope::Edit)?;
        let engine = self.engine();
        loop {
            let stored = engine.stored_sync(name).await?;
            let is_done = stored.is_paused == is_paused
                || engine
                    .store
                    .change_saved_sync(&engine.record(&stored, is_paused)?, stored.version)
                    .await?;
            if is_done {
                return engine.shown(engine.stored_sync(name).await?);
            }
        }
    }

    /// Deletes a saved sync. Its runs, and the rows that they wrote, stay.
    ///
    /// # Errors
    /// `config` (`no_such_sync`, `changed_meanwhile`), `database`.
    pub async fn delete_sync(
        &self,
        principal: &Principal,
        name: &str,
        condition: Precondition,
    ) -> Result<()> {
        principal.require(Scope::Edit)?;
        self.engine().stored_sync(name).await?;
        if self.store().delete_saved_sync(name, condition).await? {
            return Ok(());
        }
        Err(changed_meanwhile(name))
    }

    /// Schedules a run of a saved sync now, whatever its schedule; or a preview of one. The runs, one for each source that it stands
    /// for.
    ///
    /// # Errors
    /// `config` (`no_such_sync`, and what does not fit any more), `database`.
    pub async fn run_sync(&self, principal: &Principal, name: &str, mode: RunMode) -> Result<Vec<i64>> {
        principal.require(Scope::Run)?;
        let stored = self.engine().stored_sync(name).await?;
        let saved = OfSaved { id: stored.id, trigger: Trigger::Manual, scheduled_for: None };
        let mut ids = Vec::new();
        for request in self.engine().resolve(stored.request, Door::Http).await? {
            let prepared = self.engine().prepare(request, Door::Http).await?;
            let run = EnqueuedRun { mode, saved: Some(saved), ..EnqueuedRun::default() };
            ids.push(self.engine().enqueue(prepared, Door::Http, run).await?);
        }
        Ok(ids)
    }

    /// The runs of a saved sync before the one with the id `before`, the newest first, at most `limit`.
    ///
    /// # Errors
    /// `config` (`no_such_sync`), `database`.
    pub async fn runs_of_sync(
        &self,
        principal: &Principal,
        name: &str,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<SyncRun>> {
        principal.require(Scope::Read)?;
        let stored = self.engine().stored_sync(name).await?;
        let mut runs = Vec::new();
        for id in self.store().runs_of_sync(stored.id, before, limit).await? {
            runs.push(self.engine().run(id).await?);
        }
        Ok(runs)
    }
}

impl Engine {
    async fn stored_sync(&self, name: &str) -> Result<StoredSync> {
        self.store.saved_sync(name).await?.ok_or_else(|| no_such_sync(name))
    }

    /// A saved sync without its secrets, with its next times.
    fn shown(&self, stored: StoredSync) -> Result<SavedSync> {
        let mut request = stored.request;
        Vault::mask_options(
            self.registry.secrets(&request.source_type).unwrap_or_default(),
            &mut request.options,
        );
        let now = Timestamp::now();
        let next = match &stored.schedule {
            Some(schedule) if !stored.is_paused => {
                let clock = Clock::new(schedule, self.settings.time_zone.as_deref())?;
                clock.next_times(&stored.name, now, SHOWN_TIMES)
            }
            _ => Vec::new(),
        };
        Ok(SavedSync {
            id: stored.id,
            name: stored.name,
            version: stored.version,
            request,
            schedule: stored.schedule,
            is_paused: stored.is_paused,
            next,
            last_tick: stored.last_tick,
            last_run: stored.last_run,
            created_at: stored.created_at,
            updated_at: stored.updated_at,
        })
    }

    async fn save(&self, draft: SyncDraft, condition: Precondition) -> Result<Saved> {
        let planned = self.plan_save(&draft, condition).await?;
        let PlannedSync { before, request, schedule, is_paused, .. } = &planned;
        let (schedule, is_paused) = (schedule.as_ref(), *is_paused);
        let next = self.next_of(&draft.name, schedule, is_paused)?;
        let record = SyncRecord { name: &draft.name, request, schedule, is_paused, next };
        let saved = planned.saved();
        let is_done = match (before, saved) {
            (_, Saved::Unchanged) => true,
            (None, _) => self.store.add_saved_sync(&record).await?,
            (Some(before), _) => self.store.change_saved_sync(&record, before.version).await?,
        };
        if is_done { Ok(saved) } else { Err(changed_meanwhile(&draft.name)) }
    }

    /// What saving a draft comes to, if what is stored is as `condition` says.
    async fn plan_save(&self, draft: &SyncDraft, condition: Precondition) -> Result<PlannedSync> {
        check_name(&draft.name)?;
        let before = self.store.saved_sync(&draft.name).await?;
        match (condition, &before) {
            (Precondition::Any, _) | (Precondition::Absent, None) | (Precondition::Present, Some(_)) => {}
            (Precondition::Version(version), Some(before)) if before.version == version => {}
            (Precondition::Present | Precondition::Version(_), None) => {
                return Err(no_such_sync(&draft.name));
            }
            (Precondition::Absent | Precondition::Version(_), Some(_)) => {
                return Err(changed_meanwhile(&draft.name));
            }
        }
        let request = self.sealed_request(draft, before.as_ref()).await?;
        let schedule = self.checked_schedule(draft.schedule.as_ref())?;
        let was_paused = before.as_ref().is_some_and(|before| before.is_paused);
        let is_paused = draft.paused.unwrap_or(was_paused);
        Ok(PlannedSync { before, request, schedule, is_paused })
    }

    /// The request of a draft, checked and with its secrets sealed: new ones, and those that are stored.
    async fn sealed_request(&self, draft: &SyncDraft, before: Option<&StoredSync>) -> Result<SyncRequest> {
        let mut request = draft.request();
        let pointers = self.registry.secrets(&request.source_type)?;
        Vault::refuse_sealed(pointers, &request.options)?;
        // A secret goes to no other address than the one that it was given for.
        let kept = before.filter(|before| {
            before.request.source_type == request.source_type
                && origins(&request).is_subset(&origins(&before.request))
        });
        Vault::restore_options(pointers, &mut request.options, kept.map(|before| &before.request.options))?;
        self.settings.vault.seal_options(pointers, &mut request.options)?;
        // Whoever saves it, its runs are those of the service.
        let prepared = self.prepare(request, Door::Http).await?;
        Ok(prepared.request)
    }

    /// A schedule that fits, with its time zone.
    fn checked_schedule(&self, schedule: Option<&SyncSchedule>) -> Result<Option<SyncSchedule>> {
        let Some(schedule) = schedule else { return Ok(None) };
        let clock = Clock::new(schedule, self.settings.time_zone.as_deref())?;
        let time_zone = schedule.time_zone.clone().or_else(|| clock.zone_name().map(str::to_owned));
        Ok(Some(SyncSchedule { time_zone, ..schedule.clone() }))
    }

    /// The next time at which a sync is due from now on, and when it begins then.
    fn next_of(
        &self,
        name: &str,
        schedule: Option<&SyncSchedule>,
        is_paused: bool,
    ) -> Result<Option<[Timestamp; 2]>> {
        let Some(schedule) = schedule.filter(|_| !is_paused) else { return Ok(None) };
        let clock = Clock::new(schedule, self.settings.time_zone.as_deref())?;
        Ok(clock.next_after(Timestamp::now()).map(|tick| [tick, clock.begins_at(name, tick)]))
    }

    fn record<'a>(&self, stored: &'a StoredSync, is_paused: bool) -> Result<SyncRecord<'a>> {
        let StoredSync { name, request, schedule, .. } = stored;
        let next = self.next_of(name, schedule.as_ref(), is_paused)?;
        Ok(SyncRecord { name, request, schedule: schedule.as_ref(), is_paused, next })
    }
}

fn no_such_sync(name: &str) -> Error {
    Error::config("no_such_sync", format!("there is no saved sync `{name}`; `catchment syncs` lists them"))
}

fn changed_meanwhile(name: &str) -> Error {
    let message = format!(
        "the saved sync `{name}` is not as it must be for this: somebody has made or changed it; look at it again"
    );
    Error::new(ErrorKind::Config, "changed_meanwhile", message)
}
