//! Catchment as it is measured: its commands on the input, and whether they did what they should. The databases' own
//! loaders are beside them in `mariadb.rs` and `sqlite.rs`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::input::Input;
use super::measure::{Measurement, measure};
use xtask::database::Database;

/// What is measured, on which input.
pub(super) struct Bench {
    pub(super) program: PathBuf,
    pub(super) rows: usize,
    pub(super) rounds: usize,
    pub(super) with_replace: bool,
    pub(super) input: Input,
}

impl Bench {
    /// The program on a database, without output.
    pub(super) fn command(&self, database: &Database) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("DATABASE_URL", database.url())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Makes the tables, for a loader that cannot.
    pub(super) fn migrate(&self, database: &Database) -> Result<()> {
        let mut command = self.command(database);
        command.arg("migrate");
        measure(command).map(|_| ())
    }

    /// Syncs a music catalogue into `content_index`.
    pub(super) fn sync(&self, database: &Database, file: &Path) -> Result<Measurement> {
        self.sync_with(database, file, &[])
    }

    /// The same with further flags.
    pub(super) fn sync_with(&self, database: &Database, file: &Path, flags: &[&str]) -> Result<Measurement> {
        let mut command = self.command(database);
        command.arg("sync").arg(file).args(["--content-type", "music", "--source-name", "bench"]).args(flags);
        measure(command)
    }

    /// Syncs the prices into `catalog_items`.
    pub(super) fn sync_catalog(&self, database: &Database) -> Result<Measurement> {
        let mut command = self.command(database);
        command.arg("sync").arg(&self.input.catalog).args(["--target", "catalog_items"]);
        measure(command)
    }

    /// Syncs a file into a table that is not Catchment's own.
    pub(super) fn sync_own(&self, database: &Database, file: &Path, table: &str) -> Result<Measurement> {
        let mut command = self.command(database);
        command.arg("sync").arg(file).args(["--target", table, "--source-name", "bench"]);
        measure(command)
    }

    /// How many rows of [`Input::changed`] differ.
    pub(super) fn changed(&self) -> usize {
        (0..self.rows).filter(|row| row % 100 == 37).count()
    }

    /// How many rows of [`Input::shrunk`] are not there.
    pub(super) fn gone(&self) -> usize {
        (0..self.rows).filter(|row| row % 10 == 3).count()
    }

    /// Fails where the last run did something else: its figure is worth nothing.
    pub(super) fn expect(&self, database: &Database, count: &str, expected: usize) -> Result<()> {
        let metadata = database.query("SELECT sync_metadata FROM sync_runs ORDER BY id DESC LIMIT 1")?;
        let metadata = metadata.replace([' ', '\\'], "");
        if !metadata.contains(&format!("\"{count}\":{expected},")) {
            bail!("not {expected} rows were {count}: {metadata}");
        }
        Ok(())
    }
}
