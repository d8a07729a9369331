//! Tags as mutagen reads them, on the files that mutagen and TagLib are tested with: what `lofty` makes of odd and damaged ones is not just what our
//! own tests expect.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use xtask::tools::{cargo, python_environment, quietly, workspace_root};

/// One version, as the differences that are known are those of its files.
const MUTAGEN: &str = "mutagen==1.48.1";

/// Where Debian has the source of TagLib, and what of it: the same reason.
const DEBIAN_SOURCES: &str = "Types: deb-src
URIs: http://deb.debian.org/debian
Suites: bookworm
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

/// Reads these files with both, and compares titles, artists, albums, genres, tracks, years and durations.
pub(crate) fn check() -> Result<()> {
    cargo(&["build", "--quiet", "--package", "catchment-cli"]).run()?;
    let home = workspace_root().join("target/tags");
    fs::create_dir_all(&home)?;
    let python = python_environment(&home.join("python"), &[MUTAGEN])?;
    let mut archives = vec![download_mutagen(&python, &home.join("mutagen"))?];
    match download_taglib(&home.join("taglib")) {
        Ok(archive) => archives.push(archive),
        // They come by Debian's own tools alone.
        Err(error) => eprintln!("without the files of TagLib: {error:#}"),
    }
    let dir = tempfile::tempdir()?;
    let mut compare = Command::new(python);
    compare.arg(workspace_root().join("xtask/src/tags/compare.py"));
    compare.arg(workspace_root().join("target/debug/catchment")).arg(dir.path()).args(archives);
    let status = compare.stdin(Stdio::null()).status().context("starting the comparison")?;
    ensure!(status.success(), "tags differ from those that mutagen reads");
    Ok(())
}

/// Its source distribution, which has the files that it is tested with; kept for the next time.
fn download_mutagen(python: &Path, dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(dir)?;
    if let Some(archive) = find_archive(dir)? {
        return Ok(archive);
    }
    let mut download = Command::new(python);
    download.args([
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--no-binary",
        ":all:",
        MUTAGEN,
        "--dest",
    ]);
    quietly(download.arg(dir))?;
    find_archive(dir)?.with_context(|| format!("pip left no archive in {}", dir.display()))
}

/// The source package of Debian, by lists of packages in this directory: those of the system stay as they are.
fn download_taglib(dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(dir.join("sources"))?;
    if let Some(archive) = find_archive(dir)? {
        return Ok(archive);
    }
    fs::write(dir.join("sources/debian.sources"), DEBIAN_SOURCES)?;
    for folder in ["lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(dir.join(folder))?;
    }
    let apt = |args: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(["-o", "Dir::Etc::sourcelist=/dev/null", "-o", "Debug::NoLocking=1"]);
        for (option, folder) in
            [("Dir::Etc::sourceparts", "sources"), ("Dir::State::lists", "lists"), ("Dir::Cache", "cache")]
        {
            apt.arg("-o").arg(format!("{option}={}", dir.join(folder).display()));
        }
        quietly(apt.args(args).current_dir(dir))
    };
    apt(&["update"])?;
    apt(&["source", "--download-only", "taglib"])?;
    find_archive(dir)?.with_context(|| format!("apt-get left no archive in {}", dir.display()))
}

/// The source as its authors packed it.
fn find_archive(dir: &Path) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "gz") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
