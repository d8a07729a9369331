//! `cargo xtask torture`: what may happen to Catchment and its database, at random moments, again and again. After
//! each cycle the tables must be equal, by content, to those of a run that nothing happened to.

mod context;
mod faults;
mod galera;
mod kills;
mod trial_run;
mod waiting;
mod workload;

use std::time::Instant;

use anyhow::{Context, Result, bail};
use rand::SeedableRng;
use rand::rngs::StdRng;

use context::TrialContext;
use xtask::tools::cargo;

const USAGE: &str = "cargo xtask torture [--galera] [--kills N] [--each N] [--seed N] [--only NAME]";

/// What happens, and a summary of it.
type Scenario = fn(&mut TrialContext) -> Result<String>;

pub(crate) fn torture(args: &[String]) -> Result<()> {
    let (mut seed, mut kills, mut each, mut only, mut on_galera) = (rand::random(), 200, None, None, false);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().with_context(|| format!("{arg} needs a value; {USAGE}"));
        match arg.as_str() {
            "--galera" => on_galera = true,
            "--kills" => kills = value()?.parse()?,
            "--each" => each = Some(value()?.parse()?),
            "--seed" => seed = value()?.parse()?,
            "--only" => only = Some(value()?.clone()),
            _ => bail!("{USAGE}"),
        }
    }
    cargo(&["build", "--release", "--package", "catchment-cli"]).run()?;
    let program = std::env::current_dir()?.join("target/release/catchment");
    let scenarios: &[(&str, Scenario)] = if on_galera {
        &[("galera", galera::on_cluster)]
    } else {
        &[
            ("kills-sqlite", kills::on_sqlite),
            ("kills-mariadb", kills::on_mariadb),
            ("server", faults::server),
            ("frozen-sqlite", faults::frozen_on_sqlite),
            ("frozen-mariadb", faults::frozen_on_mariadb),
            ("disk-full-sqlite", faults::disk_full_on_sqlite),
            ("disk-full-mariadb", faults::disk_full_on_mariadb),
        ]
    };
    println!("seed {seed}");
    for (name, scenario) in scenarios {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        let began = Instant::now();
        let mut stage =
            TrialContext { program: program.clone(), rng: StdRng::seed_from_u64(seed), kills, each };
        let summary = scenario(&mut stage)
            .with_context(|| format!("{name} (again by: cargo xtask torture --only {name} --seed {seed})"))?;
        println!("{name}: {summary}; {} s", began.elapsed().as_secs());
    }
    Ok(())
}
