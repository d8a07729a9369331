//! `sync_jobs`: when what is done by the clock is due next. Each turn is taken by one process.

use catchment_core::{Result, truncate_text};
use jiff::Timestamp;

use super::Store;
use super::db::Arg;
use super::values::{MAX_MESSAGE_BYTES, time_text};

/// A job, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// What `next_at` was computed from.
    pub(crate) schedule: String,
    pub(crate) next_at: Timestamp,
    /// Goes up when somebody takes a turn.
    pub(crate) turn: i64,
}

impl Store {
    pub(crate) async fn job(&self, name: &str) -> Result<Option<Job>> {
        let sql = "SELECT schedule, turn, {ms next_at} FROM sync_jobs WHERE name = ?";
        let rows = self.db.fetch(sql, &[name.into()]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let next_at = Timestamp::from_millisecond(row.int(2)?).unwrap_or_default();
        Ok(Some(Job { schedule: row.text(0)?.to_owned(), turn: row.int(1)?, next_at }))
    }

    /// Enters a job that was not there. Another process may have been first.
    pub(crate) async fn add_job(&self, name: &str, schedule: &str, next_at: Timestamp) -> Result<()> {
        let next_at = time_text(next_at);
        let sql = "INSERT INTO sync_jobs (name, schedule, next_at) SELECT ?, ?, ? WHERE NOT EXISTS (SELECT 1 \
             FROM sync_jobs WHERE name = ?)";
        match self.db.execute(sql, &[name.into(), schedule.into(), Arg::from(&next_at), name.into()]).await {
            Err(failure) if !failure.is_duplicate() => Err(failure.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Sets when a job is due next, unless somebody else took its turn. `begins` tells whether it is begun by this.
    pub(crate) async fn reschedule_job(
        &self,
        name: &str,
        seen: &Job,
        schedule: &str,
        next_at: Timestamp,
        begins: bool,
    ) -> Result<bool> {
        let next_at = time_text(next_at);
        let sql = "UPDATE sync_jobs SET schedule = ?, next_at = ?, turn = turn + 1, started_at = CASE WHEN ? \
             = 1 THEN {now} ELSE started_at END WHERE name = ? AND turn = ?";
        let args =
            [schedule.into(), Arg::from(&next_at), i64::from(begins).into(), name.into(), seen.turn.into()];
        Ok(self.db.execute(sql, &args).await? == 1)
    }

    /// Notes how a turn ended.
    pub(crate) async fn end_job(&self, name: &str, error: Option<&str>) -> Result<()> {
        let error = error.map(|error| truncate_text(error, MAX_MESSAGE_BYTES));
        let sql = "UPDATE sync_jobs SET ended_at = {now}, error_message = ? WHERE name = ?";
        self.db.execute(sql, &[error.as_deref().into(), name.into()]).await?;
        Ok(())
    }
}
