//! Which identities a run has seen, for tables that are compared page by page in the transaction that writes them.
//!
//! A Bloom filter says which identities are new for certain; of the others the ledger is asked. So memory grows by three bytes
//! a row, and what was seen before a crash counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::bloom::GrowingBloom;
use super::change::Duplicate;
use super::first_places::FirstPlaces;
use super::identity::{DigestSet, hash};
use crate::store::{SeenIn, Store, StoreError, TableView};

/// How often a new identity is taken for one that may be seen: each of these has the ledger read.
const FALSE_POSITIVES: f64 = 0.000_01;

/// The identities that a run has seen.
#[derive(Debug)]
pub(crate) struct SeenIdentities {
    bloom: GrowingBloom,
    /// Those of pages that are not committed yet.
    in_flight: Vec<Arc<[u128]>>,
    places: FirstPlaces,
    outlook: Arc<Outlook>,
    /// Where what was seen before this attempt stands.
    seen_in: SeenIn,
    /// Whether what was seen before this attempt is in the filter.
    is_primed: bool,
}

/// What the page compared last says of the next: where some of its rows were changed and some not, sums over the whole page
/// prove nothing, and are not worth asking for.
#[derive(Debug, Default)]
pub(crate) struct Outlook(AtomicBool);

impl Outlook {
    pub(super) fn is_mixed(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn note(&self, is_mixed: bool) {
        self.0.store(is_mixed, Ordering::Relaxed);
    }
}

/// A page whose identities are reserved for it.
#[derive(Debug)]
pub(crate) struct Reserved {
    /// The identities of its rows.
    pub(crate) identities: Arc<[u128]>,
    /// The rows that are the first ones of their identities.
    pub(crate) firsts: Vec<usize>,
    /// The others.
    pub(crate) duplicates: Vec<Duplicate>,
    pub(super) outlook: Arc<Outlook>,
}

impl SeenIdentities {
    pub(super) fn new(seen_in: SeenIn) -> Self {
        Self {
            bloom: GrowingBloom::with_false_positives(FALSE_POSITIVES),
            in_flight: Vec::new(),
            places: FirstPlaces::default(),
            outlook: Arc::default(),
            seen_in,
            is_primed: false,
        }
    }

    /// Reserves the identities of a page. The first record of one wins: in the page, and in the pages before it, committed or
    /// on their way.
    pub(super) async fn reserve(
        &mut self,
        view: &TableView<'_>,
        store: &Store,
    ) -> Result<Reserved, StoreError> {
        let run_id = view.origin.run_id;
        if !std::mem::replace(&mut self.is_primed, true) {
            let bloom = &mut self.bloom;
            let prime = |identity| {
                bloom.insert(hash(identity));
            };
            store.each_seen(self.seen_in, run_id, prime).await?;
        }
        let identities: Arc<[u128]> = view.identities().await?.into();
        let (mut firsts, mut doubtful) = (Vec::with_capacity(identities.len()), Vec::new());
        for (record, identity) in identities.iter().enumerate() {
            if self.bloom.insert(hash(*identity)) {
                firsts.push(record);
            } else {
                doubtful.push(record);
            }
        }
        let mut duplicates = Vec::new();
        if !doubtful.is_empty() {
            let wanted: DigestSet = doubtful.iter().map(|record| identities[*record]).collect();
            let mut seen = store.seen_among(self.seen_in, run_id, &wanted).await?;
            seen.extend(self.in_flight.iter().flat_map(|page| page.iter().copied()));
            seen.extend(firsts.iter().map(|record| identities[*record]));
            for record in doubtful {
                if seen.insert(identities[record]) {
                    firsts.push(record);
                } else {
                    duplicates.push(Duplicate { record, first: None });
                }
            }
            firsts.sort_unstable();
        }
        for record in &firsts {
            self.places.note(hash(identities[*record]), view.batch.location(*record));
        }
        for duplicate in &mut duplicates {
            duplicate.first = self.places.get(hash(identities[duplicate.record]));
        }
        self.in_flight.push(identities.clone());
        Ok(Reserved { identities, firsts, duplicates, outlook: self.outlook.clone() })
    }

    /// A page is committed, or rolled back: its identities are in the ledger, or nowhere.
    pub(super) fn release(&mut self, reserved: &Reserved) {
        self.in_flight.retain(|page| !Arc::ptr_eq(page, &reserved.identities));
    }

    /// The same of a page that is not as it was compared: its first records may not be those that count.
    pub(super) fn forget(&mut self, reserved: &Reserved) {
        self.release(reserved);
        for record in &reserved.firsts {
            self.places.forget(hash(reserved.identities[*record]));
        }
    }
}
