//! The process of a server that others wrote.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long a server may take to open its port.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A server on loopback, killed when it is dropped.
pub(super) struct Peer {
    process: Child,
    pub(super) port: u16,
}

impl Drop for Peer {
    fn drop(&mut self) {
        if self.process.kill().is_ok() {
            self.process.wait().ok();
        }
    }
}

impl Peer {
    /// Starts a command, and waits until it has opened this port.
    pub(super) fn start(port: u16, command: &mut Command) -> Result<Self> {
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut peer = Self { process: process.with_context(|| format!("starting {command:?}"))?, port };
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = peer.process.try_wait()? {
                bail!("{command:?} ended with {status}");
            }
            ensure!(began.elapsed() < START_TIMEOUT, "{command:?} has not opened its port");
            thread::sleep(Duration::from_millis(20));
        }
        Ok(peer)
    }

    /// The URL of a path.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}
