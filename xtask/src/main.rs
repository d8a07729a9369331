//! What a developer or CI runs: `cargo xtask test`, `cargo xtask ci`.

mod mariadb;

use std::env;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use mariadb::MariaDb;

const USAGE: &str = "\
cargo xtask test [ARGS…]   all tests, on SQLite and on a private MariaDB; ARGS go to cargo test
cargo xtask ci             what CI runs: format, lints, tests, docs, licences
cargo xtask mariadb        a private MariaDB to try things on, until Enter is pressed";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let result = match args.next().as_deref() {
        Some("test") => test(&args.collect::<Vec<_>>()),
        Some("ci") => ci(),
        Some("mariadb") => hold_mariadb(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn test(args: &[String]) -> Result<()> {
    let mariadb = MariaDb::start()?;
    // Built first, so that the kill tests have a binary to kill.
    cargo(&["build", "--workspace", "--all-targets"]).run()?;
    // The README's first command finds the service, and not this tool.
    cargo(&["run", "--quiet", "--", "--version"]).run()?;
    cargo(&["test", "--workspace"]).args(args).env("CATCHMENT_TEST_MYSQL", mariadb.url()).run()
}

fn ci() -> Result<()> {
    cargo(&["fmt", "--all", "--check"]).run()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]).run()?;
    test(&[])?;
    cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings").run()?;
    deny()
}

/// Licences, bans and sources. The advisory database cannot be reached everywhere.
fn deny() -> Result<()> {
    let is_there = Command::new("cargo")
        .args(["deny", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !is_there {
        cargo(&["install", "--locked", "cargo-deny"]).run()?;
    }
    cargo(&["deny", "--workspace", "check", "bans", "licenses", "sources"]).run()
}

fn hold_mariadb() -> Result<()> {
    let mariadb = MariaDb::start()?;
    println!("{}/try", mariadb.url());
    println!("Press Enter to end it.");
    std::io::stdin().read_line(&mut String::new()).context("waiting for Enter")?;
    Ok(())
}

fn cargo(args: &[&str]) -> Step {
    let mut command = Command::new(env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    command.args(args);
    Step(command)
}

/// A command that must succeed.
struct Step(Command);

impl Step {
    fn args(mut self, args: &[String]) -> Self {
        self.0.args(args);
        self
    }

    fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.env(name, value);
        self
    }

    fn run(mut self) -> Result<()> {
        let line = format!("{:?}", self.0).replace('"', "");
        eprintln!("+ {line}");
        let status = self.0.status().with_context(|| format!("starting {line}"))?;
        if !status.success() {
            bail!("{line}: {status}");
        }
        Ok(())
    }
}
