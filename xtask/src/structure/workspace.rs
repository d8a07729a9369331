//! The packages of the repository and their Rust files, read and parsed once. The directories are walked, so that a
//! file counts before git knows of it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::rules::ROOTS;

/// A directory with a `Cargo.toml`, and all Rust files below it.
pub(super) struct Package {
    pub(super) name: String,
    /// Relative to the root of the repository, without a slash at its end.
    pub(super) dir: String,
    pub(super) manifest: String,
    pub(super) files: Vec<SourceFile>,
}

/// One Rust file.
pub(super) struct SourceFile {
    /// Relative to the root of the repository.
    pub(super) path: String,
    pub(super) text: String,
    /// A file that does not parse is a finding of its own; the rules that need its syntax pass it over.
    pub(super) syntax: syn::Result<syn::File>,
}

impl SourceFile {
    /// How many lines it has.
    pub(super) fn count_lines(&self) -> usize {
        self.text.lines().count()
    }
}

impl Package {
    /// The path of a file from the directory of the package.
    pub(super) fn local<'a>(&self, path: &'a str) -> &'a str {
        path.strip_prefix(&self.dir).map_or(path, |path| path.trim_start_matches('/'))
    }
}

/// Reads all packages below the [`ROOTS`].
pub(super) fn read_packages(root: &Path) -> Result<Vec<Package>> {
    let mut packages = Vec::new();
    for dir in ROOTS {
        find_packages(root, dir, &mut packages)?;
    }
    Ok(packages)
}

fn find_packages(root: &Path, dir: &str, packages: &mut Vec<Package>) -> Result<()> {
    let file = root.join(dir).join("Cargo.toml");
    if file.is_file() {
        let manifest = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        let mut files = Vec::new();
        read_files(root, dir, &mut files)?;
        packages.push(Package { name: package_name(&manifest, dir), dir: dir.to_owned(), manifest, files });
        return Ok(());
    }
    for (name, is_dir) in list(&root.join(dir))? {
        if is_dir {
            find_packages(root, &format!("{dir}/{name}"), packages)?;
        }
    }
    Ok(())
}

fn read_files(root: &Path, dir: &str, files: &mut Vec<SourceFile>) -> Result<()> {
    for (name, is_dir) in list(&root.join(dir))? {
        let path = format!("{dir}/{name}");
        if is_dir {
            read_files(root, &path, files)?;
        } else if name.ends_with(".rs") {
            let text = fs::read_to_string(root.join(&path)).with_context(|| format!("reading {path}"))?;
            let syntax = syn::parse_file(&text);
            files.push(SourceFile { path, text, syntax });
        }
    }
    Ok(())
}

/// The entries of a directory by name, without what cargo built and what is hidden. None where there is no directory.
fn list(dir: &Path) -> Result<Vec<(String, bool)>> {
    let mut entries = Vec::new();
    if !dir.is_dir() {
        return Ok(entries);
    }
    for entry in fs::read_dir(dir).with_context(|| format!("listing {}", dir.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Cargo marks the directories that it builds in by the Cache Directory Tagging Specification.
        if !name.starts_with('.') && !entry.path().join("CACHEDIR.TAG").exists() {
            entries.push((name, entry.file_type()?.is_dir()));
        }
    }
    entries.sort();
    Ok(entries)
}

/// The name in a manifest; the directory's where it does not parse, which is told with its dependencies.
fn package_name(manifest: &str, dir: &str) -> String {
    let table: Option<toml::Table> = manifest.parse().ok();
    let name = table.as_ref().and_then(|table| table.get("package")?.get("name")?.as_str());
    name.or_else(|| dir.rsplit('/').next()).unwrap_or(dir).to_owned()
}
