//! `cargo xtask structure`: the shape of the code, held by a test. Small files and functions, no circles of imports,
//! crates that cannot see what they should not, SQL in one folder. The rules are tables in [`rules`].

mod attributes;
mod circles;
mod content;
mod doors;
mod figures;
mod finding;
mod functions;
mod imports;
mod manifests;
mod modules;
mod rules;
mod sizes;
mod sql;
mod tokens;
mod workspace;

use anyhow::{Result, bail};

use finding::Violation;
use workspace::{Package, read_packages};
use xtask::tools::workspace_root;

const USAGE: &str = "cargo xtask structure [--figures]";

/// Checks the working tree, or shows how large it is.
///
/// # Errors
/// Where a rule is violated; all violations are printed before, a line each.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let packages = read_packages(&workspace_root())?;
    match args {
        [] => report_violations(&check(&packages)),
        [flag] if flag == "--figures" => {
            figures::print_figures(&packages);
            Ok(())
        }
        _ => bail!("{USAGE}"),
    }
}

fn report_violations(findings: &[Violation]) -> Result<()> {
    for finding in findings {
        println!("{finding}");
    }
    if !findings.is_empty() {
        bail!("the structure has {} faults; the rules are in xtask/src/structure/rules.rs", findings.len());
    }
    Ok(())
}

/// All violations, by file and line.
fn check(packages: &[Package]) -> Vec<Violation> {
    let ours: Vec<_> = packages.iter().map(|package| package.name.as_str()).collect();
    let mut findings = Vec::new();
    for package in packages {
        findings.extend(sizes::check_sizes(package));
        findings.extend(circles::check_circles(package));
        findings.extend(manifests::check_manifest(package, &ours));
        findings.extend(doors::check_doors(package));
        findings.extend(sql::check_sql(package));
    }
    findings.sort();
    findings
}

#[cfg(test)]
mod tests;
