//! Which volume is meant: equal labels, equal ids, and mount points that nothing is mounted at.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::image::{FileSystem, write_songs};
use super::trial::{Answer, Trial, wait_until};

/// How long a run in the queue may take until it looks for its volume again.
const WAIT_LIMIT: Duration = Duration::from_secs(120);

/// Two volumes of one label, each of which has songs that the other one has as well.
pub(super) fn equal_labels(trial: &Trial) -> Result<String> {
    let (one, other) =
        (trial.image("one.img", FileSystem::Ext4)?, trial.image("other.img", FileSystem::Ext4)?);
    let plugs = (one.plug(&trial.path("one"))?, other.plug(&trial.path("other"))?);
    write_songs(&plugs.0.point, 40)?;
    write_songs(&plugs.1.point, 30)?;
    let label = format!("label:{}", trial.label());
    let refused = trial.sync_with(&[&label], 2)?;
    expect_all(&refused, &["\"ambiguous_label\"", &one.uuid()?, &other.uuid()?])?;
    trial.sync_first(&one, &plugs.0.point)?;
    let identifier = trial.sync_first(&other, &plugs.1.point)?;
    trial.expect_rows(70, 0)?;
    fs::remove_dir_all(plugs.1.point.join("Album 0000"))?;
    write_songs(&plugs.1.point, 29)?;
    trial.sync_with(&[&identifier], 0)?;
    trial.expect_rows(69, 1)?;
    drop(plugs.1);
    trial.sync_with(&[&label], 0)?;
    trial.expect_rows(69, 1)?;
    Ok("refused, and both named; each by its id: 40 and 30 rows, what left one is marked there alone"
        .to_owned())
}

/// A copy of a volume, plugged in at the same time.
pub(super) fn equal_ids(trial: &Trial) -> Result<String> {
    let image = trial.image("stick.img", FileSystem::Ext4)?;
    let plug = image.plug(&trial.path("stick"))?;
    write_songs(&plug.point, 40)?;
    let identifier = trial.sync_first(&image, &plug.point)?;
    plug.unplug()?;
    let copy = image.copy(trial.path("copy.img"))?;
    let plugs = (image.plug(&trial.path("stick"))?, copy.plug(&trial.path("copy"))?);
    write_songs(&plugs.1.point, 50)?;
    for source in [identifier.as_str(), &plugs.0.point.to_string_lossy(), &plugs.1.point.to_string_lossy()] {
        let refused = trial.sync_with(&[source], 2)?;
        expect_all(&refused, &["\"ambiguous_volume\"", &plugs.0.device, &plugs.1.device])?;
    }
    ensure!(trial.count("SELECT COUNT(*) FROM sync_runs")? == 1, "a run was made");
    trial.expect_rows(40, 0)?;
    drop(plugs.0);
    trial.sync_with(&[&identifier], 0)?;
    trial.expect_rows(50, 0)?;
    Ok("refused by id and by both paths, and both named; nothing was read until one was unplugged".to_owned())
}

/// A mount point that is an empty folder, or one that holds something else.
pub(super) fn unmounted(trial: &Trial) -> Result<String> {
    let image = trial.image("stick.img", FileSystem::Ext4)?;
    let plug = image.plug(&trial.path("stick"))?;
    let point = plug.point.clone();
    write_songs(&point, 40)?;
    let identifier = trial.sync_first(&image, &point)?;
    plug.unplug()?;
    let by_id = trial.sync(&[&identifier, "--no-wait"])?;
    ensure!(by_id.code != 0, "by its id it is read: {}", by_id.said);
    expect_all(&by_id, &["volume_away"])?;
    trial.expect_rows(40, 0)?;
    let by_path = trial.sync(&[&point.to_string_lossy()])?;
    ensure!(by_path.code != 0, "the empty folder is read as if all were well: {}", by_path.said);
    trial.expect_rows(40, 0)?;
    fs::write(point.join("Stray.mp3"), "not on the volume")?;
    trial.sync(&[&point.to_string_lossy()])?;
    let rows = trial.count(&format!(
        "SELECT COUNT(*) FROM content_index WHERE is_available = 1 AND source_identifier = '{identifier}'"
    ))?;
    ensure!(rows == 40, "the volume has {rows} rows");
    let _plug = image.plug(&point)?;
    trial.sync_with(&[&identifier], 0)?;
    let (by_id, by_path) = (by_id.code, by_path.code);
    Ok(format!(
        "away by its id (exit {by_id}), the empty folder by its path exit {by_path}, none of 40 rows marked"
    ))
}

/// A service that is asked for a volume that comes later.
pub(super) fn waited_for(trial: &Trial) -> Result<String> {
    let image = trial.image("stick.img", FileSystem::Ext4)?;
    let plug = image.plug(&trial.path("stick"))?;
    write_songs(&plug.point, 40)?;
    plug.unplug()?;
    let identifier = format!("volume:{}", image.uuid()?);
    let service = trial.serve(&identifier, &[])?;
    wait_until(WAIT_LIMIT, "the service is ready", || Ok(service.request("GET", "/readyz", "").is_ok()))?;
    let body = format!(r#"{{"sourceType":"usb","sourceIdentifier":"{identifier}","options":{{}}}}"#);
    service.request("POST", "/v1/sync/trigger", &body)?;
    let away = "SELECT COUNT(*) FROM sync_attempts WHERE error_code = 'volume_away' AND ended_at IS NOT NULL";
    wait_until(WAIT_LIMIT, "the run waits for its volume", || Ok(trial.count(away)? > 0))?;
    let _plug = image.plug(&trial.path("later"))?;
    let began = Instant::now();
    let completed = "SELECT COUNT(*) FROM sync_runs WHERE id = 1 AND status = 'completed'";
    wait_until(WAIT_LIMIT, "the run is completed", || Ok(trial.count(completed)? > 0))
        .with_context(|| service.last_words())?;
    trial.expect_rows(40, 0)?;
    let took = began.elapsed().as_secs_f32();
    Ok(format!("the run waited for it, and was completed {took:.0} s after it came: 40 rows"))
}

/// A service that syncs a volume each time that it is plugged in.
pub(super) fn watched(trial: &Trial) -> Result<String> {
    let image = trial.image("stick.img", FileSystem::Ext4)?;
    let plug = image.plug(&trial.path("stick"))?;
    write_songs(&plug.point, 40)?;
    plug.unplug()?;
    let service = trial.serve(&format!("volume:{}", image.uuid()?), &["--watch-volumes"])?;
    wait_until(WAIT_LIMIT, "the service is ready", || Ok(service.request("GET", "/readyz", "").is_ok()))?;
    let mut took = Vec::new();
    for (runs, point) in [(1, "here"), (2, "there")] {
        let plug = image.plug(&trial.path(point))?;
        let began = Instant::now();
        let completed = format!("SELECT COUNT(*) >= {runs} FROM sync_runs WHERE status = 'completed'");
        wait_until(WAIT_LIMIT, "the volume is synced", || Ok(trial.count(&completed)? > 0))
            .with_context(|| service.last_words())?;
        took.push(format!("{:.1} s", began.elapsed().as_secs_f32()));
        plug.unplug()?;
        let away = "SELECT COUNT(*) FROM sync_volumes WHERE is_present = 0";
        wait_until(WAIT_LIMIT, "it is noticed that it left", || Ok(trial.count(away)? > 0))?;
    }
    trial.expect_rows(40, 0)?;
    let runs = trial.count("SELECT COUNT(*) FROM sync_runs")?;
    ensure!(runs == 2, "{runs} runs were made");
    Ok(format!("synced once a plug, done {} after it", took.join(" and ")))
}

fn expect_all(answer: &Answer, parts: &[&str]) -> Result<()> {
    for part in parts {
        ensure!(answer.said.contains(part), "`{part}` is not in what it said: {}", answer.said);
    }
    Ok(())
}
