//! A Bloom filter that grows with what is put into it.

use fastbloom::BloomFilter;

/// Identities in the first filter; each further one is half as large as all before it.
const FIRST_FILTER: usize = 1 << 20;
/// How often a filter takes a new identity for an old one.
const FALSE_POSITIVES: f64 = 0.005;

/// A growing Bloom filter of hashes: false positives are possible, false negatives are not.
#[derive(Debug, Default)]
pub(super) struct GrowingBloom {
    /// With how many more hashes each takes.
    filters: Vec<(BloomFilter, usize)>,
    count: usize,
}

impl GrowingBloom {
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn may_contain(&self, hash: u64) -> bool {
        self.filters.iter().any(|(filter, _)| filter.contains_hash(hash))
    }

    pub(super) fn insert(&mut self, hash: u64) {
        if self.filters.last().is_none_or(|(_, room)| *room == 0) {
            let size = (self.count / 2).max(FIRST_FILTER);
            let filter = BloomFilter::with_false_pos(FALSE_POSITIVES).seed(&0).expected_items(size);
            self.filters.push((filter, size));
        }
        if let Some((filter, room)) = self.filters.last_mut() {
            filter.insert_hash(hash);
            *room -= 1;
            self.count += 1;
        }
    }
}
