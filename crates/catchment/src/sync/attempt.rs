//! One attempt at a run: read on from its cursor, map, commit page after page, and settle the account.

use std::sync::Arc;
use std::time::Duration;

use catchment_core::{Coverage, Cursor, Error, Finding, PageSize, Pulse, Reading, Result};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::account::{check_limit, settle};
use super::attempt_log::log_findings;
use super::carryover::{Carryover, leave};
use super::in_flight::{Committed, Pipeline};
use super::preview::{uncertain_keys, verify};
use super::progress::RunProgress;
use super::read_ahead::{Mapped, read_ahead};
use super::request::Prepared;
use super::settings::ServiceSettings;
use super::timeouts::{run_timeout_error, silence_error};
use crate::counts::RowVersions;
use crate::mapping::StorageLimits;
use crate::run::{RunMode, SyncRun};
use crate::store::{Lease, LeftOver, Purpose, Store};

/// As long as nobody waits: the time that tokio's timer can hold is longer than a machine lives.
const NO_LIMIT: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum AttemptEnd {
    /// All records are accounted for; with what the source leaves for the next run.
    Complete(Option<LeftOver>),
    /// Something went wrong.
    Failed(Error),
    /// This process is leaving.
    ShutDown,
    /// The run is not ours any more.
    LeaseLost,
}

/// What a pass came to.
#[derive(Debug, Default)]
struct PassEnd {
    /// What the source leaves for the next run.
    carryover: Option<serde_json::Value>,
    /// How much of it was covered; `None` where the pass was made by an earlier attempt.
    coverage: Option<Coverage>,
}

/// An attempt in the making: what it works on and with.
pub(super) struct Attempt<'a> {
    pub(super) store: &'a Store,
    pub(super) lease: Lease,
    pub(super) prepared: Prepared,
    pub(super) cursor: Option<Cursor>,
    /// What the last completed run left.
    pub(super) carryover: Carryover,
    pub(super) shutdown: &'a CancellationToken,
    /// The run is not ours any more.
    pub(super) lost: &'a CancellationToken,
    pub(super) progress: &'a watch::Sender<RunProgress>,
    pub(super) limits: &'a ServiceSettings,
}

/// Why no more pages are taken.
enum ReadingEnd {
    /// The source ended.
    Complete,
    Failed(Error),
    ShutDown,
}

impl Attempt<'_> {
    /// Works until the source ends or something else does. `run` is kept up to date with what is committed.
    pub(super) async fn work(mut self, run: &mut SyncRun) -> AttemptEnd {
        match self.passes(run).await {
            Ok(value) => {
                log_findings(run);
                AttemptEnd::Complete(value.map(|value| leave(run, &self.prepared, value)))
            }
            Err(ended) => ended,
        }
    }

    /// Reads the source once; twice where what was shown is to be written, and nothing else.
    async fn passes(&mut self, run: &mut SyncRun) -> Result<Option<serde_json::Value>, AttemptEnd> {
        let limits = self.prepared.target.storage();
        match run.mode {
            RunMode::Sync | RunMode::Replay => self.pass_and_sweep(run, Purpose::Write, limits).await,
            RunMode::Preview => {
                self.begin_preview(run).await.map_err(AttemptEnd::Failed)?;
                self.pass_and_sweep(run, Purpose::Find, limits).await?;
                self.sum_up(run).await.map_err(AttemptEnd::Failed)?;
                Ok(None)
            }
            RunMode::Release => {
                self.release(run).await?;
                Ok(None)
            }
            RunMode::Approve => {
                if !run.metadata.is_verified {
                    self.pass_and_sweep(run, Purpose::Find, StorageLimits::default()).await?;
                    verify(self.store, run).await.map_err(AttemptEnd::Failed)?;
                    let begun = self.store.begin_anew(self.lease, run, true).await;
                    begun.map_err(|failure| AttemptEnd::Failed(failure.into()))?;
                }
                let shown = self.store.previewed_changes(run.based_on.unwrap_or_default()).await;
                let shown = Purpose::WriteShown(shown.map_err(AttemptEnd::Failed)?);
                self.pass_and_sweep(run, shown, limits).await?;
                Ok(None)
            }
        }
    }

    /// Reads to the end of the source, and then sees to the rows that left it; or goes on with that. What the source leaves for
    /// the next run.
    async fn pass_and_sweep(
        &mut self,
        run: &mut SyncRun,
        purpose: Purpose,
        limits: StorageLimits,
    ) -> Result<Option<serde_json::Value>, AttemptEnd> {
        let purpose = Arc::new(purpose);
        let mut end = PassEnd::default();
        if run.metadata.sweep.is_none() {
            end = self.pass(run, purpose.clone(), limits).await?;
        } else {
            // It stands at the end of the source.
            self.cursor = None;
        }
        if run.metadata.is_inventory {
            self.prepared.target = self.prepared.target.for_inventory(&self.prepared.table);
        }
        self.sweep(run, &purpose, limits, end.coverage).await?;
        // What is held must be found again by the next run.
        Ok(end.carryover.filter(|_| run.metadata.gone_held.is_none()))
    }

    /// Reads on from the cursor to the end of the source, and settles the account.
    async fn pass(
        &mut self,
        run: &mut SyncRun,
        purpose: Arc<Purpose>,
        limits: StorageLimits,
    ) -> Result<PassEnd, AttemptEnd> {
        let Prepared { target: options, table, source, .. } = self.prepared.clone();
        let mut end = self.cursor.clone().unwrap_or_default();
        let (page_size, pulse) = (PageSize::default(), Pulse::default());
        let chosen = run.metadata.mapping.clone();
        run.metadata.vouched_by = self.carryover.vouching.as_ref().map(|vouching| vouching.run_id);
        if run.mode == RunMode::Sync
            && run.pages == 0
            && !source.names_by().is_empty()
            && table.has_versions()
        {
            run.metadata.versions = Some(RowVersions::default());
        }
        let reading = Reading {
            after: self.cursor.take(),
            fields: options.source_fields(chosen.as_ref()),
            page_size: page_size.clone(),
            accepts_unchanged: self.carryover.vouching.is_some(),
            carryover: self.carryover.value.take(),
            pulse: pulse.clone(),
        };
        let pages = read_ahead(source.clone(), options.clone(), table.clone(), chosen, reading);
        let target = (&*table, purpose);
        let pipeline = Pipeline::new(self.store, self.lease, run, target, limits, self.limits, page_size)
            .vouching(self.carryover.vouching.take(), run);
        if let Some(ended) = self.write_pages(pages, pipeline, &pulse, run, &mut end).await {
            return Err(ended);
        }
        let carryover = settle(self.store, self.lease, (&options, &table), &end, run).await;
        Ok(PassEnd { carryover: carryover.map_err(AttemptEnd::Failed)?, coverage: Some(end.coverage) })
    }

    /// What an earlier attempt has found counts as long as nobody has written the table since.
    async fn begin_preview(&mut self, run: &mut SyncRun) -> Result<()> {
        if run.pages > 0 && self.store.was_written_since(run).await? {
            self.store.begin_anew(self.lease, run, false).await?;
            self.cursor = None;
        }
        Ok(())
    }

    /// Adds to a preview what is known once all its changes are.
    async fn sum_up(&self, run: &mut SyncRun) -> Result<()> {
        let finding = uncertain_keys(&self.prepared.table, run.metadata.mapping.as_ref());
        run.metadata.find(finding);
        if self.store.has_refused(run.id).await? {
            let message = "the database refuses some rows; as each page is taken back, that may be for want of what rows of \
                           earlier pages bring: such as what a foreign key refers to";
            run.metadata.find([Finding::unsure("refused", message)]);
        }
        let preview = run.metadata.preview.get_or_insert_default();
        self.store.add_medians(run.id, preview).await?;
        self.store.store_metadata(self.lease, &run.metadata).await?;
        Ok(())
    }

    /// Writes pages until no more are to be had, and those that are on their way are finished; `None` at the end of the
    /// source. `end` is the cursor of the last page that is committed.
    async fn write_pages(
        &self,
        mut pages: BoxStream<'_, Result<Mapped>>,
        mut pipeline: Pipeline<'_>,
        pulse: &Pulse,
        run: &mut SyncRun,
        end: &mut Cursor,
    ) -> Option<AttemptEnd> {
        let (mut reading_end, mut beats) = (None, 0);
        let time_is_up = tokio::time::sleep(self.limits.run_timeout.unwrap_or(NO_LIMIT));
        tokio::pin!(time_is_up);
        loop {
            if pipeline.is_empty()
                && let Some(reading_end) = reading_end
            {
                return match reading_end {
                    ReadingEnd::Complete => None,
                    ReadingEnd::Failed(error) => Some(AttemptEnd::Failed(error)),
                    ReadingEnd::ShutDown => Some(AttemptEnd::ShutDown),
                };
            }
            let (reads, takes) = (reading_end.is_none(), reading_end.is_none() && !pipeline.is_full());
            tokio::select! {
                biased;
                () = self.lost.cancelled() => return Some(AttemptEnd::LeaseLost),
                () = self.shutdown.cancelled(), if reads => reading_end = Some(ReadingEnd::ShutDown),
                () = &mut time_is_up => return Some(AttemptEnd::Failed(run_timeout_error())),
                () = pipeline.oldest_is_written() => {
                    if let Err(ended) = self.commit_oldest(&mut pipeline, run, end).await {
                        return Some(ended);
                    }
                }
                page = pages.next(), if takes => match begin(page, &mut pipeline, run).await {
                    Ok(None) => {}
                    Ok(ended) => reading_end = ended,
                    Err(error) => return Some(AttemptEnd::Failed(error)),
                },
                () = tokio::time::sleep(self.limits.silence_timeout), if takes => {
                    // A long download says nothing for people, but it is not silent.
                    if std::mem::replace(&mut beats, pulse.count()) == beats {
                        reading_end = Some(ReadingEnd::Failed(silence_error(self.limits)));
                    }
                }
            }
        }
    }

    /// Commits the page whose turn it is.
    async fn commit_oldest(
        &self,
        pipeline: &mut Pipeline<'_>,
        run: &mut SyncRun,
        end: &mut Cursor,
    ) -> Result<(), AttemptEnd> {
        match pipeline.commit_oldest(run).await.map_err(AttemptEnd::Failed)? {
            Committed::Page(batch) => {
                end.clone_from(&batch.cursor);
                let counts = run.metadata.counts;
                self.progress.send_modify(|progress| {
                    (progress.counts, progress.pages, progress.source) = (counts, run.pages, batch.progress);
                });
                check_limit(&self.prepared.target, counts.failed, end.records_read, false)
                    .map_err(AttemptEnd::Failed)
            }
            Committed::LeaseLost => Err(AttemptEnd::LeaseLost),
        }
    }
}

/// Begins to write a page, or tells why there is none.
async fn begin(
    page: Option<Result<Mapped>>,
    pipeline: &mut Pipeline<'_>,
    run: &mut SyncRun,
) -> Result<Option<ReadingEnd>> {
    match page {
        Some(Ok(Mapped { batch, mapping, findings })) => {
            run.metadata.find(findings);
            let names = mapping.map(|mapping| mapping.names().clone());
            run.metadata.mapping = run.metadata.mapping.take().or(names);
            pipeline.begin(Arc::new(batch)).await?;
            Ok(None)
        }
        Some(Err(error)) => Ok(Some(ReadingEnd::Failed(error))),
        None => Ok(Some(ReadingEnd::Complete)),
    }
}
