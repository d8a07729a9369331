//! Tokens that are not parsed, as in the bodies of macros.

use proc_macro2::{TokenStream, TokenTree};

/// Calls `visit` with the tokens of a stream, and then with those of each group in it, at any depth.
pub(super) fn walk(tokens: TokenStream, visit: &mut dyn FnMut(&[TokenTree])) {
    let trees: Vec<_> = tokens.into_iter().collect();
    visit(&trees);
    for tree in trees {
        if let TokenTree::Group(group) = tree {
            walk(group.stream(), visit);
        }
    }
}

/// Whether a token is this punctuation mark.
pub(super) fn is_punct(tree: &TokenTree, mark: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == mark)
}

/// Whether a token is this word.
pub(super) fn is_word(tree: &TokenTree, word: &str) -> bool {
    matches!(tree, TokenTree::Ident(ident) if ident == word)
}

/// Paths of two segments or more: `a::b`, `crate::c::D`. Those that begin with `::` or `$crate` name other crates, or
/// are resolved where the macro is used, and are left out.
pub(super) fn find_paths(trees: &[TokenTree]) -> Vec<(Vec<String>, usize)> {
    let mut paths = Vec::new();
    let mut at = 0;
    while at < trees.len() {
        let start = at;
        let mut segments = Vec::new();
        while let Some(TokenTree::Ident(word)) = trees.get(at) {
            segments.push(word.to_string());
            at += 1;
            if !is_separator(trees, at) {
                break;
            }
            at += 2;
        }
        let is_foreign =
            is_separator(trees, start.wrapping_sub(2)) || start > 0 && is_punct(&trees[start - 1], '$');
        if segments.len() > 1 && !is_foreign {
            paths.push((segments, trees[start].span().start().line));
        }
        at = at.max(start + 1);
    }
    paths
}

fn is_separator(trees: &[TokenTree], at: usize) -> bool {
    trees.get(at..at.saturating_add(2)).is_some_and(|pair| pair.iter().all(|tree| is_punct(tree, ':')))
}
