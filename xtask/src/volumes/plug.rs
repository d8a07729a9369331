//! A volume that is plugged in: its image on a loop device, mounted; and each way in which it leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use xtask::tools::quietly;

use super::image::{Image, program_of};
use super::trial::wait_until;

/// How long a device may take until nobody has it open any more.
const RELEASE_LIMIT: Duration = Duration::from_secs(60);

/// A volume that is plugged in. Dropped, it is unplugged, whatever state it is in.
#[derive(Debug)]
pub(super) struct Plug {
    /// Its loop device.
    pub(super) device: String,
    /// Where it is mounted.
    pub(super) point: PathBuf,
    is_attached: bool,
    is_mounted: bool,
}

impl Image {
    /// Plugs it in, and mounts it at a folder.
    pub(super) fn plug(&self, point: &Path) -> Result<Plug> {
        fs::create_dir_all(point)?;
        let mut losetup = Command::new(program_of("losetup", "mount")?);
        let output = losetup.args(["--find", "--show"]).arg(&self.path).output()?;
        let device = String::from_utf8(output.stdout)?.trim().to_owned();
        ensure!(!device.is_empty(), "no loop device: {}", String::from_utf8_lossy(&output.stderr).trim());
        let mut plug = Plug { device, point: point.to_owned(), is_attached: true, is_mounted: false };
        quietly(self.file_system.mount()?.arg(&plug.device).arg(point))?;
        plug.is_mounted = true;
        Ok(plug)
    }

    /// Waits until nobody has a device open any more that this was plugged in as.
    pub(super) fn wait_until_released(&self) -> Result<()> {
        let is_released = || {
            let output = Command::new("losetup").arg("--associated").arg(&self.path).output()?;
            Ok(output.stdout.is_empty())
        };
        wait_until(RELEASE_LIMIT, "its loop device is free", is_released)
    }
}

impl Plug {
    /// Unmounts it and unplugs it, as one should.
    pub(super) fn unplug(mut self) -> Result<()> {
        quietly(Command::new("umount").arg(&self.point))?;
        self.is_mounted = false;
        self.detach()
    }

    /// Takes the mount away while files of it are open. The device leaves when they are closed.
    pub(super) fn unmount_lazily(mut self) -> Result<()> {
        quietly(Command::new("umount").arg("--lazy").arg(&self.point))?;
        self.is_mounted = false;
        self.detach()
    }

    fn detach(&mut self) -> Result<()> {
        quietly(Command::new("losetup").arg("--detach").arg(&self.device))?;
        self.is_attached = false;
        Ok(())
    }

    /// Kills the FUSE daemon that reads it. The mount stays, and answers nothing.
    pub(super) fn kill_daemon(&self) -> Result<()> {
        let daemon = self.daemon()?.with_context(|| format!("no daemon reads {}", self.device))?;
        Ok(kill_process(daemon, Signal::KILL)?)
    }

    /// The process that has the device in its command line.
    fn daemon(&self) -> Result<Option<Pid>> {
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let words = fs::read(entry.path().join("cmdline")).unwrap_or_default();
            if words.split(|byte| *byte == 0).any(|word| word == self.device.as_bytes()) {
                return Ok(Pid::from_raw(id));
            }
        }
        Ok(None)
    }
}

impl Drop for Plug {
    fn drop(&mut self) {
        // Where one of them fails there is nothing else to be done.
        if self.is_mounted {
            quietly(Command::new("umount").arg("--lazy").arg(&self.point)).ok();
        }
        if self.is_attached {
            self.detach().ok();
        }
    }
}
