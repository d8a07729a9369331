//! `cargo xtask torture`: what may happen to Catchment and its database, at random moments, again and again. After
//! each cycle the tables must be equal, by content, to those of a run that nothing happened to.

mod faults;
mod galera;
mod play;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use xtask::database::Database;

use play::Play;
use xtask::mariadb::MariaDb;
use xtask::process::Service;
use xtask::tools::cargo;

const USAGE: &str = "cargo xtask torture [--galera] [--kills N] [--seed N] [--only NAME]";
/// How long may pass until a run gets on or ends: a server that is stopped for 30 s, a lease, and a back-off.
const PATIENCE: Duration = Duration::from_secs(180);
/// How long a run may stand after its process was killed and started again.
const MOVING_TIMEOUT: Duration = Duration::from_secs(5);

/// What all scenarios share.
struct Stage {
    program: PathBuf,
    rng: StdRng,
    kills: usize,
}

type Scenario = fn(&mut Stage) -> Result<String>;

pub(crate) fn torture(args: &[String]) -> Result<()> {
    let (mut seed, mut kills, mut only, mut on_galera) = (rand::random(), 200, None, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value; {USAGE}"));
        match arg.as_str() {
            "--galera" => on_galera = true,
            "--kills" => kills = value()?.parse()?,
            "--seed" => seed = value()?.parse()?,
            "--only" => only = Some(value()?.clone()),
            _ => bail!("{USAGE}"),
        }
    }
    cargo(&["build", "--release", "--package", "catchment-cli"]).run()?;
    let program = std::env::current_dir()?.join("target/release/catchment");
    let scenarios: &[(&str, Scenario)] = if on_galera {
        &[("galera", galera_cluster)]
    } else {
        &[
            ("kills-sqlite", kills_on_sqlite),
            ("kills-mariadb", kills_on_mariadb),
            ("server", faults::server),
            ("frozen-sqlite", faults::frozen_on_sqlite),
            ("frozen-mariadb", faults::frozen_on_mariadb),
            ("disk-full-sqlite", faults::disk_full_on_sqlite),
            ("disk-full-mariadb", faults::disk_full_on_mariadb),
        ]
    };
    println!("seed {seed}");
    for (name, scenario) in scenarios {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let began = Instant::now();
        let mut stage = Stage { program: program.clone(), rng: StdRng::seed_from_u64(seed), kills };
        let summary = scenario(&mut stage)
            .with_context(|| format!("{name} (again by: cargo xtask torture --only {name} --seed {seed})"))?;
        println!("{name}: {summary}; {} s", began.elapsed().as_secs());
    }
    Ok(())
}

fn kills_on_sqlite(stage: &mut Stage) -> Result<String> {
    let dir = tempfile::tempdir()?;
    kills(stage, &|name| Ok(Database::Sqlite(dir.path().join(name))))
}

fn kills_on_mariadb(stage: &mut Stage) -> Result<String> {
    let mut mariadb = MariaDb::start()?;
    let ports = [mariadb.server().port];
    kills(stage, &|name| Database::create(&ports, name))
}

/// SIGKILL at random moments, with one to three processes at work. A kill counts if the process held a run that
/// had committed a page.
fn kills(stage: &mut Stage, create: &dyn Fn(&str) -> Result<Database>) -> Result<String> {
    let play = Play::new(stage, &create("reference")?)?;
    let (mut kills, mut cycles) = (0, 0);
    let (mut slowest_port, mut slowest_move) = (Duration::ZERO, Duration::ZERO);
    while kills < stage.kills {
        cycles += 1;
        let database = create(&format!("cycle{cycles}"))?;
        let count = stage.rng.random_range(1..=3);
        let mut services = stage.start(count, &database, play.dir())?;
        let most = stage.kills;
        stage.perform(&play, &database, &mut services, &mut |stage, services| {
            if kills >= most {
                return Ok(());
            }
            let victim = &mut services[stage.rng.random_range(0..count)];
            let held =
                format!("lease_owner LIKE '%/{}/%' AND status = 'in_progress' AND page_no > 0", victim.id());
            victim.kill()?;
            let ids = database.query(&format!("SELECT id FROM sync_runs WHERE {held}"))?;
            let ids = ids.split_whitespace().collect::<Vec<_>>().join(", ");
            slowest_port = slowest_port.max(victim.restart()?);
            if ids.is_empty() {
                return Ok(());
            }
            kills += 1;
            let began = Instant::now();
            let state = format!("SELECT page_no, status FROM sync_runs WHERE id IN ({ids}) ORDER BY id");
            let before = database.query(&state)?;
            wait_until(MOVING_TIMEOUT, "the run did not move", || {
                let now = database.query(&state)?;
                Ok(now.lines().zip(before.lines()).all(|(now, before)| now != before))
            })?;
            slowest_move = slowest_move.max(began.elapsed());
            Ok(())
        })?;
        eprintln!("cycle {cycles}: {count} processes, {kills} kills so far");
    }
    Ok(format!(
        "{kills} kills in {cycles} cycles; the slowest port {} ms, the slowest run moving again after {} ms",
        slowest_port.as_millis(),
        slowest_move.as_millis()
    ))
}

/// Three nodes, workers on two of them; see [`galera`].
fn galera_cluster(stage: &mut Stage) -> Result<String> {
    let mut cluster = galera::Cluster::start()?;
    let ports = cluster.ports();
    let play = Play::new(stage, &Database::create(&ports, "reference")?)?;
    let mut events = vec![galera::Event::Conflicts; 12];
    events.extend([galera::Event::Kill, galera::Event::Freeze, galera::Event::Isolate].repeat(2));
    let (mut cycles, count) = (0, events.len());
    while !events.is_empty() {
        cycles += 1;
        let database = Database::create(&ports, &format!("cycle{cycles}"))?;
        // The same hosts, tried in another order: two nodes are written at the same time.
        let Database::MariaDb(_, name) = &database else { bail!("no cluster") };
        let turned = Database::MariaDb([&ports[1..], &ports[..1]].concat(), name.clone());
        let mut services = stage.start(1, &database, play.dir())?;
        services.extend(stage.start(1, &turned, play.dir())?);
        stage.perform(&play, &database, &mut services, &mut |stage, _| {
            if events.is_empty() {
                return Ok(());
            }
            let event = events.swap_remove(stage.rng.random_range(0..events.len()));
            eprintln!("{event:?}");
            cluster.suffer(event, name)
        })?;
    }
    Ok(format!("{count} events in {cycles} cycles, {} conflicts", cluster.conflicts()))
}

impl Stage {
    fn start(&self, count: usize, database: &Database, dir: &Path) -> Result<Vec<Service>> {
        (0..count).map(|_| Service::start(&self.program, database, dir)).collect()
    }

    /// Syncs all of the play, while something happens each time that some pages more are committed. When it fails,
    /// what the services said last is shown.
    fn perform(
        &mut self,
        play: &Play,
        database: &Database,
        services: &mut [Service],
        happens: &mut dyn FnMut(&mut Self, &mut [Service]) -> Result<()>,
    ) -> Result<()> {
        let result = self.try_perform(play, database, services, happens);
        if result.is_err() {
            for service in services {
                eprintln!("{}", service.last_words());
            }
        }
        result
    }

    fn try_perform(
        &mut self,
        play: &Play,
        database: &Database,
        services: &mut [Service],
        happens: &mut dyn FnMut(&mut Self, &mut [Service]) -> Result<()>,
    ) -> Result<()> {
        for act in 0..play.acts() {
            play.begin(act, &services[0])?;
            let mut pages = 0;
            loop {
                let (further, mut has_ended) = (self.rng.random_range(1..=3), false);
                wait_until(PATIENCE, "no run got on", || {
                    let (now, open) = progress(database)?;
                    has_ended = open == 0;
                    let is_further = now >= pages + further;
                    pages = if is_further { now } else { pages };
                    Ok(is_further || has_ended)
                })?;
                if has_ended {
                    break;
                }
                thread::sleep(Duration::from_micros(self.rng.random_range(0..60_000)));
                happens(self, services)?;
            }
            play.compare(act, database)?;
        }
        Ok(())
    }
}

/// Pages committed, and runs that have not ended.
fn progress(database: &Database) -> Result<(u64, u64)> {
    let sql = "SELECT SUM(page_no), SUM(status IN ('pending', 'in_progress')) FROM sync_runs";
    let answer = database.query(sql)?;
    let (pages, open) = answer.trim().split_once(['|', '\t']).context("no answer")?;
    Ok((pages.parse()?, open.parse()?))
}

/// Waits for a condition; while it cannot be told, as when the database is away, it does not hold.
fn wait_until(limit: Duration, or_else: &str, mut holds: impl FnMut() -> Result<bool>) -> Result<()> {
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
