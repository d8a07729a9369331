//! What all scenarios share: the program, the random numbers, and how many kills are asked for.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rand::rngs::StdRng;

use xtask::database::Database;
use xtask::process::Service;

/// Tables of somebody's own, one for each source.
pub(super) const OWN_TABLES: [&str; 2] = ["songs_0", "songs_1"];

/// Made anew for each scenario, from the same seed.
pub(super) struct TrialContext {
    pub(super) program: PathBuf,
    pub(super) rng: StdRng,
    pub(super) kills: usize,
    /// Kills in each phase of a run that is worth it, instead of so many in all.
    pub(super) each: Option<usize>,
}

impl TrialContext {
    /// Starts so many services on one database; `dir` is what they may read.
    pub(super) fn start(&self, count: usize, database: &Database, dir: &Path) -> Result<Vec<Service>> {
        make_tables(database)?;
        (0..count).map(|_| Service::start(&self.program, database, dir)).collect()
    }
}

/// Makes the tables of somebody's own, where they are not there yet.
fn make_tables(database: &Database) -> Result<()> {
    let is_sqlite = database.url().starts_with("sqlite");
    let charset = if is_sqlite { "" } else { " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" };
    for name in OWN_TABLES {
        database.query(&format!(
            "CREATE TABLE IF NOT EXISTS {name} (id VARCHAR(20) NOT NULL PRIMARY KEY, title VARCHAR(60) NOT NULL, artist VARCHAR(40), \
             year INT){charset}"
        ))?;
    }
    Ok(())
}
