//! How a run is getting on.

use catchment_core::Progress;
use jiff::Timestamp;

use crate::counts::Counters;

/// How a run is getting on, for people to watch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunProgress {
    /// The run: the one asked for, or the one that took its place.
    pub run_id: i64,
    /// The attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// What became of the records so far.
    pub counts: Counters,
    /// Pages committed.
    pub pages: u64,
    /// How far the source has been read.
    pub source: Progress,
    /// What it waits for, where nothing is done for it.
    pub wait: Option<RunWait>,
}

/// What a run waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunWait {
    /// Why, for people.
    pub reason: String,
    /// Until when, where that is known.
    pub until: Option<Timestamp>,
}
