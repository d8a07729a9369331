//! `cargo xtask bench`: Catchment beside the database's own loaders, in one run, in turns, medians of several rounds.
//! Only the ratios mean something: machines differ, and so does the same machine an hour later.

mod api;
mod catchment;
mod input;
mod mariadb;
mod measure;
mod parse;
mod peers;
mod sqlite;
mod table;

use anyhow::{Context, Result, bail};

use catchment::Bench;
use input::Input;
use xtask::tools::cargo;

const USAGE: &str =
    "cargo xtask bench [api] [--rows N] [--rounds N] [--only mariadb|sqlite|parse] [--replace] [--peers]";

pub(crate) fn bench(args: &[String]) -> Result<()> {
    let (mut rows, mut rounds, mut only) = (None, 3, None);
    let (mut with_replace, mut with_peers) = (false, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value; {USAGE}"));
        match arg.as_str() {
            "api" => only = Some("api".to_owned()),
            "--rows" => rows = Some(value()?.parse()?),
            "--rounds" => rounds = value()?.parse()?,
            "--only" => only = Some(value()?.clone()),
            "--replace" => with_replace = true,
            "--peers" => with_peers = true,
            _ => bail!("{USAGE}"),
        }
    }
    cargo(&["build", "--release", "--package", "catchment-cli"]).run()?;
    let dir = tempfile::tempdir()?;
    let is_api = only.as_deref() == Some("api");
    let rows = rows.unwrap_or(if is_api { 100_000 } else { 1_000_000 });
    // An API makes its own.
    let input = Input::make(dir.path(), if is_api { 0 } else { rows })?;
    let program = std::env::current_dir()?.join("target/release/catchment");
    let bench = Bench { program, rows, rounds, with_replace, input };
    if is_api {
        return api::run(&bench);
    }
    let is_asked = |name: &str| only.as_ref().is_none_or(|only| only == name);
    if is_asked("parse") {
        parse::run(&bench)?;
    }
    if is_asked("mariadb") {
        mariadb::run(&bench, with_peers)?;
    }
    if is_asked("sqlite") {
        sqlite::run(&bench, dir.path())?;
    }
    Ok(())
}
