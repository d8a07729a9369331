//! The functions of a file and their lines. Closures belong to the function around them.

use syn::visit::{self, Visit};
use syn::{Block, ImplItemFn, ItemFn, Macro, Signature, TraitItemFn};

/// A function with a body.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of its `fn`.
    pub(super) line: usize,
    /// From there to its closing brace.
    pub(super) lines: usize,
}

/// All functions, in order: free ones, methods, those inside of others, and those in the body of a macro that reads
/// as items, as `on_both! { async fn … }` does. Other bodies of macros are passed over.
pub(super) fn find_functions(file: &syn::File) -> Vec<Function> {
    let mut finder = Finder { found: Vec::new() };
    finder.visit_file(file);
    finder.found
}

struct Finder {
    found: Vec<Function>,
}

impl Finder {
    fn add(&mut self, signature: &Signature, body: &Block) {
        let line = signature.fn_token.span.start().line;
        let end = body.brace_token.span.close().end().line;
        self.found.push(Function { name: signature.ident.to_string(), line, lines: end + 1 - line });
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast ImplItemFn) {
        self.add(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body);
        }
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_macro(&mut self, invocation: &'ast Macro) {
        if let Ok(body) = invocation.parse_body::<syn::File>() {
            Finder::visit_file(self, &body);
        }
    }
}
