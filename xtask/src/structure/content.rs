//! What stands in a module: the names that it defines and imports, the paths that its code mentions, its string
//! literals. Code that is compiled for tests alone is left out, and so are attributes, doc comments with them.

use std::collections::HashSet;

use proc_macro2::TokenTree;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, ItemMod, ItemUse, Lit, LitStr, Macro, Path, UseTree, Visibility};

use super::attributes::{is_for_tests, of_impl_item, of_item};
use super::tokens::{find_paths, walk};

/// A path as it is written, and its line.
#[derive(Debug)]
pub(super) struct Mention {
    pub(super) path: Vec<String>,
    pub(super) line: usize,
}

/// One name of a `use`, wherever in the module it stands.
#[derive(Debug)]
pub(super) struct Import {
    /// What the name is here: the last segment, or what comes after `as`.
    pub(super) name: String,
    pub(super) mention: Mention,
}

/// A string literal and its line.
pub(super) struct StringLiteral {
    pub(super) value: String,
    pub(super) line: usize,
}

/// All of one module, without the modules in it.
#[derive(Default)]
pub(super) struct Content {
    pub(super) defined: HashSet<String>,
    pub(super) imports: Vec<Import>,
    /// What `use path::*` opens.
    pub(super) globs: Vec<Mention>,
    /// Paths of two segments or more. One of a single segment names something of this module, or an import.
    pub(super) mentions: Vec<Mention>,
    /// Also those in macros.
    pub(super) texts: Vec<StringLiteral>,
}

impl Content {
    pub(super) fn collect(items: &[Item]) -> Self {
        let defined = items.iter().filter_map(defined_name).collect();
        let mut content = Self { defined, ..Self::default() };
        for item in items {
            content.visit_item(item);
        }
        content
    }

    fn add_use(&mut self, tree: &UseTree, prefix: &[String]) {
        let joined = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_use(&path.tree, &joined(&path.ident)),
            UseTree::Name(name) => self.add_import(&name.ident, &name.ident, prefix),
            UseTree::Rename(name) => self.add_import(&name.ident, &name.rename, prefix),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, prefix);
                }
            }
            UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.globs.push(Mention { path: prefix.to_vec(), line });
            }
        }
    }

    fn add_import(&mut self, ident: &syn::Ident, alias: &syn::Ident, prefix: &[String]) {
        let mut path = prefix.to_vec();
        let mut name = alias.to_string();
        if ident != "self" || prefix.is_empty() {
            path.push(ident.to_string());
        } else if alias == "self" {
            // `use a::b::{self}` imports `b`.
            name = path.last().cloned().unwrap_or(name);
        }
        let mention = Mention { path, line: ident.span().start().line };
        self.imports.push(Import { name, mention });
    }

    fn visit_literals(&mut self, trees: &[TokenTree]) {
        for tree in trees {
            if let TokenTree::Literal(literal) = tree
                && let Lit::Str(text) = Lit::new(literal.clone())
            {
                self.visit_lit_str(&text);
            }
        }
    }
}

impl<'ast> Visit<'ast> for Content {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_for_tests(of_item(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        if !is_for_tests(of_impl_item(item)) {
            visit::visit_impl_item(self, item);
        }
    }

    /// A module of its own.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    /// `pub(in path)` imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // `use ::name` is another crate's.
        if item.leading_colon.is_none() {
            self.add_use(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.segments.len() > 1 && path.leading_colon.is_none() {
            let line = path.segments[0].ident.span().start().line;
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.mentions.push(Mention { path: segments.collect(), line });
        }
        visit::visit_path(self, path);
    }

    fn visit_lit_str(&mut self, literal: &'ast LitStr) {
        self.texts.push(StringLiteral { value: literal.value(), line: literal.span().start().line });
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        self.visit_path(&invocation.path);
        // Paths on the right side of a macro are resolved where it is used.
        let is_definition = invocation.path.is_ident("macro_rules");
        walk(invocation.tokens.clone(), &mut |trees| {
            self.visit_literals(trees);
            if !is_definition {
                let found = find_paths(trees).into_iter();
                self.mentions.extend(found.map(|(path, line)| Mention { path, line }));
            }
        });
    }
}

/// What an item adds to the names of its module. Modules and imports are told apart.
fn defined_name(item: &Item) -> Option<String> {
    if is_for_tests(of_item(item)) {
        return None;
    }
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Macro(item) => item.ident.as_ref()?,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        Item::Union(item) => &item.ident,
        _ => return None,
    };
    Some(ident.to_string())
}
