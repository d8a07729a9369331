//! Reading alone: the client's side without a database, beside the csv crate.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use super::catchment::Bench;

/// Calls the program `parse` in each round.
pub(super) fn run(bench: &Bench) -> Result<()> {
    let mut rounds = Vec::new();
    for _ in 0..bench.rounds {
        let output = Command::new("cargo")
            .args(["run", "--quiet", "--release", "--package", "trials", "--bin", "parse", "--"])
            .arg(&bench.input.music)
            .stderr(Stdio::inherit())
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        rounds.push(text.split_whitespace().map(str::parse).collect::<Result<Vec<f64>, _>>()?);
    }
    rounds.sort_by(|a, b| a[1].total_cmp(&b[1]));
    let [bare, whole] = rounds[rounds.len() / 2][..] else { bail!("the bench said something else") };
    println!("\nReading {} rows without a database, seconds a million rows\n", bench.rows);
    println!("| what | s | ratio |\n| --- | --- | --- |");
    println!("| csv crate, records thrown away | {bare:.2} | 1.00 |");
    println!("| catchment: framed, checked, digested | {whole:.2} | {:.2} |", whole / bare);
    Ok(())
}
