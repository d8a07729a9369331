//! The phase after the last page of a complete pass: rows that left the source are marked or deleted, in steps of their own.
//!
//! Nothing is marked where the pass cannot be sure to have seen all, where more rows have left than the guard allows, or where
//! nobody knows which rows some rejects are. The run says so then.

use std::sync::Arc;

use catchment_core::{Coverage, Finding, Result};

use super::attempt::{Attempt, AttemptEnd};
use super::tx_retry::retry_contended;
use crate::compare::DigestSet;
use crate::counts::{Counters, GoneHeld};
use crate::mapping::{Batch, ColumnMapping, MaxErrors, StorageLimits, WhenGone};
use crate::run::SyncRun;
use crate::store::{
    CommitOutcome, GonePage, GoneRows, Purpose, RowOrigin, SeenIn, SweepStep, Unseen, slice_of,
};
use crate::target::{Ledger, Table, identified};

/// Digests that are held in memory at a time.
const SLICE: u64 = 2_000_000;
/// A share says nothing about so few rows.
const FEW: u64 = 20;

/// What a sweep goes by.
struct Swept<'a> {
    /// The run whose pass saw what is there.
    pass: &'a SyncRun,
    /// Where it keeps that.
    seen_in: SeenIn,
    /// Whether nothing is written: rows do not tell then.
    is_to_find: bool,
    /// What the source told to be gone, where the pass was none of all of it.
    told: Option<DigestSet>,
    table: Arc<Table>,
    rejected: DigestSet,
    slices: u64,
    when_gone: WhenGone,
}

impl Attempt<'_> {
    /// Sweeps after a pass that ended so. `None` goes on with a sweep that had begun.
    pub(super) async fn sweep(
        &self,
        run: &mut SyncRun,
        purpose: &Purpose,
        limits: StorageLimits,
        coverage: Option<Coverage>,
    ) -> Result<(), AttemptEnd> {
        let is_whole = match coverage {
            Some(coverage) => coverage == Coverage::Complete && !run.metadata.truncated,
            None => run.metadata.is_whole,
        };
        let told = if is_whole { None } else { Some(self.told(run).await?) };
        let is_none_gone = told.as_ref().is_some_and(DigestSet::is_empty);
        if self.prepared.target.when_gone() == WhenGone::Keep || is_none_gone {
            return Ok(());
        }
        let pass = run.clone();
        let swept = self.swept(&pass, purpose, told).await.map_err(AttemptEnd::Failed)?;
        if run.metadata.sweep.is_none()
            && let Some(held) = self.held(run, &swept).await?
        {
            let (is_shown, is_none_left) = (swept.is_to_find && held.can_be_released, held.rows == Some(0));
            run.metadata.gone_held = Some(held).filter(|_| !is_none_left);
            if is_none_left && swept.told.is_some() {
                return self.end_sweep(run, &swept).await.map_err(AttemptEnd::Failed);
            }
            if !is_shown {
                let stored = self.store.store_metadata(self.lease, &run.metadata).await;
                return stored.map_err(|failure| AttemptEnd::Failed(failure.into()));
            }
        }
        self.go_through(run, &swept, purpose, limits).await
    }

    /// What the source told to be gone, where nobody has to find that out.
    async fn told(&self, run: &mut SyncRun) -> Result<DigestSet, AttemptEnd> {
        if run.metadata.gone_unidentified > 0 {
            let message = format!(
                "{} records left the source that nobody knows the rows of, as these are told apart by other columns; the next pass over all of the source finds them",
                run.metadata.gone_unidentified
            );
            run.metadata.find([Finding::unsure("gone_rows", message)]);
            let stored = self.store.store_metadata(self.lease, &run.metadata).await;
            stored.map_err(|failure| AttemptEnd::Failed(failure.into()))?;
        }
        let told = self.store.gone_identities_of(run.id).await;
        told.map_err(|failure| AttemptEnd::Failed(failure.into()))
    }

    /// Marks or deletes what another run held.
    pub(super) async fn release(&mut self, run: &mut SyncRun) -> Result<(), AttemptEnd> {
        let held = self.store.run(run.based_on.unwrap_or_default()).await.map_err(AttemptEnd::Failed)?;
        // It was cleaned up: nobody knows any more what its source held.
        let Some(mut pass) = held else { return Ok(()) };
        if self.store.has_later_run(pass.id).await.map_err(AttemptEnd::Failed)? {
            let message =
                "a later run has seen the source since, which tells what is gone now; nothing was marked";
            run.metadata.find([Finding::unsure("gone", message)]);
            let stored = self.store.store_metadata(self.lease, &run.metadata).await;
            return stored.map_err(|failure| AttemptEnd::Failed(failure.into()));
        }
        if pass.metadata.is_inventory {
            self.prepared.target = self.prepared.target.for_inventory(&self.prepared.table);
        }
        let told = if pass.metadata.is_whole { None } else { Some(self.told(&mut pass).await?) };
        let swept = self.swept(&pass, &Purpose::Write, told).await.map_err(AttemptEnd::Failed)?;
        self.go_through(run, &swept, &Purpose::Write, StorageLimits::default()).await
    }

    async fn swept<'p>(
        &self,
        pass: &'p SyncRun,
        purpose: &Purpose,
        told: Option<DigestSet>,
    ) -> Result<Swept<'p>> {
        let (options, table) = (&self.prepared.target, &self.prepared.table);
        let is_mapped = |column: &str| {
            pass.metadata.mapping.as_ref().is_some_and(|names: &ColumnMapping| names.contains_key(column))
        };
        let table = identified(table, options.key(), is_mapped)?;
        let seen_in = SeenIn::of(&table, purpose);
        let is_to_find = matches!(purpose, Purpose::Find);
        let known = match &table.ledger {
            Ledger::Beside => self.store.claimed(pass).await?,
            Ledger::Columns { .. } if is_to_find => pass.metadata.counts.total(),
            // Their rows tell.
            Ledger::Columns { .. } => 0,
        };
        let rejected = self.store.rejected_identities_of(pass.id).await?;
        let when_gone = options.when_gone();
        let slices = if told.is_some() { 1 } else { known / SLICE + 1 };
        Ok(Swept { pass, seen_in, is_to_find, told, table, rejected, slices, when_gone })
    }

    /// Why nothing is to be marked; with no rows where there is nothing to mark. `None` where the sweep may begin.
    async fn held(&self, run: &SyncRun, swept: &Swept<'_>) -> Result<Option<GoneHeld>, AttemptEnd> {
        let held = |rows, reason: String| Some(GoneHeld { rows, reason, can_be_released: false });
        if let Some(reason) = self.doubt(run, swept).await.map_err(AttemptEnd::Failed)? {
            return Ok(held(None, reason));
        }
        let (gone, looked_at) = self.count(swept).await?;
        let Counters { updated, unchanged, .. } = run.metadata.counts;
        let all = match (&swept.told, &swept.table.ledger) {
            (None, _) => gone + updated + unchanged + run.metadata.rows_kept,
            (Some(_), Ledger::Columns { .. }) => looked_at,
            (Some(_), Ledger::Beside) => self.store.claimed(swept.pass).await.map_err(AttemptEnd::Failed)?,
        };
        let usual = MaxErrors::Percent(self.prepared.source.usual_max_gone_percent().into());
        let limit = self.prepared.target.max_gone.unwrap_or(usual);
        let is_few = matches!(limit, MaxErrors::Percent(_)) && all <= FEW;
        Ok(if gone == 0 {
            held(Some(0), String::new())
        } else if swept.told.is_none() && run.metadata.counts.total() == 0 {
            held(Some(gone), "the source is empty".to_owned())
        } else if swept.told.is_none() && run.metadata.rejects_unidentified > 0 {
            let count = run.metadata.rejects_unidentified;
            let reason = format!(
                "of {count} rejected records nobody knows which rows they are; correct them, and sync again"
            );
            held(Some(gone), reason)
        } else if !is_few && limit.is_exceeded(gone, all, true) {
            let limit = serde_json::Value::from(limit);
            let limit = limit.as_str().map_or_else(|| limit.to_string(), str::to_owned);
            let reason = format!(
                "{gone} of the source's {all} rows have left it, more than the option `maxGone` allows ({limit})"
            );
            Some(GoneHeld { rows: Some(gone), reason, can_be_released: true })
        } else {
            None
        })
    }

    /// Why nobody knows whose rows they are, if so.
    async fn doubt(&self, run: &SyncRun, swept: &Swept<'_>) -> Result<Option<String>> {
        let Table { name, ledger, identity, .. } = &*swept.table;
        Ok(match ledger {
            Ledger::Columns { .. } if swept.table.is_by_source() => None,
            Ledger::Columns { .. } if self.store.has_other_sources(run).await? => Some(format!(
                "several sources fill `{name}`, and its rows do not tell which of them has them"
            )),
            Ledger::Beside if self.store.has_other_keys(run, identity).await? => Some(format!(
                "another source tells the rows of `{name}` apart by other columns, so that nobody knows which it has"
            )),
            _ => None,
        })
    }

    /// Whether somebody wants the attempt to end.
    fn check_interrupted(&self) -> Result<(), AttemptEnd> {
        if self.lost.is_cancelled() {
            return Err(AttemptEnd::LeaseLost);
        }
        if self.shutdown.is_cancelled() { Err(AttemptEnd::ShutDown) } else { Ok(()) }
    }

    /// How many rows are gone, and how many were looked at.
    async fn count(&self, swept: &Swept<'_>) -> Result<(u64, u64), AttemptEnd> {
        let (mut count, mut all) = (0, 0);
        for slice in 0..swept.slices {
            let gone = self.gone_rows(swept, slice).await.map_err(AttemptEnd::Failed)?;
            let mut after = None;
            loop {
                self.check_interrupted()?;
                let page = self.store.gone_page(&gone, after.as_deref()).await;
                let page = page.map_err(|failure| AttemptEnd::Failed(failure.into()))?;
                let GonePage { rows, looked_at, end } = page;
                (count, all) = (count + rows.len() as u64, all + looked_at);
                after = end;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok((count, all))
    }

    /// Goes through the rows that are gone, from where the run stands.
    async fn go_through(
        &self,
        run: &mut SyncRun,
        swept: &Swept<'_>,
        purpose: &Purpose,
        limits: StorageLimits,
    ) -> Result<(), AttemptEnd> {
        let mut next = run.metadata.sweep.clone().unwrap_or_default();
        while next.slice < swept.slices && !next.is_over {
            let gone = self.gone_rows(swept, next.slice).await.map_err(AttemptEnd::Failed)?;
            loop {
                self.check_interrupted()?;
                let page = self.store.gone_page(&gone, next.after.as_deref()).await;
                let page = page.map_err(|failure| AttemptEnd::Failed(failure.into()))?;
                let is_last = page.end.is_none();
                next.after.clone_from(&page.end);
                next.slice += u64::from(is_last);
                let step = SweepStep {
                    run,
                    lease: self.lease,
                    gone: &gone,
                    page: &page,
                    purpose,
                    limits,
                    next: &next,
                };
                let done =
                    retry_contended(|| self.store.sweep_step(step)).await.map_err(AttemptEnd::Failed)?;
                let CommitOutcome::Done(metadata) = done else { return Err(AttemptEnd::LeaseLost) };
                (run.metadata, run.pages) = (*metadata, run.pages + 1);
                if is_last {
                    break;
                }
            }
        }
        self.end_sweep(run, swept).await.map_err(AttemptEnd::Failed)
    }

    /// What is gone is no row of the source any more.
    async fn end_sweep(&self, run: &mut SyncRun, swept: &Swept<'_>) -> Result<()> {
        // What was left alone is looked at again by the next run.
        let are_all_gone = !run.metadata.has_found("gone");
        if swept.table.ledger == Ledger::Beside && !swept.is_to_find && are_all_gone {
            match &swept.told {
                Some(told) => self.store.forget_told(swept.pass, told).await?,
                None => self.store.forget_unseen(swept.pass, &swept.rejected).await?,
            }
        }
        run.metadata.sweep.get_or_insert_default().is_over = true;
        self.store.store_metadata(self.lease, &run.metadata).await.map_err(Into::into)
    }

    async fn gone_rows<'s>(&self, swept: &'s Swept<'_>, slice: u64) -> Result<GoneRows<'s>> {
        let Swept { pass, seen_in, is_to_find, told, table, rejected, slices, when_gone } = swept;
        let is_in_slice = |digest: u128| {
            told.as_ref().map_or_else(|| slice_of(digest, *slices) == slice, |told| told.contains(&digest))
        };
        let unseen = match (&table.ledger, seen_in) {
            (Ledger::Beside, _) => {
                Unseen::Among(self.store.unseen(pass, *seen_in, &table.identity, is_in_slice).await?)
            }
            (Ledger::Columns { .. }, _) if let Some(told) = told => Unseen::Among(told.clone()),
            (Ledger::Columns { .. }, _) if *is_to_find => {
                let mut seen = DigestSet::default();
                let take = |digest| {
                    if is_in_slice(digest) {
                        seen.insert(digest);
                    }
                };
                self.store.each_seen(SeenIn::Pages, pass.id, take).await?;
                Unseen::NotAmong { seen, slice, slices: *slices }
            }
            (Ledger::Columns { .. }, _) => Unseen::ByRow,
        };
        let mark = table.gone.clone().filter(|_| *when_gone == WhenGone::Mark);
        let batch = Batch::of_identity(table.clone());
        Ok(GoneRows { batch, origin: RowOrigin::of(pass), pass, unseen, rejected, mark })
    }
}
