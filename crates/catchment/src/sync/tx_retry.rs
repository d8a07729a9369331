//! Transaction retry: a transaction that lost a race (deadlock, lock timeout) is retried in place, a few times.

use std::time::Duration;

use catchment_core::{Error, Result};

use crate::counts::RunMetadata;
use crate::store::{CommitOutcome, FailureClass, PageCommit, Store, StoreError};

/// Tries at one transaction after a deadlock, a lock time-out or a busy database.
const TRIES: u32 = 5;

/// What came of a page.
pub(super) enum PageCommitted {
    Committed(Box<RunMetadata>),
    LeaseLost,
}

/// Commits a page, and again where it lost a race.
///
/// # Errors
/// What the last try failed with; the attempt is over then.
pub(super) async fn commit(store: &Store, turn: PageCommit<'_>) -> Result<PageCommitted> {
    match retry_contended(|| store.commit_page(turn)).await? {
        CommitOutcome::Done(metadata) => Ok(PageCommitted::Committed(metadata)),
        CommitOutcome::LeaseLost => Ok(PageCommitted::LeaseLost),
        CommitOutcome::AlreadyDone => {
            let run = store.run(turn.lease.run_id).await?;
            Ok(run.map_or(PageCommitted::LeaseLost, |run| PageCommitted::Committed(Box::new(run.metadata))))
        }
    }
}

/// Runs a transaction, and again where it lost a race.
pub(super) async fn retry_contended<T, F: Future<Output = Result<T, StoreError>>>(
    transaction: impl Fn() -> F,
) -> Result<T> {
    let mut tries = 1;
    loop {
        match transaction().await {
            Err(failure) if failure.class == FailureClass::Contended && tries < TRIES => {
                tracing::debug!(tries, reason = failure.message(), "replaying a transaction");
                let pause = Duration::from_millis(20 << tries).mul_f64(0.5 + rand::random::<f64>());
                tokio::time::sleep(pause).await;
                tries += 1;
            }
            result => return result.map_err(Error::from),
        }
    }
}
