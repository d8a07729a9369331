//! A private MariaDB on a temporary data directory and a free port, gone when it is dropped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

/// How long the server may take to answer.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const USER: &str = "catchment";
const PASSWORD: &str = "only-for-tests";

pub(crate) struct MariaDb {
    server: Child,
    port: u16,
    _dir: TempDir,
}

impl MariaDb {
    /// Starts it, and installs it first where it is missing and may be.
    pub(crate) fn start() -> Result<Self> {
        let mariadbd = find("mariadbd").map_or_else(install, Ok)?;
        let dir = TempDir::with_prefix("catchment-mariadb-")?;
        let data = dir.path().join("data");
        make_data_directory(&data)?;
        let init = dir.path().join("init.sql");
        let grant = format!(
            "CREATE USER {USER}@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION; \
             CREATE DATABASE try;"
        );
        fs::write(&init, grant.replace("; ", ";\n"))?;
        // The listener is closed before the server opens the port: somebody else could take it in between, and
        // then the server ends and says so.
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let log = dir.path().join("log");
        let server = Command::new(mariadbd)
            .arg("--no-defaults")
            .args(as_root())
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", dir.path().join("socket").display()))
            .arg(format!("--pid-file={}", dir.path().join("pid").display()))
            .arg(format!("--init-file={}", init.display()))
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=500"])
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?)
            .spawn()
            .context("starting mariadbd")?;
        let mut mariadb = Self { server, port, _dir: dir };
        mariadb.wait(&log)?;
        Ok(mariadb)
    }

    /// Where it is, without the name of a database.
    pub(crate) fn url(&self) -> String {
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{}", self.port)
    }

    fn wait(&mut self, log: &Path) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.server.try_wait()? {
                bail!("mariadbd ended with {status}:\n{}", fs::read_to_string(log).unwrap_or_default());
            }
            if began.elapsed() > START_TIMEOUT {
                bail!("mariadbd has not answered for {} s", START_TIMEOUT.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        // Its data goes with it, so that it need not end in order.
        if self.server.kill().is_ok() {
            self.server.wait().ok();
        }
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let dirs =
        std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    dirs.map(|dir| dir.join(program)).find(|file| file.is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// The server refuses to run as root unless it is told so.
fn as_root() -> Option<&'static str> {
    is_root().then_some("--user=root")
}

fn install() -> Result<PathBuf> {
    if !is_root() || find("apt-get").is_none() {
        bail!(
            "mariadbd is missing: install it (Debian: `apt-get install mariadb-server`) and run this again"
        );
    }
    eprintln!("installing mariadb-server …");
    for args in
        [&["update", "-qq"][..], &["install", "-y", "-qq", "--no-install-recommends", "mariadb-server"]]
    {
        let status = Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("apt-get {} failed: {status}; install mariadb-server by hand", args.join(" "));
        }
    }
    find("mariadbd").context("mariadb-server is installed, but there is no mariadbd")
}

fn make_data_directory(data: &Path) -> Result<()> {
    let installer = find("mariadb-install-db").context("mariadb-install-db is missing beside mariadbd")?;
    let output = Command::new(installer)
        .arg("--no-defaults")
        .args(as_root())
        .arg(format!("--datadir={}", data.display()))
        .args(["--skip-test-db", "--auth-root-authentication-method=normal"])
        .output()?;
    if !output.status.success() {
        bail!("mariadb-install-db failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
