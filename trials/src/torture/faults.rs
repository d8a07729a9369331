//! What happens to the database server, to a process that is frozen, and to a disk.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rand::RngExt;
use rustix::process::Signal;
use tempfile::TempDir;

use super::context::TrialContext;
use super::trial_run::TrialRun;
use super::waiting::{PATIENCE, progress, wait_until};
use super::workload::Workload;
use xtask::database::Database;
use xtask::mariadb::MariaDb;

/// How long a server is stopped.
const STOPPED: Duration = Duration::from_secs(30);
/// How long a process is stopped: longer than its lease of 15 s.
const FROZEN: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, Copy)]
enum ServerFault {
    Kill,
    Stop,
    Cut,
}

/// The server is killed and comes back, is stopped for a while, and cuts all connections.
pub(super) fn server(stage: &mut TrialContext) -> Result<String> {
    let mut mariadb = MariaDb::start()?;
    let ports = [mariadb.server().port];
    let play = Workload::new(stage, &Database::create(&ports, "reference")?)?;
    let mut events =
        [vec![ServerFault::Cut; 10], vec![ServerFault::Kill; 4], vec![ServerFault::Stop]].concat();
    let (count, mut cycles) = (events.len(), 0);
    while !events.is_empty() {
        cycles += 1;
        let database = Database::create(&ports, &format!("cycle{cycles}"))?;
        let services = stage.start(2, &database, play.dir())?;
        let performance = TrialRun { play: &play, database: &database, services };
        performance.run(stage, &mut |stage, _| {
            if events.is_empty() {
                return Ok(());
            }
            let event = events.swap_remove(stage.rng.random_range(0..events.len()));
            eprintln!("{event:?}");
            let server = mariadb.server();
            match event {
                ServerFault::Kill => {
                    server.kill()?;
                    server.restart()?;
                }
                ServerFault::Stop => {
                    server.signal(Signal::STOP)?;
                    thread::sleep(STOPPED);
                    server.signal(Signal::CONT)?;
                }
                ServerFault::Cut => cut_connections(&database)?,
            }
            Ok(())
        })?;
    }
    Ok(format!("{count} events in {cycles} cycles"))
}

fn cut_connections(database: &Database) -> Result<()> {
    let ids = database.query(
        "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()",
    )?;
    for id in ids.split_whitespace() {
        // It may be gone already.
        database.query(&format!("KILL CONNECTION {id}")).ok();
    }
    Ok(())
}

pub(super) fn frozen_on_sqlite(stage: &mut TrialContext) -> Result<String> {
    let dir = tempfile::tempdir()?;
    frozen(stage, &|name| Ok(Database::Sqlite(dir.path().join(name))))
}

pub(super) fn frozen_on_mariadb(stage: &mut TrialContext) -> Result<String> {
    let mut mariadb = MariaDb::start()?;
    let ports = [mariadb.server().port];
    frozen(stage, &|name| Database::create(&ports, name))
}

/// A process is stopped past its lease while it holds a run, and resumes when others have taken that over.
fn frozen(stage: &mut TrialContext, create: &dyn Fn(&str) -> Result<Database>) -> Result<String> {
    let play = Workload::new(stage, &create("reference")?)?;
    let (mut frozen, mut cycles) = (0, 0);
    while frozen < 4 {
        cycles += 1;
        let database = create(&format!("cycle{cycles}"))?;
        let services = stage.start(2, &database, play.dir())?;
        let mut was_frozen = false;
        let performance = TrialRun { play: &play, database: &database, services };
        performance.run(stage, &mut |stage, services| {
            let victim = &services[stage.rng.random_range(0..services.len())];
            let held = format!(
                "SELECT COUNT(*) FROM sync_runs WHERE lease_owner LIKE '%/{}/%' AND page_no > 0",
                victim.id()
            );
            if was_frozen || database.query(&held)?.trim() == "0" {
                return Ok(());
            }
            was_frozen = true;
            victim.signal(Signal::STOP)?;
            thread::sleep(FROZEN);
            victim.signal(Signal::CONT)
        })?;
        frozen += usize::from(was_frozen);
    }
    Ok(format!("{frozen} times in {cycles} cycles"))
}

pub(super) fn disk_full_on_sqlite(stage: &mut TrialContext) -> Result<String> {
    let disk = SmallDisk::mount(1024)?;
    disk_full(stage, &disk, &|name| Ok(Database::Sqlite(disk.path().join(name))))
}

pub(super) fn disk_full_on_mariadb(stage: &mut TrialContext) -> Result<String> {
    let disk = SmallDisk::mount(768)?;
    let flags = ["--innodb-log-file-size=16M", "--innodb-buffer-pool-size=32M"];
    let mut mariadb = MariaDb::start_in(TempDir::new_in(disk.path())?, &flags)?;
    let ports = [mariadb.server().port];
    disk_full(stage, &disk, &|name| Database::create(&ports, name))
}

/// The database's disk is full in the middle of a run, and has space again some time later.
fn disk_full(
    stage: &mut TrialContext,
    disk: &SmallDisk,
    create: &dyn Fn(&str) -> Result<Database>,
) -> Result<String> {
    let play = Workload::new(stage, &create("reference")?)?;
    let database = create("full")?;
    let services = stage.start(1, &database, play.dir())?;
    let (mut times, mut noted) = (0, 0);
    let performance = TrialRun { play: &play, database: &database, services };
    performance.run(stage, &mut |_, services| {
        if times >= 2 {
            return Ok(());
        }
        times += 1;
        let ballast = disk.fill()?;
        // Until an attempt has failed for it, or nothing has moved for a while.
        let told = "SELECT COUNT(*) FROM sync_attempts WHERE error_type IN ('system', 'database')";
        for _ in 0..20 {
            thread::sleep(Duration::from_secs(1));
            if database.query(told).is_ok_and(|count| count.trim() != "0") {
                noted += 1;
                break;
            }
        }
        services[0].request("GET", "/healthz", "").context("with a full disk")?;
        fs::remove_file(ballast)?;
        wait_until(PATIENCE, "the service cannot resume", || {
            services[0].request("POST", "/v1/sync/resume", "").map(|_| true)
        })?;
        let (before, _) = progress(&database)?;
        wait_until(PATIENCE, "nothing moves although there is space again", || {
            let (pages, open) = progress(&database)?;
            Ok(pages > before || open == 0)
        })
    })?;
    Ok(format!("full {times} times, an attempt failed for it {noted} times"))
}

/// A file system of its own, of some MiB.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(mebibytes: u32) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let size = format!("size={mebibytes}m");
        let status =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).status()?;
        if !status.success() {
            bail!("a tmpfs cannot be mounted ({status}): this needs root");
        }
        Ok(Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Takes all the space that is left. The file to be removed.
    fn fill(&self) -> Result<PathBuf> {
        let path = self.path().join("ballast");
        let mut file = File::create(&path)?;
        let zeros = vec![0; 64 << 10];
        while file.write_all(&zeros).is_ok() {}
        Ok(path)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        if let Err(error) = Command::new("umount").arg("--lazy").arg(self.path()).status() {
            eprintln!("{} stays mounted: {error}", self.path().display());
        }
    }
}
