//! `sync_attempts`: what became of each attempt at a run.

use std::time::Duration;

use catchment_core::{Result, VOLUME_AWAY};
use jiff::Timestamp;

use super::row::read_error;
use crate::run::RunError;
use crate::store::Store;
use crate::store::db::Row;
use crate::store::values::{counted, timestamp};

/// An attempt of a run, for people.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// From 1.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; none while it runs.
    pub ended_at: Option<Timestamp>,
    /// Pages that it committed; none while it runs.
    pub pages: Option<u64>,
    /// Why it ended early.
    pub error: Option<RunError>,
}

impl Store {
    /// The attempts of a run, the first one first.
    ///
    /// # Errors
    /// `database`.
    pub(crate) async fn attempts(&self, run_id: i64) -> Result<Vec<AttemptRecord>> {
        let sql = "SELECT attempt, pages_after - pages_before, error_type, error_code, error_message, {ms \
             started_at}, {ms ended_at} FROM sync_attempts WHERE sync_run_id = ? ORDER BY id";
        let read = |row: &Row| -> Result<AttemptRecord> {
            Ok(AttemptRecord {
                attempt: u32::try_from(row.int(0)?).unwrap_or_default(),
                pages: row.optional_int(1)?.map(counted),
                error: read_error(row, 2)?,
                started_at: timestamp(row.optional_int(5)?).unwrap_or_default(),
                ended_at: timestamp(row.optional_int(6)?),
            })
        };
        self.db.fetch(sql, &[run_id.into()]).await?.iter().map(read).collect()
    }

    /// The streak of deferred attempts of a run (rate limited, or the database away), the current one included: how
    /// many, and over what time.
    pub(crate) async fn deferral_streak(&self, run_id: i64) -> Result<(u32, Duration)> {
        let sql = "SELECT {ms started_at} FROM sync_attempts WHERE sync_run_id = ? AND id > COALESCE((SELECT \
             MAX(id) FROM sync_attempts WHERE sync_run_id = ? AND ended_at IS NOT NULL AND \
             (pages_after > pages_before OR NOT (COALESCE(error_type, '') = 'rate_limited' OR \
             COALESCE(error_code, '') IN ('database_away', 'database_login', ?)))), 0) ORDER BY id";
        let rows = self.db.fetch(sql, &[run_id.into(), run_id.into(), VOLUME_AWAY.into()]).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok((0, Duration::ZERO)) };
        let waited = Duration::from_millis(counted(last.int(0)? - first.int(0)?));
        Ok((u32::try_from(rows.len()).unwrap_or(u32::MAX), waited))
    }
}
