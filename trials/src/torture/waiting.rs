//! Waiting on the database, which may be away: for a condition, never for time to pass.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use xtask::database::Database;

/// How long may pass until a run gets on or ends: a server that is stopped for 30 s, a lease, and a back-off.
pub(super) const PATIENCE: Duration = Duration::from_secs(180);

/// Pages committed, and runs that have not ended.
pub(super) fn progress(database: &Database) -> Result<(u64, u64)> {
    let sql = "SELECT SUM(page_no), SUM(status IN ('pending', 'in_progress')) FROM sync_runs";
    let answer = database.query(sql)?;
    let (pages, open) = answer.trim().split_once(['|', '\t']).context("no answer")?;
    Ok((pages.parse()?, open.parse()?))
}

/// Waits for a condition; while it cannot be told, as when the database is away, it does not hold.
pub(super) fn wait_until(
    limit: Duration,
    or_else: &str,
    mut holds: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let began = Instant::now();
    loop {
        let result = holds();
        if matches!(result, Ok(true)) {
            return Ok(());
        }
        if began.elapsed() > limit {
            let why = result.err().map(|error| format!(" ({error})")).unwrap_or_default();
            bail!("{or_else} within {} s{why}", limit.as_secs());
        }
        thread::sleep(Duration::from_millis(5));
    }
}
