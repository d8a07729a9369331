//! The modules of a crate, each with the file that it is written in, found from the roots as the compiler finds them.
//! Modules that are compiled for tests alone are left out, and so are files that nothing declares.

use std::collections::HashMap;

use syn::{Item, ItemMod};

use super::attributes::{find_path, is_for_tests};
use super::workspace::Package;

/// A module, inline or a file of its own.
pub(super) struct Module<'a> {
    /// The number of its file in [`Package::files`].
    pub(super) file: usize,
    pub(super) parent: Option<usize>,
    pub(super) items: &'a [Item],
    /// The modules that it declares, by name.
    pub(super) children: HashMap<String, usize>,
}

/// The modules of a package: those of its library, of each of its programs, and of its examples.
pub(super) struct ModuleTree<'a> {
    package: &'a Package,
    by_path: HashMap<&'a str, usize>,
    pub(super) modules: Vec<Module<'a>>,
}

impl<'a> ModuleTree<'a> {
    pub(super) fn build(package: &'a Package) -> Self {
        let by_path = package.files.iter().enumerate().map(|(number, file)| (file.path.as_str(), number));
        let mut tree = Self { package, by_path: by_path.collect(), modules: Vec::new() };
        for (number, file) in package.files.iter().enumerate() {
            let local = package.local(&file.path);
            if let (true, Ok(syntax)) = (is_root(local), &file.syntax) {
                let home = parent_dir(&file.path);
                tree.add(number, None, &syntax.items, home);
            }
        }
        tree
    }

    /// Adds a module and those that it declares. Files of these are below `home`.
    fn add(&mut self, file: usize, parent: Option<usize>, items: &'a [Item], home: &str) -> usize {
        let module = self.modules.len();
        self.modules.push(Module { file, parent, items, children: HashMap::new() });
        for item in items {
            let Item::Mod(child) = item else { continue };
            if is_for_tests(&child.attrs) {
                continue;
            }
            if let Some(number) = self.add_child(module, child, home) {
                self.modules[module].children.insert(child.ident.to_string(), number);
            }
        }
        module
    }

    fn add_child(&mut self, parent: usize, child: &'a ItemMod, home: &str) -> Option<usize> {
        let file = self.modules[parent].file;
        let below = format!("{home}/{}", child.ident);
        if let Some((_, items)) = &child.content {
            return Some(self.add(file, Some(parent), items, &below));
        }
        let candidates = match find_path(&child.attrs) {
            Some(path) => vec![join(parent_dir(&self.package.files[file].path), &path)],
            None => vec![format!("{below}.rs"), format!("{below}/mod.rs")],
        };
        let file = candidates.iter().find_map(|path| self.by_path.get(path.as_str()).copied())?;
        let source = &self.package.files[file];
        let syntax = source.syntax.as_ref().ok()?;
        // What a `mod.rs` declares is beside it.
        let home = if source.path.ends_with("/mod.rs") { parent_dir(&source.path) } else { &below };
        Some(self.add(file, Some(parent), &syntax.items, home))
    }
}

/// Whether the compiler starts at a file, named from the directory of its package.
fn is_root(local: &str) -> bool {
    if matches!(local, "src/lib.rs" | "src/main.rs" | "build.rs") {
        return true;
    }
    let below = ["src/bin/", "examples/", "benches/", "fuzz_targets/"];
    let name = below.iter().find_map(|dir| local.strip_prefix(dir));
    name.is_some_and(|name| !name.contains('/') || name.ends_with("/main.rs"))
}

fn parent_dir(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// A path from a directory, with `..` resolved.
fn join(dir: &str, path: &str) -> String {
    let mut segments: Vec<_> = dir.split('/').collect();
    for segment in path.split('/') {
        match segment {
            ".." => drop(segments.pop()),
            "." => {}
            name => segments.push(name),
        }
    }
    segments.join("/")
}
