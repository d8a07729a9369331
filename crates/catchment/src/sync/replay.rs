//! Committing a page in spite of others: what lost a race is tried again in place, a few times.

use std::time::Duration;

use catchment_core::Error;

use crate::mapping::Batch;
use crate::run::{RunMetadata, SyncRun};
use crate::store::{Class, Commit, Lease, PageFailure, Store};

/// Tries at one page after a deadlock, a lock time-out or a busy database.
const TRIES: u32 = 5;

/// What came of a page.
pub(super) enum Replayed {
    Committed(RunMetadata),
    LeaseLost,
}

/// Commits a page, and again where it lost a race.
///
/// # Errors
/// What the last try failed with; the attempt is over then.
pub(super) async fn commit(
    store: &Store,
    run: &SyncRun,
    lease: Lease,
    page_no: u64,
    batch: &Batch,
    max_stored: u64,
) -> Result<Replayed, Error> {
    let mut tries = 0;
    loop {
        tries += 1;
        match store.commit_page(run, lease, page_no, batch, max_stored).await {
            Ok(Commit::Done(metadata)) => return Ok(Replayed::Committed(*metadata)),
            Ok(Commit::LeaseLost) => return Ok(Replayed::LeaseLost),
            Ok(Commit::AlreadyDone) => {
                let run = store.run(lease.run_id).await?;
                return Ok(run.map_or(Replayed::LeaseLost, |run| Replayed::Committed(run.metadata)));
            }
            Err(PageFailure { class: Class::Contended, error }) if tries < TRIES => {
                tracing::debug!(run = lease.run_id, page = page_no, tries, %error, "the page is tried again");
                let pause = Duration::from_millis(20 << tries).mul_f64(0.5 + rand::random::<f64>());
                tokio::time::sleep(pause).await;
            }
            Err(PageFailure { error, .. }) => return Err(error),
        }
    }
}
