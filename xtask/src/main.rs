//! What a developer or CI runs: `cargo xtask test`, `cargo xtask ci`.

mod apis;
mod google;
mod structure;
mod tags;
mod volumes;
mod workbooks;

use std::env;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use xtask::mariadb::MariaDb;
use xtask::tools::{cargo, exit_code};

const USAGE: &str = "\
cargo xtask test [ARGS…]   all tests, on SQLite, a private MariaDB and a real API; ARGS go to cargo test
cargo xtask test --peers   the same, on all real APIs, on workbooks of LibreOffice, openpyxl and XlsxWriter, with Google's Python client,
                           and on the files that mutagen and TagLib are tested with
cargo xtask test --volumes all tests, and then real volumes
cargo xtask apis           all real APIs alone
cargo xtask workbooks      these workbooks alone
cargo xtask google         Google's own Python client against the fake Google Drive
cargo xtask tags           tags of audio as mutagen reads them, on these files
cargo xtask volumes        real volumes, pulled out while they are read, damaged, mistaken for others (Debian, as root); NAME: some of them
cargo xtask volumes --qemu a vfat stick that is pulled out of a virtual machine while it is read
cargo xtask structure      sizes, circles of imports, what each crate may see, where SQL stands; --figures
cargo xtask ci             what CI runs: format, structure, lints, tests, docs, licences
cargo xtask bench          Catchment beside the databases' own loaders; --rows, --rounds, --only, --peers
cargo xtask bench api      an API that takes its time, one request after the other and side by side
cargo xtask torture        kills, faults and full disks; --galera: on a cluster of three nodes
cargo xtask mariadb        a private MariaDB to try things on, until Enter is pressed";

fn main() -> ExitCode {
    let mut args = env::args().skip(1);
    let result = match args.next().as_deref() {
        Some("test") => test(&args.collect::<Vec<_>>()),
        Some("apis") => apis::check(true),
        Some("workbooks") => workbooks::check(),
        Some("google") => google::check(),
        Some("tags") => tags::check(),
        Some("volumes") => volumes::check(&args.collect::<Vec<_>>()),
        Some("structure") => structure::run(&args.collect::<Vec<_>>()),
        Some("ci") => ci(),
        Some(name @ ("bench" | "torture")) => trial(name, &args.collect::<Vec<_>>()),
        Some("mariadb") => hold_mariadb(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    exit_code(result)
}

/// What takes long is compiled when it is asked for.
fn trial(name: &str, args: &[String]) -> Result<()> {
    cargo(&["run", "--quiet", "--package", "trials", "--", name]).args(args).run()
}

fn test(args: &[String]) -> Result<()> {
    let (peers, args): (Vec<_>, Vec<_>) = args.iter().cloned().partition(|arg| arg == "--peers");
    let (volumes, args): (Vec<_>, Vec<_>) = args.into_iter().partition(|arg| arg == "--volumes");
    let mariadb = MariaDb::start()?;
    // Built first, so that the kill tests have a binary to kill.
    cargo(&["build", "--workspace", "--exclude", "trials", "--bins", "--tests"]).run()?;
    // The README's first command finds the service, and not this tool.
    cargo(&["run", "--quiet", "--", "--version"]).run()?;
    cargo(&["test", "--workspace", "--exclude", "trials"])
        .args(&args)
        .env("CATCHMENT_TEST_MYSQL", mariadb.url())
        .run()?;
    // Whoever asks for certain tests wants no others.
    if args.is_empty() {
        apis::check(!peers.is_empty())?;
        if !peers.is_empty() {
            workbooks::check()?;
            google::check()?;
            tags::check()?;
        }
        if !volumes.is_empty() {
            volumes::check(&[])?;
        }
    }
    Ok(())
}

fn ci() -> Result<()> {
    cargo(&["fmt", "--all", "--check"]).run()?;
    structure::run(&[])?;
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
