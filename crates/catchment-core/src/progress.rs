//! How a reading is getting on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How far a source has been read, for people to watch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes taken from the source so far, as they are stored there (compressed, if it is).
    pub bytes: u64,
    /// All its bytes, where that is known.
    pub total_bytes: Option<u64>,
}

/// A heartbeat: says that a source is alive while it is busy between two pages, as with a long download. Silence ends
/// an attempt.
#[derive(Debug, Clone, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// Something has come in.
    pub fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How often something has.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
