//! Volumes that are pulled out while they are read.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use xtask::tools::quietly;

use super::image::{FileSystem, Image, write_songs};
use super::plug::Plug;
use super::trial::{Running, Trial, wait_until};

/// Songs of a volume, so that a reading takes several pages.
const SONGS: usize = 20_000;
/// How long a reading may take to its first page, or to notice that the volume is gone.
const NOTICE_LIMIT: Duration = Duration::from_secs(120);

/// A volume that was read once, and that a second run is in the middle of.
struct MidScan<'t> {
    trial: &'t Trial,
    image: Image,
    /// A copy of the image as it was before.
    saved: Image,
    identifier: String,
    identities: String,
    running: Running,
}

impl<'t> MidScan<'t> {
    /// Reads a volume once, and begins to read it again.
    fn reach(trial: &'t Trial, file_system: FileSystem) -> Result<(Self, Plug)> {
        let image = trial.image("stick.img", file_system)?;
        let point = trial.path("stick");
        let plug = image.plug(&point)?;
        write_songs(&point.join("Music"), SONGS)?;
        let identifier = trial.sync_first(&image, &point)?;
        trial.expect_rows(SONGS, 0)?;
        // What is in memory would be read of a volume that is gone as well.
        plug.unplug()?;
        let saved = image.copy(trial.path("saved.img"))?;
        let plug = image.plug(&point)?;
        let running = trial.start(&[&identifier])?;
        let reach = Self { trial, identities: trial.identities()?, image, saved, identifier, running };
        let has_begun =
            || Ok(trial.count("SELECT COUNT(*) FROM sync_runs WHERE id = 2 AND page_no > 0")? > 0);
        wait_until(NOTICE_LIMIT, "a page is written", has_begun)?;
        Ok((reach, plug))
    }

    /// Waits for the end of the attempt: how it ended. It left no row behind that is not as it was.
    fn attempt(&self) -> Result<String> {
        let (trial, began) = (self.trial, Instant::now());
        let ended = "SELECT COUNT(*) FROM sync_attempts WHERE sync_run_id = 2 AND ended_at IS NOT NULL";
        wait_until(NOTICE_LIMIT, "the attempt ended", || Ok(trial.count(ended)? > 0))?;
        let took = began.elapsed().as_secs_f32();
        self.expect_same_rows()?;
        let attempt = trial.query(
            "SELECT COALESCE(a.error_code, 'no error') || ' after ' || a.pages_after || ' pages and '
             || r.items_processed || ' records, run ' || r.status
             FROM sync_attempts a JOIN sync_runs r ON r.id = a.sync_run_id WHERE r.id = 2 ORDER BY a.id LIMIT 1",
        )?;
        Ok(format!("{attempt}, {took:.1} s after the yank"))
    }

    /// Waits until the run has noticed, and waits for its volume.
    fn notice(&self) -> Result<String> {
        let attempt = self.attempt()?;
        let waits = attempt.starts_with("volume_away") && attempt.contains("run pending");
        ensure!(waits, "the run does not wait for its volume: {attempt}");
        Ok(attempt)
    }

    fn expect_same_rows(&self) -> Result<()> {
        self.trial.expect_rows(SONGS, 0)?;
        ensure!(self.trial.identities()? == self.identities, "the rows are not the same ones");
        Ok(())
    }

    /// Waits for the end of the run after the volume came back.
    fn finish(&mut self) -> Result<String> {
        let began = Instant::now();
        let answer = self.running.wait()?;
        ensure!(answer.code == 0, "the run ended with {}: {}", answer.code, answer.said);
        self.expect_same_rows()?;
        let run = self.trial.query(
            "SELECT r.id || ' resumed after ' || a.pages_before || ' pages and ' || r.status
             FROM sync_attempts a JOIN sync_runs r ON r.id = a.sync_run_id ORDER BY a.id DESC LIMIT 1",
        )?;
        ensure!(run.starts_with("2 ") && run.ends_with("completed"), "another run took its place: run {run}");
        ensure!(!run.contains("after 0 pages"), "the run began anew: run {run}");
        let took = began.elapsed().as_secs_f32();
        Ok(format!("run {run} {took:.0} s after the volume came back, {SONGS} rows, none marked"))
    }
}

/// The FUSE daemon is killed, and another one started.
pub(super) fn kill_daemon(trial: &Trial, file_system: FileSystem) -> Result<String> {
    let (mut scan, plug) = MidScan::reach(trial, file_system)?;
    plug.kill_daemon()?;
    let noticed = scan.notice()?;
    let point = plug.point.clone();
    drop(plug);
    let _plug = scan.image.plug(&point)?;
    Ok(format!("{noticed}; {}", scan.finish()?))
}

/// The image ends, and comes back as it was. The device stays, so that a run may also take it for one that is damaged.
pub(super) fn truncate(trial: &Trial, file_system: FileSystem) -> Result<String> {
    let (mut scan, plug) = MidScan::reach(trial, file_system)?;
    scan.image.truncate(0)?;
    let attempt = scan.attempt()?;
    let is_over = !attempt.contains("run pending");
    let rejects = trial.count("SELECT COUNT(*) FROM sync_errors WHERE error_code = 'unreadable_folder'")?;
    if is_over {
        let code = scan.running.wait()?.code;
        ensure!(code == 3 && rejects > 0, "the run ended with {code} and {rejects} rejects: {attempt}");
    }
    let point = plug.point.clone();
    drop(plug);
    scan.image.wait_until_released()?;
    let _plug = scan.saved.plug(&point)?;
    if !is_over {
        return Ok(format!("{attempt}; {}", scan.finish()?));
    }
    trial.sync_with(&[&scan.identifier], 0)?;
    scan.expect_same_rows()?;
    Ok(format!(
        "{attempt}, truncated, {rejects} folders rejected; the next run found all {SONGS} rows, none marked"
    ))
}

/// The mount is taken away while files of it are open, and comes back.
pub(super) fn unmount_lazily(trial: &Trial, file_system: FileSystem) -> Result<String> {
    let (mut scan, plug) = MidScan::reach(trial, file_system)?;
    let point = plug.point.clone();
    plug.unmount_lazily()?;
    let noticed = scan.notice()?;
    scan.image.wait_until_released()?;
    let _plug = scan.image.plug(&point)?;
    Ok(format!("{noticed}; {}", scan.finish()?))
}

/// It comes back as another device, at another path.
pub(super) fn replug_elsewhere(trial: &Trial, file_system: FileSystem) -> Result<String> {
    let (mut scan, plug) = MidScan::reach(trial, file_system)?;
    let device = plug.device.clone();
    plug.unmount_lazily()?;
    let noticed = scan.notice()?;
    scan.image.wait_until_released()?;
    let _other = Occupied::occupy(&device, &trial.path("other.img"))?;
    let plug = scan.image.plug(&trial.path("elsewhere"))?;
    ensure!(plug.device != device, "it came back as the same device, {device}");
    let (came, identifier) = (format!("{device}, then {}", plug.device), scan.identifier.clone());
    let finished = scan.finish()?;
    let sources = trial.query("SELECT DISTINCT source_identifier FROM content_index")?;
    ensure!(sources == identifier, "the rows are of {sources}");
    Ok(format!("{came}; {noticed}; {finished}"))
}

/// A loop device that somebody else has.
struct Occupied(String);

impl Occupied {
    fn occupy(device: &str, file: &Path) -> Result<Self> {
        std::fs::File::create(file)?.set_len(1 << 20)?;
        quietly(Command::new("losetup").arg(device).arg(file))?;
        Ok(Self(device.to_owned()))
    }
}

impl Drop for Occupied {
    fn drop(&mut self) {
        quietly(Command::new("losetup").arg("--detach").arg(&self.0)).ok();
    }
}
