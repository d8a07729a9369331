//! The play synced into one database, while something happens.

use std::thread;
use std::time::Duration;

use anyhow::Result;
use rand::RngExt;

use super::context::TrialContext;
use super::waiting::{PATIENCE, progress, wait_until};
use super::workload::Workload;
use xtask::database::Database;
use xtask::process::Service;

/// What happens each time that some pages more are committed.
pub(super) type Disturbance<'a> = dyn FnMut(&mut TrialContext, &mut [Service]) -> Result<()> + 'a;

/// A database, and the services that work on it until the play is over.
pub(super) struct TrialRun<'a> {
    pub(super) play: &'a Workload,
    pub(super) database: &'a Database,
    pub(super) services: Vec<Service>,
}

impl TrialRun<'_> {
    /// Syncs all of the play, and compares what the database holds after each act. When that fails, what the services
    /// said last is shown.
    pub(super) fn run(mut self, stage: &mut TrialContext, happens: &mut Disturbance<'_>) -> Result<()> {
        let result = self.try_run(stage, happens);
        if result.is_err() {
            for service in &self.services {
                eprintln!("{}", service.last_words());
            }
        }
        result
    }

    fn try_run(&mut self, stage: &mut TrialContext, happens: &mut Disturbance<'_>) -> Result<()> {
        for act in 0..self.play.acts() {
            self.play.begin(act, &self.services[0], self.database)?;
            let mut pages = 0;
            while self.get_on(stage, &mut pages)? {
                thread::sleep(Duration::from_micros(stage.rng.random_range(0..60_000)));
                happens(stage, &mut self.services)?;
            }
            self.play.compare(act, self.database)?;
        }
        Ok(())
    }

    /// Waits for one to three pages more. Whether a run is still open.
    fn get_on(&self, stage: &mut TrialContext, pages: &mut u64) -> Result<bool> {
        let (further, mut has_ended) = (stage.rng.random_range(1..=3), false);
        wait_until(PATIENCE, "no run got on", || {
            let (now, open) = progress(self.database)?;
            has_ended = open == 0;
            let is_further = now >= *pages + further;
            *pages = if is_further { now } else { *pages };
            Ok(is_further || has_ended)
        })?;
        Ok(!has_ended)
    }
}
