//! One attempt at a run: read on from its cursor, map, commit page after page, and settle the account.

use std::sync::Arc;
use std::time::Duration;

use catchment_core::{
    Cursor, Error, ErrorKind, Page, PageSize, Pass, Progress, Pulse, Reading, Result, Source,
};
use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::pipeline::{Committed, Pipeline};
use super::service::ServiceSettings;
use crate::mapping::names::fields;
use crate::mapping::{Batch, Mapping, Names, TargetOptions};
use crate::run::{Counters, SyncRun};
use crate::store::{LEASE, Lease, Store};

/// How a run is getting on, for people to watch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunProgress {
    /// What became of the records so far.
    pub counts: Counters,
    /// How far the source has been read.
    pub source: Progress,
}

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// All records are accounted for; with what the source leaves for the next run.
    Complete(Option<serde_json::Value>),
    /// Something went wrong.
    Failed(Error),
    /// This process is leaving.
    ShutDown,
    /// The run is not ours any more.
    LeaseLost,
}

/// An attempt in the making: what it works on and with.
pub(super) struct Attempt<'a> {
    pub(super) store: &'a Store,
    pub(super) lease: Lease,
    pub(super) options: TargetOptions,
    pub(super) source: Arc<dyn Source>,
    pub(super) cursor: Option<Cursor>,
    /// What the last completed run left.
    pub(super) kept: Option<serde_json::Value>,
    pub(super) shutdown: &'a CancellationToken,
    /// The run is not ours any more.
    pub(super) lost: &'a CancellationToken,
    pub(super) progress: &'a watch::Sender<RunProgress>,
    pub(super) limits: &'a ServiceSettings,
}

/// As long as nobody waits: the time that tokio's timer can hold is longer than a machine lives.
const NO_LIMIT: Duration = Duration::from_secs(60 * 60 * 24 * 365);

/// A page, mapped, and the mapping that did it, if there was anything to map.
type Mapped = Result<(Batch, Option<Arc<Mapping>>)>;

impl Attempt<'_> {
    /// Works until the source ends or something else does. `run` is kept up to date with what is committed.
    pub(super) async fn work(mut self, run: &mut SyncRun) -> Ended {
        let mut place = self.cursor.clone().unwrap_or_else(beginning);
        let (page_size, max_stored) = (PageSize::default(), self.options.max_stored());
        let (pulse, mut beats) = (Pulse::default(), 0);
        let mut pages = self.read_ahead(run.metadata.mapping.clone(), page_size.clone(), pulse.clone());
        let mut pipeline = Pipeline::new(self.store, self.lease, run, max_stored, self.limits, page_size);
        let time_is_up = tokio::time::sleep(self.limits.run_timeout.unwrap_or(NO_LIMIT));
        tokio::pin!(time_is_up);
        // Why no more pages are taken. Those that are on their way are finished.
        let mut reading_ended = None;
        loop {
            if let (Some(ended), true) = (&mut reading_ended, pipeline.is_empty()) {
                match std::mem::replace(ended, Ended::Complete(None)) {
                    Ended::Complete(_) => break,
                    other => return other,
                }
            }
            let reads = reading_ended.is_none();
            tokio::select! {
                biased;
                () = self.lost.cancelled() => return Ended::LeaseLost,
                () = self.shutdown.cancelled(), if reads => reading_ended = Some(Ended::ShutDown),
                () = &mut time_is_up => return Ended::Failed(took_too_long()),
                () = pipeline.oldest_is_written() => {
                    match pipeline.commit_oldest(run).await {
                        Ok(Committed::Page(batch)) => {
                            place.clone_from(&batch.cursor);
                            let counts = run.metadata.counts;
                            self.progress.send_replace(RunProgress { counts, source: batch.progress });
                        }
                        Ok(Committed::LeaseLost) => return Ended::LeaseLost,
                        Err(error) => return Ended::Failed(error),
                    }
                    if let Err(error) = self.check_limit(run.metadata.counts.failed, place.records_read, false) {
                        return Ended::Failed(error);
                    }
                }
                page = pages.recv(), if reads && !pipeline.is_full() => match page {
                    Some(Some(Ok((batch, mapping)))) => {
                        let names = mapping.map(|mapping| mapping.names().clone());
                        run.metadata.mapping = run.metadata.mapping.take().or(names);
                        if let Err(error) = pipeline.begin(Arc::new(batch)).await {
                            return Ended::Failed(error);
                        }
                    }
                    Some(Some(Err(error))) => reading_ended = Some(Ended::Failed(error)),
                    Some(None) => reading_ended = Some(Ended::Complete(None)),
                    None => reading_ended = Some(Ended::Failed(died())),
                },
                () = tokio::time::sleep(self.limits.silence_timeout), if reads && !pipeline.is_full() => {
                    // A long download says nothing for people, but it is not silent.
                    if std::mem::replace(&mut beats, pulse.count()) == beats {
                        reading_ended = Some(Ended::Failed(silent(self.limits)));
                    }
                }
            }
        }
        match self.settle(&place, run).await {
            Ok(keep) => Ended::Complete(keep),
            Err(error) => Ended::Failed(error),
        }
    }

    /// Reads and maps in a task of its own, a page ahead, while pages are written here. The end is sent like a page:
    /// the channel closes when the task panics too, and half a source would pass for a whole one.
    fn read_ahead(
        &mut self,
        chosen: Option<Names>,
        page_size: PageSize,
        pulse: Pulse,
    ) -> mpsc::Receiver<Option<Mapped>> {
        let (sender, receiver) = mpsc::channel(1);
        let (source, options) = (self.source.clone(), self.options.clone());
        let (after, kept) = (self.cursor.take(), self.kept.take());
        let fields = fields(options.mapping().or(chosen.as_ref()));
        tokio::spawn(async move {
            let mut mapping: Option<Arc<Mapping>> = None;
            let mut pages = source.read(Reading { after, fields, page_size, kept, pulse });
            loop {
                let page = tokio::select! {
                    page = pages.next() => page,
                    // Nobody reads on: the attempt is over.
                    () = sender.closed() => return,
                };
                let mapped = page.map(|page| map(page?, &mut mapping, &options, chosen.as_ref()));
                let is_last = !matches!(mapped, Some(Ok(_)));
                if sender.send(mapped).await.is_err() || is_last {
                    return;
                }
            }
        });
        receiver
    }

    /// At the end of the source: the store's count must be the source's, and an empty source must be meant. What it leaves
    /// for the next run.
    async fn settle(&self, end: &Cursor, ours: &mut SyncRun) -> Result<Option<serde_json::Value>> {
        let records_read = end.records_read;
        let run = self.store.run(self.lease.run_id).await?;
        let run =
            run.ok_or_else(|| Error::new(ErrorKind::System, "run_gone", "the run was deleted meanwhile"))?;
        let fine = run.metadata.counts;
        let accounted = run.items_processed + run.items_skipped + run.items_failed;
        if accounted != records_read || run.items_processed != fine.processed() || accounted != fine.total() {
            return Err(Error::new(
                ErrorKind::System,
                "unbalanced",
                format!(
                    "{records_read} records were read, but {} processed + {} skipped + {} failed are {accounted} \
                     (inserted {}, updated {}, unchanged {})",
                    run.items_processed,
                    run.items_skipped,
                    run.items_failed,
                    fine.inserted,
                    fine.updated,
                    fine.unchanged
                ),
            ));
        }
        self.check_limit(run.items_failed, records_read, true)?;
        let may_be_empty =
            self.options.allow_empty.unwrap_or(false) || records_read > 0 || end.pass != Pass::Complete;
        if !may_be_empty && self.store.has_rows(&run, self.options.table()?, true).await? {
            return Err(Error::new(
                ErrorKind::Validation,
                "source_empty",
                "the source has no records, though it had some before; if that is meant, set the option `allowEmpty`",
            ));
        }
        let Some(shifted) = &run.metadata.shifted else { return Ok(end.keep.clone()) };
        let warning = format!(
            "{shifted}: its list moved while it was read, so that records may have been missed; ask for a stable order, \
             such as by id"
        );
        // Once more from the beginning, in another run; most often nothing moves then.
        if run.metadata.replacements == 0 {
            return Err(Error::new(ErrorKind::System, SOURCE_SHIFTED, warning));
        }
        self.store.note_warning(self.lease, &warning).await?;
        (ours.metadata.truncated, ours.metadata.warning) = (true, Some(warning));
        Ok(None)
    }

    fn check_limit(&self, failed: u64, read: u64, is_at_end: bool) -> Result<()> {
        match self.options.max_errors {
            Some(limit) if limit.is_passed(failed, read, is_at_end) => Err(Error::new(
                ErrorKind::Validation,
                "too_many_errors",
                format!("{failed} of {read} records were rejected, more than the option `maxErrors` allows"),
            )),
            _ => Ok(()),
        }
    }
}

/// Maps a page, and compiles the mapping at the first one.
fn map(
    page: Page,
    mapping: &mut Option<Arc<Mapping>>,
    options: &TargetOptions,
    chosen: Option<&Names>,
) -> Mapped {
    let compiled = match mapping {
        Some(mapping) if !mapping.fits(&page) && !page.records.is_empty() => {
            return Err(Error::new(
                ErrorKind::System,
                "columns_changed",
                format!(
                    "the source delivers a page with other columns than before: {}; this is a fault of the source type",
                    page.columns.join(", ")
                ),
            ));
        }
        Some(mapping) => mapping,
        None if page.records.is_empty() && page.rejects.is_empty() => {
            return Ok((Batch::empty(options.table()?, page), None));
        }
        None => mapping.insert(Arc::new(Mapping::compile(options, chosen, &page.columns)?)),
    };
    Ok((compiled.apply(page), Some(compiled.clone())))
}

/// Where reading begins.
fn beginning() -> Cursor {
    let state = serde_json::Value::Null;
    Cursor { records_read: 0, state, pass: Pass::Complete, keep: None, warning: None }
}

/// The code of an error of a source whose list moved while it was read.
pub(super) const SOURCE_SHIFTED: &str = "source_shifted";

pub(super) fn silent(limits: &ServiceSettings) -> Error {
    let message =
        format!("the source has said nothing for {} s (--silence-timeout)", limits.silence_timeout.as_secs());
    Error::new(ErrorKind::Network, "source_silent", message)
}

fn took_too_long() -> Error {
    let message =
        "the attempt took longer than --run-timeout allows; `runs retry` goes on from its last page";
    Error::config("run_timeout", message)
}

pub(super) fn died() -> Error {
    Error::new(
        ErrorKind::System,
        "panic",
        "a task that reads or writes a page ended unexpectedly; please report this",
    )
}

/// Renews the lease until it is lost. A database that is away says nothing about the lease; the fence does.
pub(super) async fn beat(store: Store, lease: Lease, lost: CancellationToken) {
    loop {
        tokio::time::sleep(LEASE / 3).await;
        match store.renew_lease(lease).await {
            Ok(true) => {}
            Ok(false) => return lost.cancel(),
            Err(error) => tracing::debug!(run = lease.run_id, %error, "the lease could not be renewed"),
        }
    }
}
