//! The runs that were found due and nobody of this process has tried yet.

use std::collections::{HashSet, VecDeque};

use tokio::time::Instant;

/// A cache of the queue, shared by the workers of this process.
#[derive(Debug, Default)]
pub(super) struct DueQueue {
    pub(super) ids: VecDeque<i64>,
    /// When nothing was found last.
    pub(super) was_empty: Option<Instant>,
    /// When runs of other nodes were looked for last, and after which.
    pub(super) looked_elsewhere: Option<Instant>,
    pub(super) stranded_after: i64,
    /// Those whose files could not be looked at in time: a thread hangs there, and one is enough.
    pub(super) hanging: HashSet<i64>,
    /// Runs whose claim failed with the database: it may have arrived, and then nobody works at them.
    pub(super) doubtful: Vec<i64>,
}
