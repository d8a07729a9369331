//! What a run knows of the rows that its table holds, so that it writes only what is new or differs.
//!
//! The rows of the run's source are streamed out once and kept as digests, within a budget. A record whose digests
//! are there is unchanged; one that the table cannot hold is new. All others are looked up in the table: those that
//! differ, those beyond the budget, and the few that a filter takes for records seen before.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fastbloom::BloomFilter;
use hashbrown::HashTable;
use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128_with_seed};

use super::db::{Failure, Row};
use super::json::canonical;
use super::rows::{Plan, Rows};
use crate::mapping::Cell;
use crate::mapping::table::Kind;

/// Records that are looked up before it is worth reading the whole table: a small file, or what is new since yesterday,
/// ends sooner.
const LOOKED_UP_FIRST: usize = 10_000;
/// What a row costs in memory: its digests and id, its version, whether it was seen, its place in the index with room to
/// grow.
const BYTES_A_ROW: usize = 52;
/// Versions that are told apart; rows of others are looked up. Rows that were written together share theirs.
const MAX_VERSIONS: usize = 1 << 16;
/// Identities in the first filter; each further one is half as large as all before it.
const FIRST_FILTER: usize = 1 << 20;
/// How often a filter takes a new identity for an old one.
const FALSE_POSITIVES: f64 = 0.005;
/// The digest of a row that must be looked up.
const UNCERTAIN: u64 = 0;

/// A row of the table. The digest of its identity is wide enough to stand for it.
#[derive(Debug, Clone, Copy)]
struct KnownRow {
    identity: u128,
    content: u64,
    id: i64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Known {
    /// Digests are of this process only, so that no source can aim at them.
    seed: u64,
    max_rows: usize,
    rows: Vec<KnownRow>,
    index: HashTable<u32>,
    /// When a value of each row changed last, as places in `versions`.
    version_of: Vec<u32>,
    versions: Vec<Arc<str>>,
    version_index: HashMap<Arc<str>, u32>,
    /// Which of the rows this run has seen.
    is_seen: Vec<bool>,
    /// The row that was found last: a file read again mostly goes on with the next one.
    last: usize,
    /// Whether `rows` are all that the table held when it was read. `None` before it was read.
    is_complete: Option<bool>,
    looked_up: usize,
    /// Identities that this run has seen beyond `rows`, and some that it has not.
    seen: Filter,
    /// Those of them whose pages are not committed yet, exactly.
    in_flight: HashSet<u128>,
    scratch: Vec<u8>,
}

/// What planning a page has marked, to be taken back if it is not committed.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    rows: Vec<usize>,
    identities: Vec<u128>,
}

impl Known {
    /// Knows nothing yet, and will keep to this many bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self {
            seed: rand::random(),
            max_rows: (budget / BYTES_A_ROW).min(u32::MAX as usize),
            rows: Vec::new(),
            index: HashTable::new(),
            version_of: Vec::new(),
            versions: Vec::new(),
            version_index: HashMap::new(),
            is_seen: Vec::new(),
            last: 0,
            is_complete: None,
            looked_up: 0,
            seen: Filter::default(),
            in_flight: HashSet::new(),
            scratch: Vec::new(),
        }
    }

    /// Compares a page with what the table holds. The first record of an identity wins: in the page, and in the pages
    /// before it, committed or on their way.
    pub(crate) async fn plan(&mut self, rows: &Rows<'_>) -> Result<(Plan, Marks), Failure> {
        self.read_in_time(rows).await?;
        let (mut plan, mut marks, mut unsure) = (Plan::default(), Marks::default(), Vec::new());
        let mut last_version = None;
        for row in 0..rows.batch.len() {
            let identity = self.identity_of(rows, row);
            if let Some(place) = self.find(identity) {
                if std::mem::replace(&mut self.is_seen[place], true) {
                    plan.duplicate.push(row);
                    continue;
                }
                marks.rows.push(place);
                let KnownRow { content, id, .. } = self.rows[place];
                if self.content_of(rows, row) != content {
                    unsure.push(row);
                    continue;
                }
                plan.unchanged.push(id);
                // Rows that were written together share it.
                let version = self.version_of[place];
                if last_version.replace(version) != Some(version) {
                    plan.versions.insert(self.versions[version as usize].clone());
                }
            } else if !self.in_flight.insert(identity) {
                plan.duplicate.push(row);
            } else {
                marks.identities.push(identity);
                let may_be_there = self.is_complete != Some(true) || self.seen.contains(identity);
                match may_be_there {
                    true => unsure.push(row),
                    false => plan.insert.push(row),
                }
                self.seen.insert(identity);
            }
        }
        self.looked_up += unsure.len();
        rows.look_up_into(&mut plan, &unsure).await?;
        Ok((plan, marks))
    }

    /// A planned page is committed.
    pub(crate) fn committed(&mut self, marks: &Marks) {
        for identity in &marks.identities {
            self.in_flight.remove(identity);
        }
    }

    /// A planned page was not committed, nor any after it.
    pub(crate) fn take_back(&mut self, marks: &Marks) {
        self.committed(marks);
        for place in &marks.rows {
            self.is_seen[*place] = false;
        }
    }

    /// A page was committed in another way than planned: its records are looked up if they come again.
    pub(crate) fn distrust(&mut self, rows: &Rows<'_>) {
        for row in 0..rows.batch.len() {
            let identity = self.identity_of(rows, row);
            match self.find(identity) {
                Some(place) => self.rows[place].content = UNCERTAIN,
                None => self.seen.insert(identity),
            }
        }
    }

    /// Whether it is time to read the table. No planned page may be on its way then.
    pub(crate) fn wants_to_read(&self) -> bool {
        self.is_complete.is_none() && self.looked_up >= LOOKED_UP_FIRST
    }

    /// Reads what the table holds, where that is worth it: at once if it is nothing.
    async fn read_in_time(&mut self, rows: &Rows<'_>) -> Result<(), Failure> {
        if self.is_complete.is_none() && self.seen.is_empty() && rows.is_table_empty().await? {
            self.is_complete = Some(true);
        }
        if !self.wants_to_read() || !self.in_flight.is_empty() {
            return Ok(());
        }
        let (max_rows, mut is_complete) = (self.max_rows, true);
        rows.each_row(max_rows + 1, |found| {
            match self.rows.len() < max_rows {
                true => self.learn(rows, found)?,
                false => is_complete = false,
            }
            Ok(())
        })
        .await?;
        tracing::debug!(rows = self.rows.len(), is_complete, "read what the table holds");
        self.is_complete = Some(is_complete);
        Ok(())
    }

    fn learn(&mut self, rows: &Rows<'_>, found: &Row) -> Result<(), Failure> {
        let Self { scratch, seed, .. } = self;
        scratch.clear();
        for column in rows.identity() {
            digest(scratch, Cell::Text(found.text(rows.place_of(*column))?), false);
        }
        let identity = xxh3_128_with_seed(scratch, *seed);
        scratch.clear();
        for (column, name) in rows.batch.columns.iter().enumerate() {
            let place = rows.place_of(column);
            let kind = rows.batch.table.column(name).map(|(_, column)| column.kind);
            let cell = match kind {
                Some(Kind::Count | Kind::Flag) => found.optional_int(place)?.map(Cell::Int),
                _ => found.optional_text(place)?.map(Cell::Text),
            };
            match cell {
                Some(Cell::Text(json)) if kind.is_none() && rows.rewrites_json() => {
                    digest_json(scratch, json);
                }
                cell => digest(scratch, cell.unwrap_or(Cell::Null), matches!(kind, Some(Kind::Money))),
            }
        }
        let content = certain(xxh3_64_with_seed(scratch, *seed));
        // A row that nobody can tell from a changed one is looked up.
        let version = found.optional_text(2)?.and_then(|text| self.version(text));
        let content = if version.is_some() { content } else { UNCERTAIN };
        self.version_of.push(version.unwrap_or_default());
        let place = u32::try_from(self.rows.len()).unwrap_or(u32::MAX);
        self.rows.push(KnownRow { identity, content, id: found.int(0)? });
        self.is_seen.push(found.optional_int(1)? == Some(rows.origin.run_id));
        let Self { rows, index, .. } = self;
        index.insert_unique(slot(identity), place, |place| slot(rows[*place as usize].identity));
        Ok(())
    }

    /// The place of a version among all; none where there are too many.
    fn version(&mut self, text: &str) -> Option<u32> {
        if let Some(place) = self.version_index.get(text) {
            return Some(*place);
        }
        let place = u32::try_from(self.versions.len()).ok().filter(|_| self.versions.len() < MAX_VERSIONS)?;
        let text = Arc::<str>::from(text);
        self.versions.push(text.clone());
        self.version_index.insert(text, place);
        Some(place)
    }

    /// The place of a row.
    fn find(&mut self, identity: u128) -> Option<usize> {
        let next = self.last + 1;
        if self.rows.get(next).is_some_and(|row| row.identity == identity) {
            self.last = next;
            return Some(next);
        }
        let Self { rows, index, .. } = self;
        let place = index.find(slot(identity), |place| rows[*place as usize].identity == identity)?;
        self.last = *place as usize;
        Some(self.last)
    }

    fn identity_of(&mut self, rows: &Rows<'_>, row: usize) -> u128 {
        self.scratch.clear();
        for column in rows.identity() {
            digest(&mut self.scratch, rows.batch.cell(row, *column), false);
        }
        xxh3_128_with_seed(&self.scratch, self.seed)
    }

    fn content_of(&mut self, rows: &Rows<'_>, row: usize) -> u64 {
        self.scratch.clear();
        for (cell, name) in rows.batch.row(row).zip(rows.batch.columns.iter()) {
            match cell {
                Cell::Text(json) if rows.rewrites_json() && rows.batch.table.column(name).is_none() => {
                    digest_json(&mut self.scratch, json);
                }
                cell => digest(&mut self.scratch, cell, false),
            }
        }
        certain(xxh3_64_with_seed(&self.scratch, self.seed))
    }
}

/// Adds a value, so that no two lists of values give the same bytes. A price that the database shows with all its
/// decimals is shortened to how we write it.
fn digest(bytes: &mut Vec<u8>, cell: Cell<'_>, is_decimal: bool) {
    match cell {
        Cell::Null => bytes.push(0),
        Cell::Int(number) => {
            bytes.push(1);
            bytes.extend(number.to_le_bytes());
        }
        Cell::Text(text) => {
            let text = match is_decimal && text.contains('.') {
                true => text.trim_end_matches('0').trim_end_matches('.'),
                false => text,
            };
            bytes.push(2);
            bytes.extend(text.len().to_le_bytes());
            bytes.extend(text.as_bytes());
        }
    }
}

/// Adds JSON by its value, as some databases write it in their own way.
fn digest_json(bytes: &mut Vec<u8>, json: &str) {
    match canonical(json, true) {
        Some(json) => digest(bytes, Cell::Text(&json), false),
        None => digest(bytes, Cell::Text(json), false),
    }
}

fn certain(digest: u64) -> u64 {
    if digest == UNCERTAIN { 1 } else { digest }
}

#[expect(clippy::cast_possible_truncation, reason = "half of a digest is one")]
fn slot(identity: u128) -> u64 {
    identity as u64
}

/// A set that may take what it does not hold for what it does, and never the other way round. It grows.
#[derive(Debug, Default)]
struct Filter {
    /// With how many more each takes.
    filters: Vec<(BloomFilter, usize)>,
    count: usize,
}

impl Filter {
    fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn contains(&self, identity: u128) -> bool {
        self.filters.iter().any(|(filter, _)| filter.contains_hash(slot(identity)))
    }

    fn insert(&mut self, identity: u128) {
        if self.filters.last().is_none_or(|(_, room)| *room == 0) {
            let size = (self.count / 2).max(FIRST_FILTER);
            let filter = BloomFilter::with_false_pos(FALSE_POSITIVES).seed(&0).expected_items(size);
            self.filters.push((filter, size));
        }
        if let Some((filter, room)) = self.filters.last_mut() {
            filter.insert_hash(slot(identity));
            *room -= 1;
            self.count += 1;
        }
    }
}
