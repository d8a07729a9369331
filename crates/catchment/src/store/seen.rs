//! `sync_seen`: the ledger of tables that have no columns for it. Each page of a run leaves one row there, with the digests of
//! all identities that it applied; which run saw a row last is the newest run that has its digest.

use std::collections::HashMap;

use catchment_core::Result;

use super::Store;
use super::db::{Arg, Row, StoreError, Tx};
use super::lease::Lease;
use super::rows::Purpose;
use super::scope::scope_of;
use super::values::{stored, unreadable};

use crate::compare::DigestSet;
use crate::run::SyncRun;
use crate::target::{Ledger, Table};

/// Bytes of a digest.
const DIGEST: usize = 16;
/// Digests that compacting holds in memory at a time.
const COMPACTED: u64 = 2_000_000;
/// Pages that are compacted in one transaction.
const BATCH: i64 = 32;

/// Where a run keeps which identities it has seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SeenIn {
    /// In the ledger, for as long as the rows are there.
    Ledger,
    /// With its pages, for as long as it is under way: it wrote none of them.
    Pages,
}

impl SeenIn {
    /// Where a run keeps it: a row that it writes may tell, or the ledger beside the table.
    pub(crate) fn of(table: &Table, purpose: &Purpose) -> Self {
        match (&table.ledger, purpose) {
            (Ledger::Beside, Purpose::Write | Purpose::WriteShown(_)) => Self::Ledger,
            _ => Self::Pages,
        }
    }
}

/// Where a page stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct SeenPage {
    run_id: i64,
    page_no: i64,
}

/// How many rows pages hold, and the sum of the digests of their identities: which are the same only for the same rows.
#[derive(Debug, Default, PartialEq, Eq)]
struct SeenTotal {
    rows: u64,
    sum: u128,
}

impl SeenTotal {
    fn add(&mut self, rows: u64, sum: &str) {
        self.rows = self.rows.saturating_add(rows);
        self.sum = self.sum.wrapping_add(u128::from_str_radix(sum, 16).unwrap_or_default());
    }
}

impl Store {
    /// Those of some identities that a run has seen.
    pub(crate) async fn seen_among(
        &self,
        seen_in: SeenIn,
        run_id: i64,
        wanted: &DigestSet,
    ) -> Result<DigestSet, StoreError> {
        let mut found = DigestSet::default();
        if !wanted.is_empty() {
            let take = |digest| {
                if wanted.contains(&digest) {
                    found.insert(digest);
                }
            };
            self.each_seen(seen_in, run_id, take).await?;
        }
        Ok(found)
    }

    /// Goes through the identities that a run has seen.
    pub(crate) async fn each_seen(
        &self,
        seen_in: SeenIn,
        run_id: i64,
        mut take: impl FnMut(u128) + Send,
    ) -> Result<(), StoreError> {
        let sql = match seen_in {
            SeenIn::Ledger => "SELECT identities FROM sync_seen WHERE sync_run_id = ?",
            SeenIn::Pages => "SELECT identities FROM sync_run_pages WHERE sync_run_id = ?",
        };
        let read = |row: &Row| {
            digests(row.bytes(0)?).for_each(&mut take);
            Ok(())
        };
        self.db.reader().await?.each(sql, &[run_id.into()], read).await
    }

    /// Whether a run of the source of `run` has rows on record.
    pub(crate) async fn has_seen_rows(&self, run: &SyncRun) -> Result<bool> {
        let sql = "SELECT 1 FROM sync_seen WHERE target_table = ? AND source_type = ? AND source_name = ? AND \
             sync_run_id <> ? LIMIT 1";
        let [table, source_type, source_name] = source_of(run);
        Ok(!self.db.fetch(sql, &[table, source_type, source_name, run.id.into()]).await?.is_empty())
    }

    /// The columns that the newest run told the rows of a table apart by; `None` where no run has seen any.
    pub(crate) async fn seen_key(&self, table: &str) -> Result<Option<Vec<String>>> {
        let sql =
            "SELECT key_columns FROM sync_seen WHERE target_table = ? ORDER BY sync_run_id DESC LIMIT 1";
        let rows = self.db.fetch(sql, &[table.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        serde_json::from_str(row.text(0)?)
            .map(Some)
            .map_err(|error| unreadable("the key of a ledger", &error))
    }

    /// The newest run that saw each of some rows of a table, of whatever source.
    pub(crate) async fn runs_that_saw(
        &self,
        table: &str,
        wanted: &DigestSet,
    ) -> Result<HashMap<u128, i64>, StoreError> {
        let sql = "SELECT identities, sync_run_id FROM sync_seen WHERE target_table = ?";
        let mut newest: HashMap<u128, i64> = HashMap::new();
        let read = |row: &Row| {
            let run = row.int(1)?;
            for digest in digests(row.bytes(0)?).filter(|digest| wanted.contains(digest)) {
                let last = newest.entry(digest).or_default();
                *last = (*last).max(run);
            }
            Ok(())
        };
        self.db.reader().await?.each(sql, &[table.into()], read).await?;
        Ok(newest)
    }

    /// Takes out of the pages of earlier runs what a completed run has seen again, so that the ledger holds each row of a
    /// source once. May be interrupted and repeated: what it leaves means the same.
    pub(crate) async fn compact_seen(&self, run: &SyncRun) -> Result<()> {
        let [table, source_type, source_name] = source_of(run);
        let sql = "SELECT sync_run_id, row_count, identity_sum FROM sync_seen WHERE target_table = ? AND source_type = ? AND \
             source_name = ? AND sync_run_id <= ?";
        let rows = self.db.fetch(sql, &[table, source_type, source_name, run.id.into()]).await?;
        let (mut ours, mut earlier) = (SeenTotal::default(), SeenTotal::default());
        for row in &rows {
            let total = if row.int(0)? == run.id { &mut ours } else { &mut earlier };
            total.add(row.int(1)?.unsigned_abs(), row.text(2)?);
        }
        if earlier == SeenTotal::default() {
            return Ok(());
        }
        if ours == earlier {
            // The same rows, which is what most runs see.
            let sql = "DELETE FROM sync_seen WHERE target_table = ? AND source_type = ? AND source_name = ? AND sync_run_id < ?";
            self.db.execute(sql, &[table, source_type, source_name, run.id.into()]).await?;
            return Ok(());
        }
        // In slices of the space of digests, each of which fits the memory.
        let slices = u128::from(ours.rows / COMPACTED + 1);
        for slice in 0..slices {
            let is_in_slice = |digest: u128| (digest >> 64) % slices == slice;
            let mut seen = DigestSet::default();
            let take = |digest| {
                if is_in_slice(digest) {
                    seen.insert(digest);
                }
            };
            self.each_seen(SeenIn::Ledger, run.id, take).await?;
            self.compact_where(run, |digest| !seen.contains(&digest)).await?;
        }
        Ok(())
    }

    /// Keeps of the pages of earlier runs what fits.
    pub(super) async fn compact_where(&self, run: &SyncRun, is_kept: impl Fn(u128) -> bool) -> Result<()> {
        let sql = "SELECT sync_run_id, page_no, identities FROM sync_seen WHERE target_table = ? AND source_type = ? AND \
             source_name = ? AND sync_run_id < ? AND (sync_run_id > ? OR (sync_run_id = ? AND page_no > ?)) ORDER BY \
             sync_run_id, page_no LIMIT ?";
        let [table, source_type, source_name] = source_of(run);
        let mut after = SeenPage { run_id: 0, page_no: 0 };
        loop {
            let place = [after.run_id.into(), after.run_id.into(), after.page_no.into(), BATCH.into()];
            let args = [&[table, source_type, source_name, run.id.into()], &place[..]].concat();
            let rows = self.db.fetch(sql, &args).await?;
            let mut changed = Vec::new();
            for row in &rows {
                after = SeenPage { run_id: row.int(0)?, page_no: row.int(1)? };
                let before = row.bytes(2)?;
                let kept: Vec<u8> =
                    digests(before).filter(|digest| is_kept(*digest)).flat_map(u128::to_be_bytes).collect();
                if kept.len() < before.len() {
                    changed.push((after, kept));
                }
            }
            if !changed.is_empty() {
                let mut tx = self.db.begin().await?;
                for (page, kept) in &changed {
                    replace(&mut tx, *page, kept).await?;
                }
                tx.commit().await?;
            }
            if rows.is_empty() {
                return Ok(());
            }
        }
    }

    /// Forgets what runs saw of a table that is not there any more, and what they wrote to it.
    pub(crate) async fn forget_table(&self, table: &str) -> Result<()> {
        let scope = scope_of(table, None).to_be_bytes();
        self.db.execute("DELETE FROM sync_written WHERE scope = ?", &[Arg::Bytes(&scope)]).await?;
        self.db.execute("DELETE FROM sync_conflicts WHERE target_table = ?", &[table.into()]).await?;
        self.db.execute("DELETE FROM sync_seen WHERE target_table = ?", &[table.into()]).await?;
        Ok(())
    }

    /// The tables that the ledger has rows of.
    pub(crate) async fn seen_tables(&self) -> Result<Vec<String>> {
        let rows = self.db.fetch("SELECT DISTINCT target_table FROM sync_seen", &[]).await?;
        Ok(rows.iter().map(|row| row.text(0).map(str::to_owned)).collect::<Result<_, _>>()?)
    }
}

/// Notes the identities that a page has applied, in its transaction.
pub(super) async fn store_seen(
    tx: &mut Tx,
    run: &SyncRun,
    lease: Lease,
    page_no: u64,
    (key, mut identities): (&[String], Vec<u128>),
) -> Result<(), StoreError> {
    if identities.is_empty() {
        return Ok(());
    }
    identities.sort_unstable();
    let (count, sum) = (identities.len() as u64, sum_of(identities.iter().copied()));
    let bytes = bytes_of(&identities);
    let sql = "INSERT INTO sync_seen (sync_run_id, page_no, target_table, source_type, source_name, key_columns, row_count, \
         identity_sum, identities) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let key = serde_json::json!(key).to_string();
    let [table, source_type, source_name] = source_of(run);
    let args = [
        lease.run_id.into(),
        stored(page_no).into(),
        table,
        source_type,
        source_name,
        Arg::from(&key),
        stored(count).into(),
        Arg::from(&sum),
        Arg::Bytes(&bytes),
    ];
    tx.execute(sql, &args).await?;
    Ok(())
}

async fn replace(tx: &mut Tx, page: SeenPage, kept: &[u8]) -> Result<(), StoreError> {
    let SeenPage { run_id, page_no } = page;
    if kept.is_empty() {
        let sql = "DELETE FROM sync_seen WHERE sync_run_id = ? AND page_no = ?";
        tx.execute(sql, &[run_id.into(), page_no.into()]).await?;
        return Ok(());
    }
    let sql = "UPDATE sync_seen SET identities = ?, row_count = ?, identity_sum = ? WHERE sync_run_id = ? AND page_no = ?";
    let (count, sum) = (stored((kept.len() / DIGEST) as u64), sum_of(digests(kept)));
    let args = [Arg::Bytes(kept), count.into(), Arg::from(&sum), run_id.into(), page_no.into()];
    tx.execute(sql, &args).await?;
    Ok(())
}

/// What the rows of a run's source are found by.
pub(super) fn source_of(run: &SyncRun) -> [Arg<'_>; 3] {
    [Arg::from(&run.target_table), Arg::from(&run.request.source_type), Arg::from(&run.source_name)]
}

fn sum_of(digests: impl Iterator<Item = u128>) -> String {
    format!("{:032x}", digests.fold(0_u128, u128::wrapping_add))
}

/// Digests as they are stored.
pub(super) fn bytes_of(digests: &[u128]) -> Vec<u8> {
    digests.iter().flat_map(|digest| digest.to_be_bytes()).collect()
}

/// Digests that are stored.
pub(super) fn digests(bytes: &[u8]) -> impl Iterator<Item = u128> {
    bytes.chunks_exact(DIGEST).map(|bytes| u128::from_be_bytes(bytes.try_into().unwrap_or_default()))
}
