//! What a run knows of `sync_written`: digests of what runs last wrote to each row, within a budget. So rows that are as the source
//! has them are not looked up one by one. Of identities, half of their digests will do: of rows that share one it may be overlooked
//! that what runs last wrote has changed, and no more.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::Store;
use super::db::{Arg, Row, StoreError};

/// What a row costs in memory.
const BYTES_A_ROW: usize = 2 * size_of::<u64>();

/// Digests of what runs last wrote to the rows of a scope.
#[derive(Debug, Default)]
pub(crate) struct KnownFields {
    /// Digests are of this process only, so that no source can aim at them.
    seed: u64,
    /// In their order.
    identities: Vec<u64>,
    /// Where those with the same first two bytes begin, and where the last ones end.
    starts: Vec<usize>,
    digests: Vec<u64>,
    /// Whether these are all.
    is_complete: bool,
}

/// What is known of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Knowledge {
    /// Runs have written this.
    Same,
    /// Runs have written nothing.
    Nothing,
    /// It must be looked up.
    Unsure,
}

impl KnownFields {
    /// What is known of a row to which runs may have written these fields.
    pub(super) fn of(&self, identity: u128, fields: &str) -> Knowledge {
        let half = half_of(identity);
        let bucket = (half >> 48) as usize;
        let first = self.starts.get(bucket).copied().unwrap_or_default();
        let end = self.starts.get(bucket + 1).copied().unwrap_or_default();
        match self.identities[first..end].binary_search(&half) {
            Ok(place) if self.digests[first + place] == xxh3_64_with_seed(fields.as_bytes(), self.seed) => {
                Knowledge::Same
            }
            Err(_) if self.is_complete => Knowledge::Nothing,
            _ => Knowledge::Unsure,
        }
    }
}

/// The first half of a digest, which is in the order of the whole.
fn half_of(identity: u128) -> u64 {
    (identity >> 64) as u64
}

/// Where those begin among sorted numbers that have the same first two bytes; and the end.
fn starts_of(sorted: &[u64]) -> Vec<usize> {
    let mut start = 0;
    let starts = (0..=1 << 16).map(|bucket: u64| {
        start += sorted[start..].partition_point(|half| half >> 48 < bucket);
        start
    });
    starts.collect()
}

impl Store {
    /// Reads what runs last wrote to the rows of a scope; nothing of it where that is more than fits so many bytes.
    pub(crate) async fn known_fields(&self, scope: u128, budget: usize) -> Result<KnownFields, StoreError> {
        let max_rows = budget / BYTES_A_ROW;
        let mut known = KnownFields { seed: rand::random(), ..KnownFields::default() };
        let scope = scope.to_be_bytes();
        let sql = "SELECT identity, fields FROM sync_written WHERE scope = ? ORDER BY identity";
        let mut is_complete = true;
        let read = |row: &Row| {
            is_complete = known.identities.len() < max_rows;
            if !is_complete {
                return Ok(false);
            }
            known
                .identities
                .push(row.bytes(0)?.first_chunk().copied().map(u64::from_be_bytes).unwrap_or_default());
            known.digests.push(xxh3_64_with_seed(row.text(1)?.as_bytes(), known.seed));
            Ok(true)
        };
        self.db.reader().await?.each_while(sql, &[Arg::Bytes(&scope)], read).await?;
        if !is_complete {
            return Ok(KnownFields::default());
        }
        known.starts = starts_of(&known.identities);
        known.is_complete = true;
        tracing::debug!(rows = known.identities.len(), "read what runs last wrote");
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_that_is_known_is_found() {
        let mut identities: Vec<u64> = (0..5000).map(|_| rand::random()).chain([0, u64::MAX]).collect();
        identities.sort_unstable();
        let digests =
            identities.iter().map(|half| xxh3_64_with_seed(half.to_string().as_bytes(), 7)).collect();
        let starts = starts_of(&identities);
        let known =
            KnownFields { seed: 7, identities: identities.clone(), starts, digests, is_complete: true };
        for half in identities {
            let identity = u128::from(half) << 64 | 5;
            assert_eq!(known.of(identity, &half.to_string()), Knowledge::Same);
            assert_eq!(known.of(identity, "other"), Knowledge::Unsure);
        }
        assert_eq!(known.of(1 << 64, "other"), Knowledge::Nothing);
        assert_eq!(KnownFields::default().of(1 << 64, "other"), Knowledge::Unsure);
    }
}
