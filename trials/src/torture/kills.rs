//! Processes that are killed at random moments and started again.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::RngExt;

use super::context::TrialContext;
use super::trial_run::TrialRun;
use super::waiting::wait_until;
use super::workload::Workload;
use xtask::database::Database;
use xtask::mariadb::MariaDb;
use xtask::process::Service;

/// How long a run may stand after its process was killed and started again.
const MOVING_TIMEOUT: Duration = Duration::from_secs(5);

/// The scenario on files of SQLite.
pub(super) fn on_sqlite(stage: &mut TrialContext) -> Result<String> {
    let dir = tempfile::tempdir()?;
    kills(stage, &|name| Ok(Database::Sqlite(dir.path().join(name))))
}

/// The scenario on a private MariaDB.
pub(super) fn on_mariadb(stage: &mut TrialContext) -> Result<String> {
    let mut mariadb = MariaDb::start()?;
    let ports = [mariadb.server().port];
    kills(stage, &|name| Database::create(&ports, name))
}

/// How often a process was killed, and how long it took to recover.
#[derive(Default)]
struct Kills {
    count: usize,
    /// Of these, in which phase of a run.
    phases: BTreeMap<String, usize>,
    slowest_port: Duration,
    slowest_move: Duration,
}

/// SIGKILL at random moments, with one to three processes at work.
fn kills(stage: &mut TrialContext, create: &dyn Fn(&str) -> Result<Database>) -> Result<String> {
    let play = Workload::new(stage, &create("reference")?)?;
    let (mut kills, mut cycles) = (Kills::default(), 0);
    while !kills.are_enough(stage) {
        cycles += 1;
        let database = create(&format!("cycle{cycles}"))?;
        let count = stage.rng.random_range(1..=3);
        let services = stage.start(count, &database, play.dir())?;
        let performance = TrialRun { play: &play, database: &database, services };
        performance.run(stage, &mut |stage, services| {
            if kills.are_enough(stage) {
                return Ok(());
            }
            kills.strike(&mut services[stage.rng.random_range(0..count)], &database, stage.each)
        })?;
        eprintln!("cycle {cycles}: {count} processes, {} kills so far ({})", kills.count, kills.by_phase());
    }
    Ok(format!(
        "{} kills in {cycles} cycles ({}); the slowest port {} ms, the slowest run moving again after {} ms",
        kills.count,
        kills.by_phase(),
        kills.slowest_port.as_millis(),
        kills.slowest_move.as_millis()
    ))
}

/// The phases of which each must have its kills, where that is asked for.
const PHASES: [&str; 3] = ["sweep", "approve", "replay"];
/// The phase of a run.
const PHASE: &str = "CASE WHEN sync_metadata LIKE '%\"sweep\"%' THEN 'sweep' ELSE mode END";

impl Kills {
    fn are_enough(&self, stage: &TrialContext) -> bool {
        match stage.each {
            None => self.count >= stage.kills,
            Some(each) => PHASES.iter().all(|phase| self.count_of(phase) >= each),
        }
    }

    fn count_of(&self, phase: &str) -> usize {
        self.phases.get(phase).copied().unwrap_or_default()
    }

    /// Whether kills are wanted in one of the phases that runs are in.
    fn is_wanted(&self, phases: &str, each: Option<usize>) -> bool {
        let is_wanted = |phase: &str, each| PHASES.contains(&phase) && self.count_of(phase) < each;
        each.is_none_or(|each| phases.split_whitespace().any(|phase| is_wanted(phase, each)))
    }

    /// How many kills there were in which phase.
    fn by_phase(&self) -> String {
        self.phases.iter().map(|(phase, count)| format!("{phase} {count}")).collect::<Vec<_>>().join(", ")
    }

    /// Kills a process and starts it again. It counts if the process held a run that had committed a page; then all
    /// runs that it held must move on.
    fn strike(&mut self, victim: &mut Service, database: &Database, each: Option<usize>) -> Result<()> {
        // A run fails whose workers are lost five times in a row before it has committed a page.
        let unlucky = "SELECT COUNT(*) FROM sync_runs WHERE status IN ('pending', 'in_progress') AND fruitless_attempts > 2";
        if database.query(unlucky)?.trim() != "0" {
            return Ok(());
        }
        let held =
            format!("lease_owner LIKE '%/{}/%' AND status = 'in_progress' AND page_no > 0", victim.id());
        let phases = |condition: &str| {
            database.query(&format!("SELECT DISTINCT {PHASE} FROM sync_runs WHERE {condition}"))
        };
        if !self.is_wanted(&phases(&held)?, each) {
            return Ok(());
        }
        victim.kill()?;
        let ids = database.query(&format!("SELECT id FROM sync_runs WHERE {held}"))?;
        let ids = ids.split_whitespace().collect::<Vec<_>>().join(", ");
        self.slowest_port = self.slowest_port.max(victim.restart()?);
        if ids.is_empty() {
            return Ok(());
        }
        self.count += 1;
        for phase in phases(&format!("id IN ({ids})"))?.split_whitespace() {
            *self.phases.entry(phase.to_owned()).or_default() += 1;
        }
        let began = Instant::now();
        let state = format!("SELECT page_no, status FROM sync_runs WHERE id IN ({ids}) ORDER BY id");
        let before = database.query(&state)?;
        wait_until(MOVING_TIMEOUT, "the run did not move", || {
            let now = database.query(&state)?;
            Ok(now.lines().zip(before.lines()).all(|(now, before)| now != before))
        })?;
        self.slowest_move = self.slowest_move.max(began.elapsed());
        Ok(())
    }
}
