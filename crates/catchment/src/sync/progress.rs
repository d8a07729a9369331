//! How a run is getting on.

use catchment_core::Progress;

use crate::counts::Counters;

/// How a run is getting on, for people to watch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunProgress {
    /// What became of the records so far.
    pub counts: Counters,
    /// How far the source has been read.
    pub source: Progress,
}
