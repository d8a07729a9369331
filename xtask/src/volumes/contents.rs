//! What changes on a volume between runs: mounts in it, files that move, folders that break, and very many files.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use xtask::tools::quietly;

use super::image::{FileSystem, tagged_song, write_songs};
use super::trial::{Trial, wait_until};

/// Files of the large volume.
const MANY: usize = 100_000;
/// How much memory a reading of it may take.
const MAX_MIB: u64 = 400;

/// Another file system, mounted on a folder of the volume.
pub(super) fn nested_mount(trial: &Trial) -> Result<String> {
    let (image, inner) =
        (trial.image("stick.img", FileSystem::Ext4)?, trial.image("inner.img", FileSystem::Ext4)?);
    let plug = image.plug(&trial.path("stick"))?;
    write_songs(&plug.point.join("A"), 30)?;
    write_songs(&plug.point.join("B"), 30)?;
    let identifier = trial.sync_first(&image, &plug.point)?;
    let nested = inner.plug(&plug.point.join("B"))?;
    write_songs(&nested.point, 20)?;
    fs::remove_file(plug.point.join("A/Album 0000/00 Artist - Song 0.mp3"))?;
    trial.sync_with(&[&identifier], 3)?;
    trial.expect_rows(60, 0)?;
    let said = trial.query("SELECT reason || ': ' || COALESCE(item_identifier, '') FROM sync_skips")?;
    ensure!(said.starts_with("mounted_over: B: "), "the run says `{said}`");
    let warning =
        "SELECT COUNT(*) FROM sync_runs WHERE sync_metadata LIKE '%so that nothing is marked as gone%'";
    ensure!(trial.count(warning)? == 1, "the run does not tell that it could not judge");
    nested.unplug()?;
    trial.sync_with(&[&identifier], 0)?;
    trial.expect_rows(59, 1)?;
    Ok(format!("not entered and not judged (`{said}`), 60 rows kept; without it the one that left is marked"))
}

/// Files that are renamed, moved, deleted and added.
pub(super) fn moved_files(trial: &Trial, file_system: FileSystem) -> Result<String> {
    let image = trial.image("stick.img", file_system)?;
    let plug = image.plug(&trial.path("stick"))?;
    let (from, to) = (plug.point.join("Album 0000"), plug.point.join("Album 0001"));
    write_songs(&plug.point, 130)?;
    let identifier = trial.sync_first(&image, &plug.point)?;
    fs::rename(from.join("00 Artist - Song 0.mp3"), from.join("00 Artist - Renamed.mp3"))?;
    fs::rename(from.join("01 Artist - Song 1.mp3"), to.join("01 Artist - Song 1.mp3"))?;
    fs::remove_file(from.join("02 Artist - Song 2.mp3"))?;
    plug.unplug()?;
    let plug = image.plug(&trial.path("stick"))?;
    trial.sync_with(&[&identifier], 0)?;
    let gone =
        trial.query("SELECT external_id FROM content_index WHERE is_available = 0 ORDER BY external_id")?;
    let expected = ["0 Artist - Song 0.mp3", "1 Artist - Song 1.mp3", "2 Artist - Song 2.mp3"];
    ensure!(
        gone == expected.map(|name| format!("Album 0000/0{name}")).join("\n"),
        "marked as gone are\n{gone}"
    );
    let new = "SELECT external_id FROM content_index WHERE id > 130 ORDER BY external_id";
    let new = trial.query(new)?;
    let expected = "Album 0000/00 Artist - Renamed.mp3\nAlbum 0001/01 Artist - Song 1.mp3";
    ensure!(new == expected, "new are\n{new}");
    trial.expect_rows(129, 3)?;
    write_songs(&plug.point, 1)?;
    trial.sync_with(&[&identifier], 0)?;
    trial.expect_rows(130, 2)?;
    ensure!(
        trial.count("SELECT is_available FROM content_index WHERE id = 1")? == 1,
        "its row is another one"
    );
    refilled(trial, &plug.point, &identifier)?;
    Ok("3 gone and 2 new of 130; what came back has its row again; of a refilled one nothing is marked"
        .to_owned())
}

/// More than half of what was there left at once.
fn refilled(trial: &Trial, point: &Path, identifier: &str) -> Result<()> {
    fs::remove_dir_all(point.join("Album 0000"))?;
    trial.sync(&[identifier])?;
    trial.expect_rows(130, 2)?;
    let held = "SELECT COUNT(*) FROM sync_runs WHERE sync_metadata LIKE '%goneHeld%'";
    ensure!(trial.count(held)? == 1, "the run does not tell what it held");
    Ok(())
}

/// A folder whose names on the disk are overwritten.
pub(super) fn damaged_folder(trial: &Trial, file_system: FileSystem) -> Result<String> {
    let image = trial.image("stick.img", file_system)?;
    let plug = image.plug(&trial.path("stick"))?;
    write_songs(&plug.point.join("A"), 30)?;
    write_songs(&plug.point.join("B"), 30)?;
    let identifier = trial.sync_first(&image, &plug.point)?;
    plug.unplug()?;
    image.damage("/B/Album 0000")?;
    let _plug = image.plug(&trial.path("stick"))?;
    let answer = trial.sync(&[&identifier])?;
    trial.expect_rows(60, 0)?;
    ensure!(answer.code == 3, "the run ended with {}: {}", answer.code, answer.said);
    let rejects = trial.query("SELECT item_identifier || ': ' || error_message FROM sync_errors")?;
    // Without checksums the system skips what is damaged, and counts it.
    let told = if file_system == FileSystem::PlainExt4 {
        answer.said.contains("fsck")
    } else {
        rejects.starts_with("B/Album 0000: ")
    };
    ensure!(
        told && rejects.lines().count() <= 1,
        "rejects are `{rejects}`, and the run says: {}",
        answer.said
    );
    let read = trial.count("SELECT items_processed FROM sync_runs ORDER BY id DESC LIMIT 1")?;
    ensure!(read == 30, "{read} rows were read beside it");
    Ok(format!("{read} of 60 rows read, none marked; {rejects}"))
}

/// A song that was read before, and is on a part of the device now that does not answer.
pub(super) fn damaged_song(trial: &Trial) -> Result<String> {
    let image = trial.image("stick.img", FileSystem::Ext4)?;
    let plug = image.plug(&trial.path("stick"))?;
    write_songs(&plug.point, 30)?;
    fs::write(plug.point.join("Album 0000/99.mp3"), tagged_song())?;
    let identifier = trial.sync_first(&image, &plug.point)?;
    let row = "SELECT COALESCE(artist, 'nobody') FROM content_index WHERE external_id = 'Album 0000/99.mp3'";
    ensure!(trial.query(row)? == "The Artist", "its tag was not read");
    plug.unplug()?;
    let end = image.last_block("/Album 0000/99.mp3")?;
    let _plug = image.plug(&trial.path("stick"))?;
    image.truncate(end)?;
    let answer = trial.sync(&[&identifier])?;
    trial.expect_rows(31, 0)?;
    let told = "SELECT metadata FROM content_index WHERE external_id = 'Album 0000/99.mp3'";
    let (artist, told) = (trial.query(row)?, trial.query(told)?);
    ensure!(
        artist == "The Artist",
        "what was known of it is overwritten (artist: {artist}) by a run that ended with {}: {told}",
        answer.code
    );
    Ok(format!("its row is as it was, and the run ended with {}", answer.code))
}

/// Very many files: how long they take, and how much memory.
pub(super) fn large_volume(trial: &Trial) -> Result<String> {
    let image = trial.image("stick.img", FileSystem::Ext4)?;
    let plug = image.plug(&trial.path("stick"))?;
    write_songs(&plug.point, MANY)?;
    plug.unplug()?;
    let plug = image.plug(&trial.path("stick"))?;
    let first = measure(trial, &plug.point)?;
    trial.expect_rows(MANY, 0)?;
    quietly(Command::new("sync").arg("--file-system").arg(&plug.point))?;
    let second = measure(trial, &plug.point)?;
    trial.expect_rows(MANY, 0)?;
    let unchanged =
        "SELECT COUNT(*) FROM sync_runs WHERE id = 2 AND sync_metadata LIKE '%\"unchanged\":100000,%'";
    ensure!(trial.count(unchanged)? == 1, "not all are unchanged");
    Ok(format!("{MANY} rows, {first}; again, all of them unchanged, {second}"))
}

/// Syncs, with an eye on the process.
fn measure(trial: &Trial, point: &Path) -> Result<String> {
    let began = Instant::now();
    let mut running = trial.start(&[&point.to_string_lossy()])?;
    let mut peak_mib = 0;
    wait_until(std::time::Duration::from_secs(900), "the large volume is read", || {
        peak_mib = running.peak_mib().unwrap_or(peak_mib);
        Ok(running.process.try_wait()?.is_some())
    })?;
    let seconds = began.elapsed().as_secs_f32();
    let answer = running.wait()?;
    ensure!(answer.code == 0, "the run ended with {}: {}", answer.code, answer.said);
    ensure!(peak_mib <= MAX_MIB, "it took {peak_mib} MiB");
    Ok(format!("{seconds:.1} s and {peak_mib} MiB"))
}
