//! Comparing by digests: what a run knows of the rows that its table holds, so that it writes only what is new or differs.
//!
//! The rows of the run's source are streamed out once and kept as digests, within a budget. A record whose digests
//! are there is unchanged; one that the table cannot hold is new. All others are looked up in the table: those that
//! differ, those beyond the budget, and the few that a Bloom filter takes for records seen before.

use std::collections::HashSet;

use hashbrown::HashTable;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use super::bloom::GrowingBloom;
use super::change::{Changes, Duplicate};
use super::encode::{digest, digest_json, row_digests};
use super::first_places::FirstPlaces;
use super::identity::hash;
use super::look_up::compare_some;
use super::versions::Versions;
use crate::mapping::Cell;
use crate::store::{Row, StoreError, TableView};
use crate::target::ColumnKind;

/// Records that are looked up before it is worth reading the whole table: a small file, or what is new since yesterday,
/// ends sooner.
const LOOKED_UP_FIRST: usize = 10_000;
/// What a row costs in memory: its digests and id, its version, whether it was seen, its slot in the index with room to
/// grow.
const BYTES_A_ROW: usize = 52;
/// The digest of a row that must be looked up.
const UNCERTAIN: u64 = 0;

/// A row of the table. The digest of its identity is wide enough to stand for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct RowDigest {
    identity: u128,
    pub(super) content: u64,
    pub(super) id: i64,
}

/// Digests of the rows of a table, and the identities that a run has seen beyond them.
#[derive(Debug)]
pub(crate) struct TableDigests {
    /// Digests are of this process only, so that no source can aim at them.
    seed: u64,
    max_rows: usize,
    pub(super) rows: Vec<RowDigest>,
    index: HashTable<u32>,
    /// The version of each row: when a value of it changed last.
    version_of: Vec<u32>,
    versions: Versions,
    /// Which of the rows this run has seen.
    is_seen: Vec<bool>,
    /// The row that was found last: in a file that is read again, mostly the next one follows.
    last: usize,
    /// Whether `rows` are all that the table held when it was read. `None` before it was read.
    pub(super) is_complete: Option<bool>,
    pub(super) looked_up: usize,
    /// Identities that this run has seen beyond `rows`, and some that it has not.
    seen: GrowingBloom,
    /// Those of them whose pages are not committed yet, exactly.
    in_flight: HashSet<u128>,
    places: FirstPlaces,
    scratch: Vec<u8>,
}

/// What comparing a page has reserved for it, to be undone if it is not committed.
#[derive(Debug, Default)]
pub(crate) struct Reservations {
    rows: Vec<usize>,
    identities: Vec<u128>,
}

/// Whether an identity that is not among the rows is new.
enum Novelty {
    New,
    /// A page in flight has it.
    Seen,
    /// The table must be asked.
    Unsure,
}

impl TableDigests {
    /// Knows nothing yet, and will keep to this many bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            seed: rand::random(),
            max_rows: (budget / BYTES_A_ROW).min(u32::MAX as usize),
            rows: Vec::new(),
            index: HashTable::new(),
            version_of: Vec::new(),
            versions: Versions::default(),
            is_seen: Vec::new(),
            last: 0,
            is_complete: None,
            looked_up: 0,
            seen: GrowingBloom::default(),
            in_flight: HashSet::new(),
            places: FirstPlaces::default(),
            scratch: Vec::new(),
        }
    }

    /// Compares a page with what the table holds. The first record of an identity wins: in the page, and in the pages
    /// before it, committed or on their way.
    pub(crate) async fn compare(
        &mut self,
        view: &TableView<'_>,
    ) -> Result<(Changes, Reservations), StoreError> {
        self.read_in_time(view).await?;
        let (mut changes, mut reserved) = (Changes::default(), Reservations::default());
        let (mut unsure, mut last_version) = (Vec::new(), None);
        for record in 0..view.batch.len() {
            let identity = self.identity_of(view, record);
            let Some(index) = self.find(identity) else {
                match self.reserve(identity, &mut reserved) {
                    Novelty::Seen => changes.duplicate.push(Duplicate { record, first: None }),
                    Novelty::Unsure => unsure.push(record),
                    Novelty::New => {
                        self.places.note(hash(identity), view.batch.location(record));
                        changes.insert.push(record);
                    }
                }
                continue;
            };
            if std::mem::replace(&mut self.is_seen[index], true) {
                changes.duplicate.push(Duplicate { record, first: None });
                continue;
            }
            reserved.rows.push(index);
            self.places.note(hash(identity), view.batch.location(record));
            let RowDigest { content, id, .. } = self.rows[index];
            if self.content_of(view, record) != content {
                unsure.push(record);
                continue;
            }
            // Rows that were written together share it.
            let version = self.version_of[index];
            let is_other = last_version.replace(version) != Some(version);
            changes.unchanged.add(id, if is_other { self.versions.get(version) } else { None });
        }
        self.looked_up += unsure.len();
        if !unsure.is_empty() {
            compare_some(view, &unsure, (None, None), &mut changes, &mut view.reader().await?).await?;
        }
        self.tell_firsts(view, &unsure, &mut changes.duplicate);
        Ok((changes, reserved))
    }

    /// Tells where the first records of duplicates stand. What was looked up is a first record, unless the table said that an
    /// earlier attempt had seen it.
    fn tell_firsts(&mut self, view: &TableView<'_>, looked_up: &[usize], duplicates: &mut [Duplicate]) {
        let known: HashSet<_> = duplicates.iter().map(|duplicate| duplicate.record).collect();
        for &record in looked_up.iter().filter(|record| !known.contains(*record)) {
            let identity = hash(self.identity_of(view, record));
            if self.places.get(identity).is_none() {
                self.places.note(identity, view.batch.location(record));
            }
        }
        for duplicate in duplicates {
            let identity = hash(self.identity_of(view, duplicate.record));
            duplicate.first = self.places.get(identity);
        }
    }

    /// Reserves the identities that a source vouches for, which are not among the records of the page. False where this run has one
    /// of them from another record.
    pub(super) fn vouch(&mut self, view: &TableView<'_>, reserved: &mut Reservations) -> bool {
        (0..view.batch.len()).all(|record| {
            let identity = self.identity_of(view, record);
            match self.find(identity) {
                Some(index) => {
                    reserved.rows.push(index);
                    !std::mem::replace(&mut self.is_seen[index], true)
                }
                None => !matches!(self.reserve(identity, reserved), Novelty::Seen),
            }
        })
    }

    /// Reserves an identity that is not among the rows, for the first record that has it.
    fn reserve(&mut self, identity: u128, reserved: &mut Reservations) -> Novelty {
        if !self.in_flight.insert(identity) {
            return Novelty::Seen;
        }
        reserved.identities.push(identity);
        let is_new = self.seen.insert(hash(identity)) && self.is_complete == Some(true);
        if is_new { Novelty::New } else { Novelty::Unsure }
    }

    /// A page that was compared is committed.
    pub(crate) fn committed(&mut self, reserved: &Reservations) {
        for identity in &reserved.identities {
            self.in_flight.remove(identity);
        }
    }

    /// A page that was compared was not committed, nor any after it.
    pub(crate) fn undo(&mut self, reserved: &Reservations) {
        self.committed(reserved);
        for index in &reserved.rows {
            self.is_seen[*index] = false;
        }
    }

    /// Forgets what it knew of the rows of a page that was committed in another way than it was compared: its records are
    /// looked up if they come again.
    pub(crate) fn forget(&mut self, view: &TableView<'_>) {
        for record in 0..view.batch.len() {
            let identity = self.identity_of(view, record);
            // Its first record may be one that the database refused.
            self.places.forget(hash(identity));
            match self.find(identity) {
                Some(index) => self.rows[index].content = UNCERTAIN,
                None => {
                    self.seen.insert(hash(identity));
                }
            }
        }
    }

    /// Whether it is time to read the table. No page may be on its way then.
    pub(crate) fn wants_to_read(&self) -> bool {
        self.is_complete.is_none() && self.looked_up >= LOOKED_UP_FIRST
    }

    /// Reads what the table holds, where that is worth it: at once if it is nothing.
    pub(super) async fn read_in_time(&mut self, view: &TableView<'_>) -> Result<(), StoreError> {
        if self.is_complete.is_none() && self.seen.is_empty() && view.is_table_empty().await? {
            self.is_complete = Some(true);
        }
        if !self.wants_to_read() || !self.in_flight.is_empty() {
            return Ok(());
        }
        let (max_rows, mut is_complete) = (self.max_rows, true);
        view.each_row(|found| {
            is_complete &= self.rows.len() < max_rows;
            if is_complete { self.learn(view, found).map(|()| true) } else { Ok(false) }
        })
        .await?;
        tracing::debug!(rows = self.rows.len(), is_complete, "read the digests of the table's rows");
        self.is_complete = Some(is_complete);
        Ok(())
    }

    fn learn(&mut self, view: &TableView<'_>, found: &Row) -> Result<(), StoreError> {
        let (identity, content) = row_digests(&mut self.scratch, self.seed, view, found)?;
        let content = certain(content);
        // A row that nobody can tell from a changed one is looked up.
        let version = view.version_of(found)?.and_then(|version| self.versions.intern(version));
        let content = if version.is_some() { content } else { UNCERTAIN };
        self.version_of.push(version.unwrap_or_default());
        let index = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(RowDigest { identity, content, id: found.int(0)? });
        self.is_seen.push(view.was_seen(found)?);
        let rows = &self.rows;
        self.index.insert_unique(hash(identity), index, |index| hash(rows[*index as usize].identity));
        Ok(())
    }

    /// The index of a row.
    pub(super) fn find(&mut self, identity: u128) -> Option<usize> {
        let next = self.last + 1;
        if self.rows.get(next).is_some_and(|row| row.identity == identity) {
            self.last = next;
            return Some(next);
        }
        let rows = &self.rows;
        let index = self.index.find(hash(identity), |index| rows[*index as usize].identity == identity)?;
        self.last = *index as usize;
        Some(self.last)
    }

    pub(super) fn identity_of(&mut self, view: &TableView<'_>, record: usize) -> u128 {
        self.scratch.clear();
        for column in &view.identity {
            digest(&mut self.scratch, view.batch.cell(record, *column), false);
        }
        xxh3_128_with_seed(&self.scratch, self.seed)
    }

    pub(super) fn content_of(&mut self, view: &TableView<'_>, record: usize) -> u64 {
        self.scratch.clear();
        for (column, cell) in view.batch.row(record).enumerate() {
            match cell {
                Cell::Text(json)
                    if view.rewrites_json() && matches!(view.batch.kind(column), ColumnKind::Json { .. }) =>
                {
                    digest_json(&mut self.scratch, json);
                }
                cell => digest(&mut self.scratch, cell, false),
            }
        }
        certain(xxh3_64_with_seed(&self.scratch, self.seed))
    }
}

fn certain(digest: u64) -> u64 {
    if digest == UNCERTAIN { 1 } else { digest }
}
