//! The virtual machine: it is told by its monitor to pull the stick out, and tells over its serial console what came of it.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::super::image::program_of;
use super::guest::Guest;

/// How long the guest may say nothing. Without hardware that helps it is slow.
const SILENCE_LIMIT: Duration = Duration::from_secs(300);
/// Lines of the console that are shown where it fails.
const SHOWN_LINES: usize = 30;
/// The device that comes and goes.
const STICK: &str = "usb-storage,id=stick,drive=stick,bus=usb.0";

/// A running machine. Dropped, it is switched off.
pub(super) struct Machine {
    process: Child,
    monitor: UnixStream,
    lines: Receiver<String>,
    /// What its console has shown.
    console: Vec<String>,
}

impl Machine {
    /// Starts a guest with a stick of so many operations in a second.
    pub(super) fn start(dir: &Path, guest: &Guest, image: &Path, operations: u32) -> Result<Self> {
        let socket = dir.join("monitor");
        let mut command = Command::new(program_of("qemu-system-x86_64", "qemu-system-x86")?);
        // Emulated: KVM does not work everywhere where its device is.
        command
            .args(["-accel", "tcg,thread=multi", "-smp", "2", "-m", "1024", "-no-reboot"])
            .args(["-display", "none", "-nodefaults"])
            .args(["-serial", "stdio", "-append", "console=ttyS0 panic=-1 quiet"])
            .arg("-kernel")
            .arg(&guest.kernel)
            .arg("-initrd")
            .arg(&guest.initramfs)
            .args(["-monitor", &format!("unix:{},server=on,wait=off", socket.display())])
            .args(["-object", &format!("throttle-group,id=slow,x-iops-total={operations}")])
            .args(["-blockdev", &format!("driver=file,node-name=file,filename={}", image.display())])
            .args(["-blockdev", "driver=raw,node-name=raw,file=file"])
            .args(["-blockdev", "driver=throttle,node-name=stick,throttle-group=slow,file=raw"])
            .args(["-device", "qemu-xhci,id=usb", "-device", STICK])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut process = command.spawn().context("starting QEMU")?;
        let lines = process.stdout.take().map(read_lines).context("QEMU has no output")?;
        match connect(&socket) {
            Ok(monitor) => Ok(Self { process, monitor, lines, console: Vec::new() }),
            Err(error) => {
                process.kill().ok();
                process.wait().ok();
                Err(error)
            }
        }
    }

    /// Waits for the next thing that the guest tells, which must be this. The words behind it.
    pub(super) fn expect(&mut self, what: &str) -> Result<Vec<String>> {
        loop {
            let Ok(line) = self.lines.recv_timeout(SILENCE_LIMIT) else {
                bail!("the guest does not tell `{what}`; its console:\n{}", self.last_lines());
            };
            self.console.push(line.clone());
            if let Some(told) = line.strip_prefix("TRIAL ") {
                let rest = told.strip_prefix(what);
                let rest = rest.with_context(|| format!("the guest tells `{told}`, and not `{what}`"))?;
                return Ok(rest.split_whitespace().map(str::to_owned).collect());
            }
        }
    }

    /// Pulls the stick out.
    pub(super) fn yank(&mut self) -> Result<()> {
        Ok(writeln!(self.monitor, "device_del stick")?)
    }

    /// Plugs it in again.
    pub(super) fn plug(&mut self) -> Result<()> {
        Ok(writeln!(self.monitor, "device_add {STICK}")?)
    }

    fn last_lines(&self) -> String {
        self.console[self.console.len().saturating_sub(SHOWN_LINES)..].join("\n")
    }
}

/// The lines of a console, as they come.
fn read_lines(console: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(console).split(b'\n').map_while(Result::ok) {
            if sender.send(String::from_utf8_lossy(&line).trim().to_owned()).is_err() {
                break;
            }
        }
    });
    lines
}

fn connect(socket: &Path) -> Result<UnixStream> {
    for _ in 0..500 {
        if let Ok(stream) = UnixStream::connect(socket) {
            return Ok(stream);
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("QEMU opens no monitor")
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }
}
