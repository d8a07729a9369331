//! How long a command takes, and how much CPU and memory.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

/// How often the memory of a process is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// What a command took.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Measurement {
    pub(super) wall: f64,
    /// User and system time, with that of its threads.
    pub(super) cpu: f64,
    pub(super) peak_mib: f64,
}

/// Runs a command to its end.
pub(super) fn measure(mut command: Command) -> Result<Measurement> {
    let line = format!("{command:?}").chars().take(200).collect::<String>();
    let began = Instant::now();
    let mut process = command.spawn().with_context(|| format!("starting {line}"))?;
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw).context("no process")?;
    let mut peak_mib = 0.0_f64;
    loop {
        // It stays until it is waited for below, and can be asked what it took.
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        if waitid(WaitId::Pid(pid), options)?.is_some() {
            break;
        }
        peak_mib = peak_mib.max(memory(process.id()).unwrap_or_default());
        thread::sleep(LOOK);
    }
    let wall = began.elapsed().as_secs_f64();
    let cpu = cpu(process.id()).unwrap_or_default();
    let status = process.wait()?;
    if !status.success() {
        bail!("{line}: {status}");
    }
    Ok(Measurement { wall, cpu, peak_mib })
}

fn memory(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<f64>().ok()? / 1024.0)
}

/// Fields 14 and 15 of `/proc/PID/stat`, in hundredths of a second.
fn cpu(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: Vec<f64> =
        fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse().ok()).collect();
    Some(ticks.iter().sum::<f64>() / 100.0)
}

/// The middle one of several runs, by wall time.
pub(super) fn median(mut runs: Vec<Measurement>) -> Measurement {
    runs.sort_by(|a, b| a.wall.total_cmp(&b.wall));
    runs.get(runs.len() / 2).copied().unwrap_or_default()
}
