//! Google's own Python client against the fake Google Drive: what that client takes for Drive is not just what ours expects.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use xtask::tools::{cargo, python_environment, quietly, workspace_root};

/// The client, and what it logs in with.
const PACKAGES: [&str; 2] = ["google-api-python-client", "google-auth"];

/// The fake as a process of its own.
struct Fake(Child);

impl Drop for Fake {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Reads the fake's demo by that client, as a service account and as a user.
pub(crate) fn check() -> Result<()> {
    cargo(&["build", "--quiet", "--package", "fake-google-drive"]).run()?;
    let python = python_environment(&workspace_root().join("target/google-client"), &PACKAGES)?;
    let dir = tempfile::tempdir()?;
    let key = dir.path().join("key.json");
    let mut fake = Command::new(workspace_root().join("target/debug/fake-google-drive"));
    let fake = fake.arg("--key").arg(&key).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut fake = Fake(fake.context("starting the fake Google Drive")?);
    let facts = facts(&mut fake.0)?;
    let fact = |name: &str| facts.get(name).with_context(|| format!("the fake does not tell its {name}"));
    let sheets = fact("Sheets API")?.trim_end_matches("/v4/spreadsheets/");
    let mut client = Command::new(python);
    client.arg(workspace_root().join("xtask/src/google/client.py")).arg(&key);
    client.args([fact("Drive API")?, sheets, fact("token endpoint")?, fact("Music")?, fact("Prices")?]);
    client.args(fact("user's client")?.split(' '));
    quietly(&mut client)?;
    println!("Google's Python client: all of it as from Google");
    Ok(())
}

/// What the fake tells at its start, by names.
fn facts(fake: &mut Child) -> Result<BTreeMap<String, String>> {
    let said = fake.stdout.take().context("the fake has no output")?;
    let mut facts = BTreeMap::new();
    for line in BufReader::new(said).lines() {
        let line = line?;
        if line.starts_with("commands:") {
            break;
        }
        let (name, fact) = line.split_at_checked(14).with_context(|| format!("the fake says `{line}`"))?;
        facts.insert(name.trim().to_owned(), fact.trim().to_owned());
    }
    Ok(facts)
}
