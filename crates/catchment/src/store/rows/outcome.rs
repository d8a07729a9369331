//! What a page adds to its run: its counts, its rejects and skips, and whether the source's list moved.

use std::collections::{HashMap, HashSet};

use catchment_core::{Coverage, Location, Position, Reject};

use super::write_outcome::WriteOutcome;
use crate::counts::{Counters, RunMetadata};
use crate::mapping::Batch;
use crate::store::errors::Skip;

/// What a page adds to its run.
pub(super) struct Outcome {
    /// The run's, after the page.
    pub(super) metadata: RunMetadata,
    /// As many as the run may still store.
    pub(super) rejects: Vec<Reject>,
    pub(super) skips: Vec<Skip>,
}

impl Outcome {
    pub(super) fn of(before: &RunMetadata, batch: &Batch, written: WriteOutcome, max_stored: u64) -> Self {
        let mut metadata = before.clone();
        let WriteOutcome { counts, rejects: refused, mut skips, .. } = written;
        let failed = (batch.rejects.len() + refused.len()) as u64;
        let skipped = counts.skipped + batch.left_out() as u64;
        metadata.counts = before.counts.plus(Counters { failed, skipped, ..counts });
        metadata.shifted = metadata.shifted.or_else(|| find_shift(before.last_page, batch, &skips));
        metadata.last_page = last_page(batch).or(before.last_page);
        let rejects = batch.rejects.iter().cloned().chain(refused);
        let rejects: Vec<_> = rejects.take(room(max_stored, before.errors_stored)).collect();
        let differing =
            skips.iter().filter(|skip| skip.row.is_some() && !skip.differences.is_empty()).count();
        metadata.duplicates_differing += differing as u64;
        let filtered = batch.filtered.iter().map(|record| ("filtered", "", batch.location_of(*record)));
        let passed = batch.skips.iter().map(|skip| (skip.reason, &*skip.shown, Some(&skip.location)));
        skips.extend(filtered.chain(passed).map(|(reason, item, location)| Skip {
            reason,
            row: None,
            item: item.to_owned(),
            location: location.cloned(),
            first: None,
            differences: Vec::new(),
        }));
        // In the order of the source: which of them are stored does not depend on where pages end.
        skips.sort_by(|one, other| place_of(one).cmp(&place_of(other)));
        skips.truncate(room(max_stored, before.skips_stored));
        metadata.rejects_unidentified += batch.unidentified;
        metadata.gone_unidentified += batch.gone_unidentified;
        metadata.is_inventory |= batch.cursor.is_inventory;
        metadata.errors_stored += rejects.len() as u64;
        metadata.skips_stored += skips.len() as u64;
        metadata.truncated |= batch.cursor.coverage == Coverage::Truncated;
        metadata.find(batch.cursor.findings.iter().cloned());
        metadata.warning = metadata.warning.or_else(|| batch.cursor.warning.clone());
        Self { metadata, rejects, skips }
    }
}

/// The page of the source that the last record of a batch stands on.
fn last_page(batch: &Batch) -> Option<u64> {
    batch.len().checked_sub(1).and_then(|row| page_of(batch.location(row)))
}

fn place_of(skip: &Skip) -> Option<(Option<&str>, u64)> {
    skip.location.as_ref().map(Location::order)
}

fn page_of(location: Option<&Location>) -> Option<u64> {
    match location.map(|location| &location.position) {
        Some(Position::Item { page, .. }) => Some(*page),
        _ => None,
    }
}

/// Finds a record that two pages of one pass hold, which proves that the source's list moved between its pages: others were
/// missed then. `last_page` is that of the record before the batch.
fn find_shift(last_page: Option<u64>, batch: &Batch, skips: &[Skip]) -> Option<String> {
    let duplicates: Vec<_> = skips.iter().filter(|skip| skip.row.is_some()).collect();
    if !batch.has_mapped_identity || duplicates.is_empty() {
        return None;
    }
    // Where those stand that were applied.
    let is_duplicate = |location| duplicates.iter().any(|duplicate| duplicate.location.as_ref() == location);
    let wanted: HashSet<_> = duplicates.iter().map(|duplicate| duplicate.item.as_str()).collect();
    let mut applied = HashMap::new();
    for row in 0..batch.len() {
        let item = batch.item(row);
        if wanted.contains(item.as_str()) && !is_duplicate(batch.location(row)) {
            applied.insert(item, page_of(batch.location(row))?);
        }
    }
    let first_of_batch = page_of(batch.location(0))?;
    duplicates.iter().find_map(|duplicate| {
        let (item, page) = (&duplicate.item, page_of(duplicate.location.as_ref())?);
        match applied.get(item) {
            Some(first) => {
                (*first < page).then(|| format!("`{item}` is on the pages {first} and {page} of the source"))
            }
            // It was seen before this batch, which may have begun in the middle of a page.
            None if page > first_of_batch || last_page.is_some_and(|last| last < page) => {
                let earlier = if page > 2 { " (or one before it)" } else { "" };
                let before = page.saturating_sub(1);
                Some(format!("`{item}` is on the pages {before}{earlier} and {page} of the source"))
            }
            None => None,
        }
    })
}

fn room(max: u64, taken: u64) -> usize {
    usize::try_from(max.saturating_sub(taken)).unwrap_or(usize::MAX)
}
