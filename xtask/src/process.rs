//! `catchment serve` as a process of its own, spoken to over HTTP.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::Signal;

use crate::database::Database;
use crate::mariadb::{free_port, signal_child};

/// How long the port may take to open.
const PORT_TIMEOUT: Duration = Duration::from_secs(2);

/// A service that can be killed and started again.
pub struct Service {
    port: u16,
    log: PathBuf,
    command: Command,
    process: Child,
}

impl Service {
    /// Starts one that may read the files below `dir`, where its log goes too.
    ///
    /// # Errors
    /// Where it ends, or has not opened its port after two seconds.
    pub fn start(program: &Path, database: &Database, dir: &Path) -> Result<Self> {
        Self::start_with(program, database, dir, &[])
    }

    /// The same with more arguments.
    ///
    /// # Errors
    /// As [`Service::start`].
    pub fn start_with(program: &Path, database: &Database, dir: &Path, args: &[&str]) -> Result<Self> {
        let port = free_port()?;
        let log = dir.join(format!("serve-{port}.log"));
        let mut command = Command::new(program);
        command
            .arg("serve")
            .arg(format!("--listen=127.0.0.1:{port}"))
            .arg(format!("--data-dir={}", dir.display()))
            .args(args)
            .current_dir(dir)
            .env("DATABASE_URL", database.url())
            .env_remove("CATCHMENT_API_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let process = command.spawn().context("starting catchment")?;
        let mut service = Self { port, log, command, process };
        service.wait_for_port()?;
        Ok(service)
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends SIGKILL, so that nothing is tidied up, and waits until it is gone.
    ///
    /// # Errors
    /// Where it is gone already.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again. How long its port took to open.
    ///
    /// # Errors
    /// As [`Service::start`].
    pub fn restart(&mut self) -> Result<Duration> {
        self.process = self.command.spawn().context("starting catchment again")?;
        self.wait_for_port()
    }

    /// Sends a signal, such as STOP.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        signal_child(&self.process, signal)
    }

    /// The last lines of its log, over all its lives.
    pub fn last_words(&self) -> String {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = &lines[lines.len().saturating_sub(20)..];
        format!("--- the service on port {}:\n{}", self.port, last.join("\n"))
    }

    /// Sends a request, with a body of JSON or an empty one; the answer's body.
    ///
    /// # Errors
    /// As [`request`].
    pub fn request(&self, method: &str, path: &str, body: &str) -> Result<String> {
        request(self.port, method, path, &[], body)
    }

    fn wait_for_port(&mut self) -> Result<Duration> {
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("catchment serve ended with {status}");
            }
            if began.elapsed() > PORT_TIMEOUT {
                bail!("the port has not opened for {} s", PORT_TIMEOUT.as_secs());
            }
            thread::sleep(Duration::from_millis(2));
        }
        Ok(began.elapsed())
    }
}

/// Sends a request to a server on loopback; the body of its answer.
///
/// # Errors
/// With status and body, where the status is not 2xx.
pub fn request(port: u16, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("half an answer")?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{method} {path}: {status} {body}");
    }
    Ok(body.to_owned())
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.process.kill().is_ok() {
            self.process.wait().ok();
        }
    }
}
