//! What a trial has: a folder, a database, and the binary that works on both.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use xtask::database::Database;
use xtask::process::Service;
use xtask::tools::{cargo, workspace_root};

use super::image::{FileSystem, Image};

/// How long a command may take: one that waits for a volume looks again after 10 and after 30 seconds.
const COMMAND_LIMIT: Duration = Duration::from_secs(300);
/// How often something is looked for.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The binary: that of `CATCHMENT_BIN`, or one that is built now.
pub(super) fn find_binary() -> Result<PathBuf> {
    if let Some(binary) = env::var_os("CATCHMENT_BIN") {
        return Ok(binary.into());
    }
    cargo(&["build", "--quiet", "--package", "catchment-cli"]).run()?;
    Ok(workspace_root().join("target/debug/catchment"))
}

/// One trial under way.
pub(super) struct Trial {
    binary: PathBuf,
    dir: TempDir,
    pub(super) database: Database,
}

/// How a command ended.
pub(super) struct Answer {
    pub(super) code: i32,
    /// Its stdout and stderr.
    pub(super) said: String,
}

impl Trial {
    pub(super) fn new(binary: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("catchment-volumes-").tempdir()?;
        let database = Database::Sqlite(dir.path().join("catchment.db"));
        Ok(Self { binary: binary.to_owned(), dir, database })
    }

    /// A path in its folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The label of its volumes, which no volume that was there before has.
    pub(super) fn label(&self) -> String {
        format!("TRY{}", std::process::id())
    }

    /// Makes an empty volume.
    pub(super) fn image(&self, name: &str, file_system: FileSystem) -> Result<Image> {
        Image::create(self.path(name), file_system, &self.label())
    }

    /// Starts a sync, with its output in a file.
    pub(super) fn start(&self, args: &[&str]) -> Result<Running> {
        let output = tempfile::Builder::new().prefix("output-").tempfile_in(self.dir.path())?;
        let (file, path) = output.keep()?;
        let mut command = Command::new(&self.binary);
        command
            .arg("sync")
            .args(args)
            .args(["--type", "usb", "--json"])
            .current_dir(self.dir.path())
            .env("DATABASE_URL", self.database.url())
            .stdin(Stdio::null())
            .stderr(file.try_clone()?)
            .stdout(file);
        Ok(Running { process: command.spawn().context("starting catchment")?, output: path })
    }

    /// Syncs to the end.
    pub(super) fn sync(&self, args: &[&str]) -> Result<Answer> {
        self.start(args)?.wait()
    }

    /// Starts a service that may read one volume.
    pub(super) fn serve(&self, identifier: &str, more: &[&str]) -> Result<Service> {
        let volume = format!("--volume={identifier}");
        let flags = [&[volume.as_str()][..], more].concat();
        Service::start_with(&self.binary, &self.database, self.dir.path(), &flags)
    }

    /// Syncs, and holds it to its exit code.
    pub(super) fn sync_with(&self, args: &[&str], code: i32) -> Result<Answer> {
        let answer = self.sync(args)?;
        ensure!(answer.code == code, "`sync {}` ended with {}: {}", args.join(" "), answer.code, answer.said);
        Ok(answer)
    }

    /// Reads a volume for the first time, by its path. Its identifier, which must be that of the image.
    pub(super) fn sync_first(&self, image: &Image, point: &Path) -> Result<String> {
        let point = point.to_string_lossy();
        self.sync_with(&[&point], 0)?;
        let stored = self.query("SELECT source_identifier FROM sync_runs ORDER BY id DESC LIMIT 1")?;
        let expected = format!("volume:{}", image.uuid()?);
        ensure!(stored == expected, "the volume is called `{stored}`, and is `{expected}`");
        Ok(stored)
    }

    /// The answer of the database, without its last line end.
    pub(super) fn query(&self, sql: &str) -> Result<String> {
        Ok(self.database.query(sql)?.trim_end().to_owned())
    }

    /// A number out of the database.
    pub(super) fn count(&self, sql: &str) -> Result<u64> {
        let answer = self.query(sql)?;
        answer.parse().with_context(|| format!("`{sql}` gave `{answer}`"))
    }

    /// Holds all rows to what there should be: how many are available, and how many are marked as gone.
    pub(super) fn expect_rows(&self, available: usize, gone: usize) -> Result<()> {
        let found = self.query(
            "SELECT (SELECT COUNT(*) FROM content_index WHERE is_available = 1) || ' rows, and '
             || (SELECT COUNT(*) FROM content_index WHERE is_available = 0) || ' marked as gone'",
        )?;
        let expected = format!("{available} rows, and {gone} marked as gone");
        ensure!(found == expected, "there are {found}, where there should be {expected}");
        Ok(())
    }

    /// What tells that rows are the same ones.
    pub(super) fn identities(&self) -> Result<String> {
        self.query("SELECT id, source_identifier, external_id FROM content_index ORDER BY id")
    }
}

/// A sync under way. Dropped, it is killed.
pub(super) struct Running {
    pub(super) process: Child,
    output: PathBuf,
}

impl Running {
    /// Waits for its end.
    pub(super) fn wait(&mut self) -> Result<Answer> {
        let mut code = None;
        wait_until(COMMAND_LIMIT, "the sync ends", || {
            code = self.process.try_wait()?;
            Ok(code.is_some())
        })
        .with_context(|| self.said())?;
        let code = code.and_then(|status| status.code()).context("the sync was killed")?;
        Ok(Answer { code, said: self.said() })
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.output).unwrap_or_default().trim().to_owned()
    }

    /// The most memory that it has had so far, in MiB.
    pub(super) fn peak_mib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? / 1024)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.process.kill().is_ok() {
            self.process.wait().ok();
        }
    }
}

/// Looks for something until it is there.
pub(super) fn wait_until(
    limit: Duration,
    what: &str,
    mut is_there: impl FnMut() -> Result<bool>,
) -> Result<()> {
    let began = Instant::now();
    while !is_there()? {
        if began.elapsed() > limit {
            bail!("after {} s it is not so yet that {what}", limit.as_secs());
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(())
}
