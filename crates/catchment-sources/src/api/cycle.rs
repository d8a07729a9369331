//! Cycle detection: an API whose next pages lead back to one that was read would be read for ever.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::pagination::PageLocator;

/// Brent's cycle detection, in constant memory: a mark is set at each power of two, and a page that equals it was read
/// before.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct CycleDetector {
    mark: u64,
    steps: u64,
    power: u64,
}

impl CycleDetector {
    /// Its counts, to be checked in a cursor that was stored.
    pub(super) fn counts(&self) -> [u64; 2] {
        [self.steps, self.power]
    }

    /// Whether this place closes a cycle: it is one of those before it.
    pub(super) fn is_cycle(&mut self, place: &PageLocator) -> bool {
        let text = serde_json::to_string(place).unwrap_or_default();
        let digest = xxh3_64(text.as_bytes()) | 1;
        if digest == self.mark {
            return true;
        }
        self.steps += 1;
        if self.steps > self.power {
            *self = Self { mark: digest, steps: 0, power: (self.power * 2).max(1) };
        }
        false
    }
}
