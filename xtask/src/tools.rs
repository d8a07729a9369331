//! Programs of the system, and how to get those that are missing.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

/// The directory of the workspace.
pub fn workspace_root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

/// Finds a program in `PATH`, or where Debian keeps those of the administrator.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let dirs = env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/usr/local/sbin")]);
    dirs.map(|dir| dir.join(program)).find(|file| file.is_file())
}

/// Whether this runs as root, and may install packages and mount file systems.
pub fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// Installs Debian packages for a program that is missing, where we are root. The program.
///
/// # Errors
/// Where we are not, with what to install by hand; where `apt-get` fails.
pub fn install(program: &str, packages: &[&str]) -> Result<PathBuf> {
    let names = packages.join(" ");
    if !is_root() || find("apt-get").is_none() {
        bail!("{program} is missing: install it (Debian: `apt-get install {names}`) and run this again");
    }
    eprintln!("installing {names} …");
    let install = [&["install", "-y", "-qq", "--no-install-recommends"][..], packages].concat();
    for args in [&["update", "-qq"][..], &install] {
        let status = Command::new("apt-get")
            .args(args)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .status()?;
        if !status.success() {
            bail!("apt-get {} failed: {status}; install {names} by hand", args.join(" "));
        }
    }
    find(program).with_context(|| format!("{names} is installed, but there is no {program}"))
}

/// Makes a Python environment with packages of PyPI, in a directory that is kept for the next time. Its interpreter.
///
/// # Errors
/// Where Python is missing, and where a package does not install.
pub fn python_environment(home: &Path, packages: &[&str]) -> Result<PathBuf> {
    let python = home.join("bin/python");
    if !home.join("complete").exists() {
        let make = || quietly(Command::new("python3").args(["-m", "venv"]).arg(home));
        if make().is_err() {
            install("python3", &["python3", "python3-venv"])?;
            make()?;
        }
        quietly(Command::new(&python).args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        std::fs::write(home.join("complete"), packages.join(" "))?;
    }
    Ok(python)
}

/// Runs a command that must succeed.
///
/// # Errors
/// With the last line of its stderr, where it fails.
pub fn quietly(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {command:?}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}: {}", output.status, said.lines().last().unwrap_or("it says nothing"));
    }
    Ok(())
}

/// Prints the error of a program, if there is one, and makes its exit code.
pub fn exit_code(result: Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The cargo that runs this, with these arguments. What it says of our own package is not for those that it builds: some are built
/// anew where that changes.
pub fn cargo(args: &[&str]) -> EchoedCommand {
    let mut command = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(args);
    for (name, _) in env::vars() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    EchoedCommand(command)
}

/// A command that must succeed, and that shows what it runs.
pub struct EchoedCommand(Command);

impl EchoedCommand {
    /// Adds arguments.
    #[must_use]
    pub fn args(mut self, args: &[String]) -> Self {
        self.0.args(args);
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    /// Runs it, with its output on ours.
    ///
    /// # Errors
    /// Where it cannot be started, and with its status where it fails.
    pub fn run(mut self) -> Result<()> {
        let line = format!("{:?}", self.0).replace('"', "");
        eprintln!("+ {line}");
        let status = self.0.status().with_context(|| format!("starting {line}"))?;
        if !status.success() {
            bail!("{line}: {status}");
        }
        Ok(())
    }
}
