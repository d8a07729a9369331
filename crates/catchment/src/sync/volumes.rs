//! Volumes that come and go: which are known, what follows when one is plugged in, and how one is forgotten.

use std::collections::{BTreeMap, BTreeSet};

use catchment_core::{Error, Result};

use super::engine::Engine;
use super::service::SyncService;
use super::tx_retry::retry_contended;
use crate::principal::{Door, Principal, Scope};
use crate::request::SyncRequest;
use crate::target::Table;
use crate::volumes::{
    CameVolume, ForgottenVolume, KnownVolume, NodeVolume, PREFIX, VolumeAnswer, VolumeNews, volume_of,
};

/// The table that volumes fill where nobody says otherwise.
const USUAL_TARGET: &str = "content_index";

impl SyncService {
    /// Takes note of the volumes that this node sees now, and tells which came and which left since the last time; at the start of a
    /// service, also those of which no plug was answered by a run, as nobody was to sync them then.
    ///
    /// # Errors
    /// `database`.
    pub async fn note_volumes(
        &self,
        principal: &Principal,
        present: &[NodeVolume],
        is_start: bool,
    ) -> Result<VolumeNews> {
        principal.require(Scope::Run)?;
        self.store().note_volumes(&self.engine().settings.node, present, is_start).await
    }

    /// Does what follows from a volume that came: runs that wait for it are due now, and those that failed for a cause that
    /// passes are taken up. Where there are none, and it was plugged in and not only mounted again, the saved syncs that are of it
    /// run; and where there are none of these, `request` becomes a run.
    ///
    /// # Errors
    /// As [`SyncService::schedule_sync`].
    pub async fn answer_volume(
        &self,
        principal: &Principal,
        came: &CameVolume,
        request: Option<SyncRequest>,
    ) -> Result<VolumeAnswer> {
        principal.require(Scope::Run)?;
        let (store, id, node) = (self.store(), came.volume.id.as_str(), &*self.engine().settings.node);
        if !store.claim_plug(node, &came.volume).await? {
            return Ok(VolumeAnswer::default());
        }
        let mut answer = VolumeAnswer {
            resumed: retry_contended(|| store.make_volume_due(node, id)).await?,
            ..VolumeAnswer::default()
        };
        for run in store.retryable_runs(Some((node, id))).await? {
            answer.resumed += u64::from(retry_contended(|| store.requeue(run)).await?);
        }
        if answer.resumed > 0 {
            self.engine().wake_workers();
        } else if came.is_new_plug && store.active_volume_run(Some(node), id).await?.is_none() {
            answer.started = self.engine().run_syncs_of_volume(id).await?;
            if answer.started.is_empty()
                && let Some(request) = request.clone()
            {
                answer.started.push(self.schedule_sync(principal, request).await?);
            }
        }
        // One that nobody was to sync may be synced later, without being plugged in again.
        let is_open = came.is_new_plug && request.is_none() && answer == VolumeAnswer::default();
        store.set_plug_answered(node, &came.volume, !is_open).await?;
        Ok(answer)
    }

    /// Notes that nothing follows from a volume that came, as it was refused: it is not tried again until it is plugged in again.
    ///
    /// # Errors
    /// `database`.
    pub async fn give_up_volume(&self, principal: &Principal, came: &CameVolume) -> Result<()> {
        principal.require(Scope::Run)?;
        self.store().set_plug_answered(&self.engine().settings.node, &came.volume, true).await
    }

    /// The volumes that nodes have seen or runs have read: those that are there first, then those that left last.
    ///
    /// # Errors
    /// `database`.
    pub async fn volumes(&self, principal: &Principal) -> Result<Vec<KnownVolume>> {
        principal.require(Scope::Read)?;
        let mut known: BTreeMap<String, KnownVolume> = BTreeMap::new();
        for seen in self.store().volumes().await? {
            let newest = known.entry(seen.volume.id.clone()).or_default();
            let first = newest.first_seen_at.into_iter().chain(seen.first_seen_at).min();
            newest.first_seen_at = first;
            if newest.node.is_none()
                || (seen.is_present, seen.last_seen_at) > (newest.is_present, newest.last_seen_at)
            {
                newest.is_present = seen.is_present;
                newest.last_seen_at = seen.last_seen_at;
                newest.node = Some(seen.node);
                newest.volume = seen.volume;
            }
        }
        self.engine().add_contents(&mut known).await?;
        let mut known: Vec<_> = known.into_values().collect();
        known.sort_by_key(|volume| std::cmp::Reverse((volume.is_present, volume.last_seen_at)));
        Ok(known)
    }

    /// Deletes all rows that are known to be of a volume, and forgets that it was ever seen.
    ///
    /// # Errors
    /// `config`: `no_such_volume`; `source_in_use`, where a run of it waits or is under way; `database`.
    pub async fn forget_volume(&self, principal: &Principal, id: &str) -> Result<ForgottenVolume> {
        principal.require(Scope::Admin)?;
        let id = id.strip_prefix(PREFIX).unwrap_or(id);
        if !self.volumes(principal).await?.iter().any(|known| known.volume.id == id) {
            let message = format!(
                "no volume `{id}` is known; `catchment volumes` lists those that are, with their ids"
            );
            return Err(Error::config("no_such_volume", message));
        }
        if let Some(run) = self.store().active_volume_run(None, id).await? {
            let message = format!(
                "run {run} of the volume waits or is in progress; cancel it first (`catchment runs cancel {run}`)"
            );
            return Err(Error::config("source_in_use", message));
        }
        let mut forgotten = ForgottenVolume::default();
        for (target, table) in self.engine().volume_targets(Some(id)).await? {
            let Some(table) = table.filter(|table| table.origin.is_some()) else {
                forgotten.left_in.push(target);
                continue;
            };
            let rows = self.store().volume_rows(&table).await?.unwrap_or_default();
            for (source, _) in rows.iter().filter(|(source, _)| volume_of(source) == Some(id)) {
                forgotten.rows += self.store().forget_rows_of(&table, source).await?;
            }
        }
        self.store().delete_volume(&self.engine().settings.node, id).await?;
        Ok(forgotten)
    }
}

impl Engine {
    /// Adds what tables hold of each volume, and when it was read.
    async fn add_contents(&self, known: &mut BTreeMap<String, KnownVolume>) -> Result<()> {
        fn of<'k>(known: &'k mut BTreeMap<String, KnownVolume>, source: &str) -> Option<&'k mut KnownVolume> {
            let id = volume_of(source)?;
            let volume = known.entry(id.to_owned()).or_default();
            volume.volume.id = id.to_owned();
            Some(volume)
        }
        let mut other_targets = BTreeSet::new();
        for (target, table) in self.volume_targets(None).await? {
            let rows = match &table {
                Some(table) => self.store.volume_rows(table).await?,
                None => None,
            };
            match rows {
                Some(rows) => rows.iter().for_each(|(source, count)| {
                    if let Some(volume) = of(known, source) {
                        volume.rows += count;
                    }
                }),
                None => drop(other_targets.insert(target)),
            }
        }
        for source in self.store.volume_sources().await? {
            let Some(volume) = of(known, &source.name) else { continue };
            volume.last_read_at = volume.last_read_at.max(source.last_completed_at);
            if other_targets.contains(&source.target_table) {
                volume.other_targets.push(source.target_table);
            }
        }
        Ok(())
    }

    /// The tables that runs of a volume have filled, or of any, as far as they are there still.
    async fn volume_targets(&self, id: Option<&str>) -> Result<Vec<(String, Option<std::sync::Arc<Table>>)>> {
        let sources = self.store.volume_sources().await?.into_iter();
        let sources = sources.filter(|source| id.is_none() || volume_of(&source.name) == id);
        let names: BTreeSet<_> = sources.map(|source| source.target_table).collect();
        let mut targets = Vec::new();
        for name in names.into_iter().chain([USUAL_TARGET.to_owned()]).collect::<BTreeSet<_>>() {
            let table = match self.resolve_target(&name, Door::Library).await {
                Ok(table) => Some(table),
                Err(error) if error.kind() == catchment_core::ErrorKind::Config => None,
                Err(error) => return Err(error),
            };
            targets.push((name, table));
        }
        Ok(targets)
    }
}
