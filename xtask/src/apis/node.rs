//! The servers that npm installs: json-server, oauth2-mock-server, and the jar of WireMock.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use xtask::tools::{find, install, quietly};

/// A directory with `node_modules`, which is kept for the next time.
pub(super) struct NodeModules<'a>(&'a Path);

impl<'a> NodeModules<'a> {
    pub(super) fn install(home: &'a Path) -> Result<Self> {
        let npm = match find("npm") {
            Some(npm) => npm,
            None => install("npm", &["npm"])?,
        };
        let packages = ["json-server@0.17", "oauth2-mock-server", "wiremock@3"];
        if !home.join("node_modules/.bin/wiremock").exists() {
            quietly(Command::new(npm).arg("install").arg("--prefix").arg(home).args(packages))?;
        }
        Ok(Self(home))
    }

    /// The command of a package.
    pub(super) fn program(&self, name: &str) -> Command {
        Command::new(self.0.join("node_modules/.bin").join(name))
    }

    /// The jar that a package brings along.
    pub(super) fn jar(&self, package: &str) -> Result<PathBuf> {
        let dir = self.0.join("node_modules").join(package).join("build");
        let mut files = fs::read_dir(dir)?.flatten().map(|entry| entry.path());
        let jar = files.find(|path| path.extension().is_some_and(|end| end == "jar"));
        jar.with_context(|| format!("the package {package} brings no jar along"))
    }
}
