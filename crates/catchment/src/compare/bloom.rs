//! A Bloom filter that grows with what is put into it.

use fastbloom::BloomFilter;

/// Identities in the first filter; each further one is half as large as all before it.
const FIRST_FILTER: usize = 1 << 20;
/// How often a filter takes a new identity for an old one.
const FALSE_POSITIVES: f64 = 0.005;

/// A growing Bloom filter of hashes: false positives are possible, false negatives are not.
#[derive(Debug)]
pub(super) struct GrowingBloom {
    false_positives: f64,
    /// With how many more hashes each takes.
    filters: Vec<(BloomFilter, usize)>,
    count: usize,
}

impl Default for GrowingBloom {
    fn default() -> Self {
        Self::with_false_positives(FALSE_POSITIVES)
    }
}

impl GrowingBloom {
    /// One that takes a new hash for an old one so often.
    pub(super) fn with_false_positives(false_positives: f64) -> Self {
        Self { false_positives, filters: Vec::new(), count: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a hash. Whether it is new for certain.
    pub(super) fn insert(&mut self, hash: u64) -> bool {
        if self.filters.last().is_none_or(|(_, room)| *room == 0) {
            let size = (self.count / 2).max(FIRST_FILTER);
            let filter = BloomFilter::with_false_pos(self.false_positives).seed(&0).expected_items(size);
            self.filters.push((filter, size));
        }
        let Some(((filter, room), older)) = self.filters.split_last_mut() else { return true };
        let was_there =
            filter.insert_hash(hash) || older.iter().any(|(filter, _)| filter.contains_hash(hash));
        if !was_there {
            *room -= 1;
            self.count += 1;
        }
        !was_there
    }
}
