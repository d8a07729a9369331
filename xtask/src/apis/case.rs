//! A way to ask a server for its songs, and what must come of it: the same rows at once, after a kill in mid-run, and
//! again.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::songs::{SONGS, artist};
use xtask::database::Database;
use xtask::tools::{quietly, workspace_root};

/// How long a run may take to store its first page.
const PAGE_TIMEOUT: Duration = Duration::from_secs(20);

/// What `catchment sync` is called with.
pub(super) struct Case<'a> {
    pub(super) name: &'a str,
    pub(super) url: String,
    /// JSON.
    pub(super) options: &'a str,
}

/// Checks the cases of one server, in order.
pub(super) fn check_all<'a>(cases: impl IntoIterator<Item = Case<'a>>) -> Result<()> {
    cases.into_iter().try_for_each(|case| case.check(&[]))
}

impl Case<'_> {
    /// A first run that is killed after its first page where it has several, the same again to its end, and once more.
    /// `env` are further variables of its environment.
    pub(super) fn check(&self, env: &[(&str, &str)]) -> Result<()> {
        let checked = self.try_check(env).with_context(|| format!("{} ({})", self.name, self.url))?;
        println!("{}: {checked}", self.name);
        Ok(())
    }

    fn try_check(&self, env: &[(&str, &str)]) -> Result<&'static str> {
        let dir = tempfile::tempdir()?;
        let database = Database::Sqlite(dir.path().join("catchment.db"));
        fs::write(dir.path().join("options.json"), self.options)?;
        let command = || self.command(dir.path(), &database, env);
        let was_killed = kill_after_a_page(command().stdout(Stdio::null()).stderr(Stdio::null()), &database)?;
        if was_killed {
            quietly(&mut command())?;
        }
        let expected: String = (1..=SONGS).map(|n| format!("{n}|Song {n}|{}\n", artist(n))).collect();
        let rows =
            "SELECT external_id, title, artist FROM content_index ORDER BY CAST(external_id AS INTEGER)";
        ensure!(database.query(rows)? == expected, "the rows are not those of the server");
        quietly(&mut command())?;
        let counts = "SELECT count(*), count(DISTINCT last_sync_run_id), (SELECT status || items_processed FROM sync_runs \
                      ORDER BY id DESC LIMIT 1), (SELECT count(*) FROM sync_errors) FROM content_index";
        let counts = database.query(counts)?;
        // A server that says that its one answer has not changed (304) is not read again.
        let is_right = [SONGS, 0].iter().any(|read| counts.trim() == format!("{SONGS}|1|completed{read}|0"));
        ensure!(is_right, "read again it is {counts}");
        Ok(if was_killed { "right after a kill, and read again" } else { "right, and read again" })
    }

    fn command(&self, dir: &Path, database: &Database, env: &[(&str, &str)]) -> Command {
        let mut command = Command::new(workspace_root().join("target/debug/catchment"));
        command
            .args(["sync", &self.url, "--options", "options.json", "--content-type", "music", "--json"])
            .args(["--allow-network", "127.0.0.0/8"])
            .current_dir(dir)
            .env("DATABASE_URL", database.url())
            .envs(env.iter().copied())
            .stdin(Stdio::null());
        command
    }
}

/// Whether the process was killed between its first page and its end. One that is faster has done its work.
fn kill_after_a_page(command: &mut Command, database: &Database) -> Result<bool> {
    let mut process = command.spawn()?;
    let began = Instant::now();
    loop {
        if let Some(status) = process.try_wait()? {
            ensure!(status.success(), "catchment sync ended with {status}");
            return Ok(false);
        }
        let pages =
            database.query("SELECT page_no FROM sync_runs WHERE status = 'in_progress'").unwrap_or_default();
        if pages.trim().parse::<u64>().is_ok_and(|pages| pages > 0) {
            process.kill()?;
            process.wait()?;
            return Ok(true);
        }
        ensure!(began.elapsed() < PAGE_TIMEOUT, "no page for {} s", PAGE_TIMEOUT.as_secs());
        thread::sleep(Duration::from_millis(2));
    }
}
