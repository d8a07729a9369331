//! Files of a crate that import from each other in a circle: none of them can be understood, or moved, alone.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Violation;
use super::imports::{Edge, find_edges};
use super::modules::ModuleTree;
use super::workspace::Package;

/// The files that a file imports from, each with the names that it imports.
type Imports<'a> = BTreeMap<usize, BTreeMap<usize, Vec<&'a Edge>>>;

/// A finding for each circle of a package.
pub(super) fn check_circles(package: &Package) -> Vec<Violation> {
    let tree = ModuleTree::build(package);
    let edges = find_edges(&tree);
    let mut imports = Imports::new();
    for edge in &edges {
        imports.entry(edge.from).or_default().entry(edge.to).or_default().push(edge);
    }
    group_circles(&imports).iter().map(|circle| describe(package, &imports, circle)).collect()
}

/// The strongly connected components of more than one file: each file of one reaches all others of it.
fn group_circles(imports: &Imports<'_>) -> Vec<BTreeSet<usize>> {
    let reached: BTreeMap<_, _> = imports.keys().map(|file| (*file, reach(imports, *file))).collect();
    let mut circles = BTreeSet::new();
    for (file, others) in &reached {
        if others.contains(file) {
            let back = |other: &&usize| reached.get(other).is_some_and(|reached| reached.contains(file));
            circles.insert(others.iter().filter(back).copied().collect::<BTreeSet<_>>());
        }
    }
    circles.into_iter().collect()
}

/// All files that can be reached from one by an import or more.
fn reach(imports: &Imports<'_>, start: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(file) = open.pop() {
        for to in imports.get(&file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*to) {
                open.push(*to);
            }
        }
    }
    reached
}

fn describe(package: &Package, imports: &Imports<'_>, circle: &BTreeSet<usize>) -> Violation {
    let path = |file: &usize| package.files[*file].path.as_str();
    let (mut ties, mut first) = (Vec::new(), None);
    for from in circle {
        for (to, edges) in imports[from].iter().filter(|(to, _)| circle.contains(to)) {
            let names: BTreeSet<_> = edges.iter().map(|edge| edge.name.as_str()).collect();
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            ties.push(format!("{} -> {} ({names})", package.local(path(from)), package.local(path(to))));
            first.get_or_insert((path(from), edges.iter().map(|edge| edge.line).min().unwrap_or(1)));
        }
    }
    let (path, line) = first.unwrap_or_default();
    Violation {
        path: path.to_owned(),
        line,
        what: format!("a circle of imports over {} files, {}", circle.len(), ties.join("; ")),
        remedy: "move what both sides need to a file that imports neither".to_owned(),
    }
}
