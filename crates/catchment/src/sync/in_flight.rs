//! Pages on their way into the table: several are written side by side, each in a transaction of its own, and
//! committed in their order. So a crash leaves the pages up to one, and none after it.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use catchment_core::{PageSize, Result, task_panicked};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::pace::Pace;
use super::settings::ServiceSettings;
use super::tx_retry::{PageCommitted, commit};
use super::written::Written;
use crate::compare::{Comparer, PagePlan};
use crate::mapping::{Batch, StorageLimits};
use crate::run::SyncRun;
use crate::store::{
    CommitOutcome, FailureClass, LEASE, Lease, PageCommit, Purpose, RowOrigin, Store, StoreError, Vouching,
    WrittenPage,
};
use crate::target::Table;

/// How often a page that waits for its turn says so: the server rolls back what is silent for as long as a lease.
const KEEP_ALIVE: Duration = Duration::from_secs(LEASE.as_secs() / 3);

/// A write pipeline: pages are written concurrently and committed in order.
pub(super) struct Pipeline<'a> {
    store: &'a Store,
    lease: Lease,
    origin: Arc<RowOrigin>,
    writers: usize,
    limits: StorageLimits,
    purpose: Arc<Purpose>,
    comparer: Comparer,
    written: Written,
    in_flight: VecDeque<InFlight>,
    pace: Pace,
}

/// A page that is being written, or that is written and waits for its turn.
struct InFlight {
    batch: Arc<Batch>,
    plan: Arc<PagePlan>,
    /// It is the page's turn.
    turn: CancellationToken,
    task: AbortOnDropHandle<Result<TimedPage, StoreError>>,
    /// What the task gave, once it has ended.
    result: Option<Result<TimedPage, WriteFailure>>,
}

struct TimedPage {
    page: WrittenPage,
    took: Duration,
}

enum WriteFailure {
    StoreError(StoreError),
    /// The task panicked.
    Died,
}

/// What came of the oldest page.
pub(super) enum Committed {
    Page(Arc<Batch>),
    LeaseLost,
}

impl<'a> Pipeline<'a> {
    pub(super) fn new(
        store: &'a Store,
        lease: Lease,
        run: &SyncRun,
        (table, purpose): (&Table, Arc<Purpose>),
        limits: StorageLimits,
        settings: &ServiceSettings,
        page_size: PageSize,
    ) -> Self {
        Self {
            store,
            lease,
            origin: Arc::new(RowOrigin::of(run)),
            writers: store.max_writers(settings.writers),
            limits,
            comparer: Comparer::new(table, &purpose, settings.memory_budget),
            written: Written::new(settings.memory_budget / 2),
            purpose,
            in_flight: VecDeque::new(),
            pace: Pace::new(page_size),
        }
    }

    /// The same for a source that may vouch for these rows.
    pub(super) fn vouching(self, vouching: Option<Arc<Vouching>>, run: &SyncRun) -> Self {
        Self { origin: Arc::new(RowOrigin { vouching, ..RowOrigin::of(run) }), ..self }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.in_flight.is_empty()
    }

    /// Whether a page must be committed before another one is begun.
    pub(super) fn is_full(&self) -> bool {
        self.in_flight.len() >= self.writers || self.comparer.wants_to_read() && !self.is_empty()
    }

    /// Begins to write a page.
    pub(super) async fn begin(&mut self, batch: Arc<Batch>) -> Result<()> {
        let view = self.store.view(&batch, &self.origin);
        self.written.read_in_time(&view, self.store).await?;
        let mut plan = self.comparer.plan(&view, self.store).await?;
        if let Some(vouched) = &batch.unchanged
            && !self.comparer.vouch(&self.store.view(vouched, &self.origin), &mut plan)
        {
            return Err(StoreError::not_as_vouched().into());
        }
        let plan = Arc::new(plan);
        let known = self.written.known().await?;
        let (store, origin) = (self.store.clone(), self.origin.clone());
        let (written, planned, turn) = (batch.clone(), plan.clone(), CancellationToken::new());
        let purpose = self.purpose.clone();
        let its_turn = turn.clone();
        let task = AbortOnDropHandle::new(tokio::spawn(async move {
            let began = Instant::now();
            let mut page = store.write_page(&written, &origin, &planned, (&purpose, &known)).await?;
            let took = began.elapsed();
            while tokio::time::timeout(KEEP_ALIVE, its_turn.cancelled()).await.is_err() {
                page.keep_alive().await?;
            }
            Ok(TimedPage { page, took })
        }));
        self.in_flight.push_back(InFlight { batch, plan, turn, task, result: None });
        Ok(())
    }

    /// Waits until the oldest page is written; for ever where there is none. May be dropped and called again.
    pub(super) async fn oldest_is_written(&mut self) {
        match self.in_flight.front_mut() {
            Some(oldest) => oldest.wait().await,
            None => pending().await,
        }
    }

    /// Commits the oldest page, which is there. Where it lost a race, or the database refuses a row, it is done again
    /// alone: those after it are rolled back, as they were planned on what it would leave.
    pub(super) async fn commit_oldest(&mut self, run: &mut SyncRun) -> Result<Committed> {
        self.oldest_is_written().await;
        let Some(InFlight { batch, plan, result: Some(result), .. }) = self.in_flight.pop_front() else {
            return Err(task_panicked());
        };
        let (store, page_no) = (self.store, run.pages + 1);
        let (lease, limits) = (self.lease, self.limits);
        let (purpose, known) = (&*self.purpose.clone(), &*self.written.known.clone());
        let origin = &*self.origin.clone();
        let turn =
            PageCommit { run, lease, page_no, batch: &batch, plan: &plan, purpose, known, limits, origin };
        let (result, took) = match result {
            Ok(TimedPage { page, took }) => {
                let began = Instant::now();
                let done = store.commit_written(page, turn).await;
                (done, took + began.elapsed())
            }
            Err(WriteFailure::StoreError(failure)) => (Err(failure), Duration::ZERO),
            Err(WriteFailure::Died) => return Err(task_panicked()),
        };
        match result {
            Ok(CommitOutcome::Done(metadata)) => {
                self.pace.note(took);
                self.comparer.committed(&plan);
                run.metadata = *metadata;
            }
            Ok(CommitOutcome::LeaseLost | CommitOutcome::AlreadyDone) => return Ok(Committed::LeaseLost),
            Err(failure) if matches!(failure.class, FailureClass::Row | FailureClass::Contended) => {
                tracing::debug!(run = run.id, page_no, reason = failure.message(), "replaying a page");
                if failure.class == FailureClass::Contended {
                    self.pace.slow_down();
                }
                let later = self.roll_back_all().await;
                self.comparer.undo(&plan);
                match commit(store, turn).await? {
                    PageCommitted::Committed(metadata) => run.metadata = *metadata,
                    PageCommitted::LeaseLost => return Ok(Committed::LeaseLost),
                }
                self.comparer.forget(&store.view(&batch, &self.origin), &plan);
                for batch in later {
                    self.begin(batch).await?;
                }
            }
            Err(failure) => return Err(failure.into()),
        }
        run.pages = page_no;
        Ok(Committed::Page(batch))
    }

    /// Rolls back all pages in flight; they are to be begun again.
    async fn roll_back_all(&mut self) -> Vec<Arc<Batch>> {
        let mut batches = Vec::new();
        for mut page in std::mem::take(&mut self.in_flight) {
            page.wait().await;
            let InFlight { batch, plan, result, .. } = page;
            if let Some(Ok(TimedPage { page, .. })) = result {
                page.roll_back().await;
            }
            self.comparer.undo(&plan);
            batches.push(batch);
        }
        batches
    }
}

impl InFlight {
    /// Gives the page its turn, and waits until it is written.
    async fn wait(&mut self) {
        self.turn.cancel();
        if self.result.is_none() {
            self.result = Some(match (&mut self.task).await {
                Ok(Ok(written)) => Ok(written),
                Ok(Err(failure)) => Err(WriteFailure::StoreError(failure)),
                Err(_) => Err(WriteFailure::Died),
            });
        }
    }
}
