//! The doors reach nothing of the store: they name neither `catchment::Store` nor call `.store()`.

use proc_macro2::{TokenStream, TokenTree};

use super::finding::Violation;
use super::rules::DOORS;
use super::tokens::{is_punct, is_word, walk};
use super::workspace::{Package, SourceFile};

/// A finding for each place of the command line and the HTTP API that reaches the store.
pub(super) fn check_doors(package: &Package) -> Vec<Violation> {
    package.files.iter().filter(|file| file.path.starts_with(DOORS)).flat_map(check_file).collect()
}

fn check_file(file: &SourceFile) -> Vec<Violation> {
    let mut findings = Vec::new();
    // What does not read as tokens does not parse either, and is told with the sizes.
    let tokens = file.text.parse::<TokenStream>().unwrap_or_default();
    walk(tokens, &mut |trees| {
        let calls = trees.windows(3).filter(|trees| is_call(trees)).map(|trees| (&trees[1], "`.store()`"));
        let names = trees
            .windows(4)
            .filter(|trees| names_store(trees))
            .map(|trees| (&trees[0], "`catchment::Store`"));
        findings.extend(calls.chain(names).map(|(tree, what)| Violation {
            path: file.path.clone(),
            line: tree.span().start().line,
            what: format!("{what} in a door"),
            remedy: "ask `SyncService` or one of its neighbours, and add there what is missing".to_owned(),
        }));
    });
    findings
}

/// `.store()`
fn is_call(trees: &[TokenTree]) -> bool {
    let is_empty = |tree: &TokenTree| matches!(tree, TokenTree::Group(group) if group.stream().is_empty());
    is_punct(&trees[0], '.') && is_word(&trees[1], "store") && is_empty(&trees[2])
}

/// `catchment::Store`, or `catchment::{…}` with it among the names.
fn names_store(trees: &[TokenTree]) -> bool {
    let is_path = is_word(&trees[0], "catchment") && trees[1..3].iter().all(|tree| is_punct(tree, ':'));
    let has_store = match &trees[3] {
        TokenTree::Group(group) => group.stream().into_iter().any(|tree| is_word(&tree, "Store")),
        tree => is_word(tree, "Store"),
    };
    is_path && has_store
}
