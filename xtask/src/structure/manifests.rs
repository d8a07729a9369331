//! What a crate may see: the `[dependencies]` of its manifest against the table of the rules.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::finding::Violation;
use super::rules::{DEPENDENCIES, Dependencies};
use super::workspace::Package;

/// One line of `[dependencies]`.
struct Dependency<'a> {
    /// The name of the package, also where it is renamed.
    package: &'a str,
    line: usize,
    value: &'a DeValue<'a>,
}

/// A finding for each dependency that a package may not have. `ours` are all packages of the repository.
pub(super) fn check_manifest(package: &Package, ours: &[&str]) -> Vec<Violation> {
    let path = format!("{}/Cargo.toml", package.dir);
    let finding = |line, what, remedy| Violation { path: path.clone(), line, what, remedy };
    let table = match DeTable::parse(&package.manifest) {
        Ok(table) => table,
        Err(error) => {
            let what = format!("the manifest does not parse ({})", error.message());
            return vec![finding(1, what, "let cargo read it first".to_owned())];
        }
    };
    let Some(rule) = DEPENDENCIES.iter().find(|rule| rule.package == package.name) else {
        if !package.dir.starts_with("crates/") {
            return Vec::new();
        }
        let what = format!("nothing says what `{}` may depend on", package.name);
        let remedy = "add it to DEPENDENCIES in xtask/src/structure/rules.rs".to_owned();
        return vec![finding(1, what, remedy)];
    };
    let dependencies = list_dependencies(&package.manifest, table.get_ref());
    let faults = dependencies.iter().filter_map(|dependency| {
        let remedy = find_fault(rule, ours, dependency)?;
        Some(finding(
            dependency.line,
            format!("`{}` depends on `{}`", rule.package, dependency.package),
            remedy,
        ))
    });
    faults.collect()
}

/// What to do about a dependency that is not allowed.
fn find_fault(rule: &Dependencies, ours: &[&str], dependency: &Dependency<'_>) -> Option<String> {
    let name = dependency.package;
    if ours.contains(&name) && !rule.ours.contains(&name) {
        let allowed = if rule.ours.is_empty() { "none".to_owned() } else { rule.ours.join(", ") };
        return Some(format!("remove it; of the crates here it may see {allowed}"));
    }
    if rule.banned.contains(&name) {
        return Some(format!("remove it; it may see none of {}", rule.banned.join(", ")));
    }
    let (_, features) = rule.restricted.iter().find(|(package, _)| *package == name)?;
    let is_restricted = has_only(dependency.value, features);
    (!is_restricted)
        .then(|| format!("write default-features = false, features = {features:?}, and no workspace = true"))
}

/// Whether a dependency takes no features but these, and not its default ones.
fn has_only(value: &DeValue<'_>, allowed: &[&str]) -> bool {
    let Some(table) = value.as_table() else { return false };
    let has_no_defaults =
        table.get("default-features").and_then(|value| value.get_ref().as_bool()) == Some(false);
    let features = table.get("features").and_then(|value| value.get_ref().as_array());
    let are_allowed = features.is_none_or(|features| {
        features.iter().all(|feature| feature.get_ref().as_str().is_some_and(|name| allowed.contains(&name)))
    });
    // Those of the workspace would come on top.
    has_no_defaults && are_allowed && !table.contains_key("workspace")
}

/// The lines of `[dependencies]`, and of those for one target.
fn list_dependencies<'a>(manifest: &'a str, table: &'a DeTable<'a>) -> Vec<Dependency<'a>> {
    let section =
        |table: &'a DeTable<'a>, name: &str| table.get(name).and_then(|value| value.get_ref().as_table());
    let targets = section(table, "target").into_iter().flat_map(|targets| targets.values());
    let targets = targets.filter_map(|target| target.get_ref().as_table());
    let tables = [table].into_iter().chain(targets).filter_map(|table| section(table, "dependencies"));
    let entries = tables.flat_map(|table| table.iter());
    entries.map(|(name, value)| read_dependency(manifest, name, value.get_ref())).collect()
}

fn read_dependency<'a>(
    manifest: &str,
    name: &'a Spanned<toml::de::DeString<'a>>,
    value: &'a DeValue<'a>,
) -> Dependency<'a> {
    let renamed =
        value.as_table().and_then(|table| table.get("package")).and_then(|name| name.get_ref().as_str());
    let line = manifest[..name.span().start].lines().count() + 1;
    Dependency { package: renamed.unwrap_or(name.get_ref()), line, value }
}
