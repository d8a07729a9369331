//! Which file of a crate imports from which: an edge from where a name is used to the file that defines it, looked for
//! through re-exports.
//!
//! It is a simple resolver, with limits:
//! - A glob is an edge to the file of the module that it opens; its names are looked for where a path goes through it.
//! - Macros are found by their paths. One used by its bare name through the order of the text (`#[macro_use]`) is
//!   not, and neither is what a macro's right side names. A name that a module should have and that no item defines
//!   counts as defined in the module's file: a macro has made it.
//! - A method or an associated item belongs to the file of its type, wherever its `impl` is.
//! - An import of a module is no edge by itself; the paths that go through the module are.
//! - Values and types with one name are not told apart, and neither are the scopes of functions in a module.

use super::content::Content;
use super::modules::ModuleTree;

/// How many re-exports are followed; more is a circle of imports that name each other.
const MAX_REEXPORTS: usize = 8;

/// A file that names what another one defines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) name: String,
    pub(super) line: usize,
}

/// What a path leads to, in this crate.
enum Resolved {
    Module(usize),
    Item { file: usize, name: String },
}

struct PathResolver<'a> {
    tree: &'a ModuleTree<'a>,
    contents: Vec<Content>,
}

/// All edges between different files of a package, in order.
pub(super) fn find_edges(tree: &ModuleTree<'_>) -> Vec<Edge> {
    let contents = tree.modules.iter().map(|module| Content::collect(module.items)).collect();
    let resolver = PathResolver { tree, contents };
    let mut edges = Vec::new();
    for (module, content) in resolver.contents.iter().enumerate() {
        let from = tree.modules[module].file;
        let imported = content.imports.iter().map(|import| &import.mention);
        for mention in imported.chain(&content.mentions) {
            if let Some(Resolved::Item { file: to, name }) = resolver.resolve(module, &mention.path, 0) {
                edges.push(Edge { from, to, name, line: mention.line });
            }
        }
        for glob in &content.globs {
            let (to, name) = match resolver.resolve(module, &glob.path, 0) {
                Some(Resolved::Module(opened)) => (tree.modules[opened].file, "*".to_owned()),
                Some(Resolved::Item { file, name }) => (file, name),
                None => continue,
            };
            edges.push(Edge { from, to, name, line: glob.line });
        }
    }
    edges.retain(|edge| edge.from != edge.to);
    edges.sort();
    edges
}

impl PathResolver<'_> {
    /// Where a path leads from a module; `None` for another crate, a local name and a generic parameter.
    fn resolve(&self, module: usize, path: &[String], depth: usize) -> Option<Resolved> {
        let (mut module, mut rest) = (module, path);
        let mut is_anchored = false;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" => module = self.root_of(module),
                "super" => module = self.tree.modules[module].parent?,
                "self" => {}
                _ => break,
            }
            is_anchored = true;
            rest = &rest[1..];
        }
        while let Some((name, further)) = rest.split_first() {
            match self.look_up(module, name, further.is_empty(), depth) {
                Some(Resolved::Module(child)) => module = child,
                Some(item) => return Some(item),
                None if is_anchored && !self.is_import(module, name) => {
                    return Some(self.made_by_macro(module, name));
                }
                None => return None,
            }
            is_anchored = true;
            rest = further;
        }
        Some(Resolved::Module(module))
    }

    /// A name in a module. In the middle of a path a module is meant, at its end rather an item.
    fn look_up(&self, module: usize, name: &str, is_last: bool, depth: usize) -> Option<Resolved> {
        let child = self.tree.modules[module].children.get(name).map(|child| Resolved::Module(*child));
        if !is_last && child.is_some() {
            return child;
        }
        let content = &self.contents[module];
        if content.defined.contains(name) {
            return Some(Resolved::Item { file: self.tree.modules[module].file, name: name.to_owned() });
        }
        if depth >= MAX_REEXPORTS {
            return child;
        }
        let imports = content.imports.iter().filter(|import| import.name == name);
        let imported =
            imports.filter_map(|import| self.resolve(module, &import.mention.path, depth + 1)).next();
        imported.or(child).or_else(|| self.look_through_globs(module, name, is_last, depth + 1))
    }

    fn look_through_globs(&self, module: usize, name: &str, is_last: bool, depth: usize) -> Option<Resolved> {
        self.contents[module].globs.iter().find_map(|glob| match self.resolve(module, &glob.path, depth)? {
            Resolved::Module(opened) if opened != module => self.look_up(opened, name, is_last, depth),
            _ => None,
        })
    }

    fn root_of(&self, module: usize) -> usize {
        let parent = |module: &usize| self.tree.modules[*module].parent;
        std::iter::successors(Some(module), parent).last().unwrap_or(module)
    }

    /// Whether a module imports a name, then from another crate.
    fn is_import(&self, module: usize, name: &str) -> bool {
        self.contents[module].imports.iter().any(|import| import.name == name)
    }

    fn made_by_macro(&self, module: usize, name: &str) -> Resolved {
        Resolved::Item { file: self.tree.modules[module].file, name: name.to_owned() }
    }
}
