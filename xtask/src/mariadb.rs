//! Private MariaDB servers on temporary data directories and free ports, gone when they are dropped.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::tools::{find, install, is_root};

/// How long a server may take to answer.
const START_TIMEOUT: Duration = Duration::from_secs(60);
const USER: &str = "catchment";
const PASSWORD: &str = "only-for-tests";

/// A server on a temporary data directory, which goes with it.
pub struct MariaDb {
    server: Server,
    _dir: TempDir,
}

impl MariaDb {
    /// Starts a server; installs MariaDB first where it is missing and we are root.
    ///
    /// # Errors
    /// Where MariaDB is missing, and where it has not opened its port after a minute.
    pub fn start() -> Result<Self> {
        Self::start_in(TempDir::with_prefix("catchment-mariadb-")?, &[])
    }

    /// Starts a server in this directory, with these flags of `mariadbd` as well.
    ///
    /// # Errors
    /// As [`MariaDb::start`].
    pub fn start_in(dir: TempDir, flags: &[&str]) -> Result<Self> {
        let mut args = vec![OsString::from("--no-defaults")];
        args.extend(as_root().map(Into::into));
        args.extend(flags.iter().map(Into::into));
        let data = dir.path().join("data");
        make_data_directory(&data, as_root())?;
        let init = write_init_file(dir.path())?;
        args.push(format!("--init-file={}", init.display()).into());
        let server = Server::start(dir.path(), &data, free_port()?, args)?;
        Ok(Self { server, _dir: dir })
    }

    /// The process, to be broken and mended.
    pub fn server(&mut self) -> &mut Server {
        &mut self.server
    }

    /// The URL of the server, without the name of a database.
    pub fn url(&self) -> String {
        url(&[self.server.port])
    }
}

/// The URL of the servers on these ports, without the name of a database.
pub fn url(ports: &[u16]) -> String {
    let hosts: Vec<_> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
    format!("mysql://{USER}:{PASSWORD}@{}", hosts.join(","))
}

/// A server process that can be broken and mended.
pub struct Server {
    /// Where it listens, on loopback.
    pub port: u16,
    command: Command,
    log: PathBuf,
    process: Child,
}

impl Server {
    /// Starts `mariadbd` on a data directory that is there; `dir` takes its socket and its log.
    ///
    /// # Errors
    /// With its log, where it ends before it opens its port.
    pub fn start(dir: &Path, data: &Path, port: u16, args: Vec<OsString>) -> Result<Self> {
        let log = dir.join("log");
        let mut command = Command::new(mariadbd()?);
        command
            .args(args)
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", dir.join("socket").display()))
            .arg(format!("--pid-file={}", dir.join("pid").display()))
            .args(["--bind-address=127.0.0.1", "--skip-name-resolve", "--max-connections=500"])
            .arg(format!("--port={port}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log)?);
        let process = command.spawn().context("starting mariadbd")?;
        let mut server = Self { port, command, log, process };
        server.wait()?;
        Ok(server)
    }

    /// Starts it again after it was killed.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn restart(&mut self) -> Result<()> {
        self.process = self.command.spawn().context("starting mariadbd again")?;
        self.wait()
    }

    /// Sends SIGKILL, and waits until it is gone.
    ///
    /// # Errors
    /// Where it is gone already.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Sends a signal, such as STOP.
    ///
    /// # Errors
    /// Where it is gone.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        signal_child(&self.process, signal)
    }

    /// Runs a query: a line a row, tabs between columns.
    ///
    /// # Errors
    /// What the server or the client said.
    pub fn query(&self, database: &str, sql: &str) -> Result<String> {
        let output = client(self.port, database)?.args(["--execute", sql]).output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    fn wait(&mut self) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("mariadbd ended with {status}:\n{}", fs::read_to_string(&self.log).unwrap_or_default());
            }
            if began.elapsed() > START_TIMEOUT {
                bail!("mariadbd has not answered for {} s", START_TIMEOUT.as_secs());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its data goes with it, so that it need not end in order.
        if self.process.kill().is_ok() {
            self.process.wait().ok();
        }
    }
}

/// The command-line client of the server on this port: no names of columns, tabs between values.
///
/// # Errors
/// Where the client is missing.
pub fn client(port: u16, database: &str) -> Result<Command> {
    let program = find("mariadb").context("the client `mariadb` is missing beside mariadbd")?;
    let mut command = Command::new(program);
    command
        .args(["--no-defaults", "--protocol=tcp", "--host=127.0.0.1", "--batch", "--skip-column-names"])
        .args([format!("--port={port}"), format!("--user={USER}"), format!("--password={PASSWORD}")])
        .arg(format!("--database={database}"))
        .stdin(Stdio::null());
    Ok(command)
}

/// Sends a signal to a child that has not been waited for.
///
/// # Errors
/// Where it is gone.
pub fn signal_child(process: &Child, signal: Signal) -> Result<()> {
    let pid = i32::try_from(process.id()).ok().and_then(Pid::from_raw).context("no such process")?;
    Ok(kill_process(pid, signal)?)
}

/// Finds a port that nobody listens on. Somebody else could take it before the server does; then that one ends and
/// says so.
///
/// # Errors
/// Where the system has none.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Writes the statements for a server's first start: the user of the tests, and a database to try things in. Their file.
///
/// # Errors
/// Where it cannot be written.
pub fn write_init_file(dir: &Path) -> Result<PathBuf> {
    let file = dir.join("init.sql");
    let statements = [
        format!("CREATE USER IF NOT EXISTS {USER}@'%' IDENTIFIED BY '{PASSWORD}';\n"),
        format!("GRANT ALL ON *.* TO {USER}@'%' WITH GRANT OPTION;\n"),
        "CREATE DATABASE IF NOT EXISTS try;\n".to_owned(),
    ];
    fs::write(&file, statements.concat())?;
    Ok(file)
}

/// Makes the data directory of a new server. `user` is a flag of `mariadb-install-db`, which refuses to run as root
/// without one.
///
/// # Errors
/// What `mariadb-install-db` said.
pub fn make_data_directory(data: &Path, user: Option<&str>) -> Result<()> {
    mariadbd()?;
    let installer = find("mariadb-install-db").context("mariadb-install-db is missing beside mariadbd")?;
    let output = Command::new(installer)
        .arg("--no-defaults")
        .args(user)
        .arg(format!("--datadir={}", data.display()))
        .args(["--skip-test-db", "--auth-root-authentication-method=normal"])
        .output()?;
    if !output.status.success() {
        bail!("mariadb-install-db failed:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}

fn mariadbd() -> Result<PathBuf> {
    match find("mariadbd") {
        Some(program) => Ok(program),
        None => install("mariadbd", &["mariadb-server"]),
    }
}

/// The server refuses to run as root unless it is told so.
fn as_root() -> Option<&'static str> {
    is_root().then_some("--user=root")
}
