//! What all scenarios share: the program, the random numbers, and how many kills are asked for.

use std::path::{Path, PathBuf};

use anyhow::Result;
use rand::rngs::StdRng;

use xtask::database::Database;
use xtask::process::Service;

/// Made anew for each scenario, from the same seed.
pub(super) struct TrialContext {
    pub(super) program: PathBuf,
    pub(super) rng: StdRng,
    pub(super) kills: usize,
}

impl TrialContext {
    /// Starts so many services on one database; `dir` is what they may read.
    pub(super) fn start(&self, count: usize, database: &Database, dir: &Path) -> Result<Vec<Service>> {
        (0..count).map(|_| Service::start(&self.program, database, dir)).collect()
    }
}
