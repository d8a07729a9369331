//! Each rule on a small workspace that breaks it, and all of them on this one.

use std::fs;

use anyhow::Result;
use tempfile::TempDir;

use super::workspace::read_packages;
use super::{check, workspace_root};

#[test]
fn the_working_tree_keeps_the_rules() -> Result<()> {
    let findings: Vec<_> =
        check(&read_packages(&workspace_root())?).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{} faults:\n{}", findings.len(), findings.join("\n"));
    Ok(())
}

/// A workspace of one crate, `catchment-core`, that keeps all rules.
struct Example(TempDir);

impl Example {
    fn new() -> Self {
        let example = Self(TempDir::new().unwrap());
        example.manifest("crates/core", "catchment-core", "")
    }

    fn manifest(self, dir: &str, name: &str, dependencies: &str) -> Self {
        let text = format!("[package]\nname = \"{name}\"\n\n{dependencies}");
        self.file(&format!("{dir}/Cargo.toml"), &text)
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn source(self, name: &str, text: &str) -> Self {
        self.file(&format!("crates/core/src/{name}"), text)
    }

    /// All findings, as they are printed.
    fn findings(&self) -> String {
        let findings = check(&read_packages(self.0.path()).unwrap());
        findings.iter().map(|finding| format!("{finding}\n")).collect()
    }

    /// One finding, and how it begins.
    fn has_one(&self, beginning: &str) {
        let findings = self.findings();
        assert!(findings.starts_with(beginning) && findings.lines().count() == 1, "{findings}");
    }

    fn has_none(&self) {
        assert_eq!(self.findings(), "");
    }
}

/// A function of so many lines.
fn function(name: &str, lines: usize) -> String {
    format!("async fn {name}() {{\n{}}}\n", "    work();\n".repeat(lines - 2))
}

#[test]
fn a_file_may_have_300_lines_and_no_more() {
    Example::new().source("lib.rs", &"// why\n".repeat(300)).has_none();
    let long = Example::new().file("crates/core/tests/it.rs", &"// why\n".repeat(301));
    long.has_one("crates/core/tests/it.rs:301: the file has 301 lines, above 300: ");
}

#[test]
fn what_cargo_built_and_what_is_hidden_does_not_count() {
    let long = "// why\n".repeat(301);
    let tag = "crates/core/build/CACHEDIR.TAG";
    Example::new()
        .file(tag, "")
        .file("crates/core/build/a.rs", &long)
        .source(".hidden/a.rs", &long)
        .has_none();
    let has_its_name = "crates/core/src/target/a.rs:301: ";
    Example::new().source("target/a.rs", &long).has_one(has_its_name);
}

#[test]
fn a_function_may_have_50_lines_and_no_more() {
    Example::new().source("lib.rs", &function("short", 50)).has_none();
    let long = "crates/core/src/lib.rs:2: `fn long` has 51 lines, above 50: ";
    Example::new().source("lib.rs", &format!("/// Docs.\n{}", function("long", 51))).has_one(long);
    Example::new().source("lib.rs", &format!("impl A {{\n{}}}", function("long", 51))).has_one(long);
    Example::new().source("lib.rs", &format!("trait A {{\n{}}}", function("long", 51))).has_one(long);
    Example::new().source("lib.rs", &format!("on_both! {{\n{}}}", function("long", 51))).has_one(long);
}

#[test]
fn a_file_that_does_not_parse_is_told() {
    Example::new()
        .source("lib.rs", "\nfn 1() {}")
        .has_one("crates/core/src/lib.rs:2: the file does not parse (");
}

#[test]
fn two_files_that_import_from_each_other_are_a_circle() {
    let circle = Example::new()
        .source("lib.rs", "mod a;\nmod b;\n")
        .source("a.rs", "\nuse crate::b::{B, make};\npub struct A(B);\n")
        .source("b.rs", "pub struct B;\npub fn make() {}\nfn f() { super::a::A::new(); }\n");
    circle.has_one(
        "crates/core/src/a.rs:2: a circle of imports over 2 files, src/a.rs -> src/b.rs (B, make); \
         src/b.rs -> src/a.rs (A): ",
    );
}

#[test]
fn a_re_export_counts_for_the_file_that_defines() {
    // b names A through its parent, a names nothing of b.
    let tree = Example::new()
        .source("lib.rs", "mod folder;\nuse folder::A;\n")
        .source("folder/mod.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;\n")
        .source("folder/a.rs", "pub struct A;\n");
    let tree = tree.source("folder/b.rs", "use super::A;\nuse crate::folder;\npub struct B(folder::A);\n");
    tree.has_none();
    // With something of the parent's own it is a circle.
    let circle = tree
        .source("folder/mod.rs", "mod a;\nmod b;\npub use a::A;\npub use b::B;\npub const MAX: u8 = 1;\n")
        .source("folder/b.rs", "fn f() { json!({\"max\": super::MAX}) }\n");
    circle.has_one(
        "crates/core/src/folder/b.rs:1: a circle of imports over 2 files, src/folder/b.rs -> \
         src/folder/mod.rs (MAX); src/folder/mod.rs -> src/folder/b.rs (B): ",
    );
}

#[test]
fn what_a_macro_defines_counts_for_the_file_of_its_module() {
    let circle = Example::new()
        .source("lib.rs", "mod a;\nmod b;\n")
        .source("a.rs", "names! { pub enum Kind { One } }\nfn f() -> crate::b::B { todo!() }\n")
        .source("b.rs", "use crate::a::Kind;\npub struct B(Kind);\n");
    assert!(circle.findings().contains("src/b.rs -> src/a.rs (Kind)"));
}

#[test]
fn code_for_tests_makes_no_circle() {
    let tree = Example::new()
        .source("lib.rs", "mod a;\nmod b;\n#[cfg(any(test, feature = \"fuzz\"))]\nmod fuzz;\n")
        .source("fuzz.rs", "pub use crate::a::A;\n")
        .source("a.rs", "pub struct A;\n#[cfg(test)]\nmod tests { use crate::b::B; }\n")
        .source("b.rs", "use crate::a::A;\npub struct B(A);\npub use crate::fuzz::C;\n");
    tree.has_none();
}

#[test]
fn a_crate_sees_only_what_the_table_allows() {
    let core = |dependencies| Example::new().manifest("crates/core", "catchment-core", dependencies);
    core("[dependencies]\nserde = \"1\"\n[dev-dependencies]\nsqlx = \"1\"\n").has_none();
    core("[dependencies]\nserde = \"1\"\nsqlx.workspace = true\n")
        .has_one("crates/core/Cargo.toml:6: `catchment-core` depends on `sqlx`: ");
    core("[target.'cfg(unix)'.dependencies]\ndb = { package = \"sqlx\" }\n")
        .has_one("crates/core/Cargo.toml:5: `catchment-core` depends on `sqlx`: ");
    core("[dependencies]\ncatchment.workspace = true\n")
        .manifest("crates/catchment", "catchment", "")
        .has_one("crates/core/Cargo.toml:5: `catchment-core` depends on `catchment`: ");
}

#[test]
fn the_contract_takes_channels_of_tokio_alone() {
    let core = |tokio| {
        Example::new().manifest(
            "crates/core",
            "catchment-core",
            &format!("[dependencies]\ntokio = {tokio}\n"),
        )
    };
    core(r#"{ version = "1", default-features = false, features = ["sync"] }"#).has_none();
    let other = [
        r#""1""#,
        "{ workspace = true, default-features = false }",
        r#"{ version = "1", features = ["sync"] }"#,
        r#"{ version = "1", default-features = false, features = ["sync", "rt"] }"#,
    ];
    for tokio in other {
        core(tokio).has_one("crates/core/Cargo.toml:5: `catchment-core` depends on `tokio`: ");
    }
}

#[test]
fn a_new_crate_needs_a_line_in_the_table() {
    Example::new()
        .manifest("crates/store", "catchment-store", "")
        .has_one("crates/store/Cargo.toml:1: nothing says what `catchment-store` may depend on: ");
    Example::new().manifest("fuzz", "catchment-fuzz", "").has_none();
}

#[test]
fn sql_stays_in_the_store_and_in_tests() {
    let sql = "/// SELECT is for docs.\nfn f() { query(\"DELETE FROM a\"); }\n";
    Example::new().source("lib.rs", sql).has_one(
        "crates/core/src/lib.rs:2: a string that begins with `DELETE FROM` is SQL outside of the store: ",
    );
    let in_macro = "fn f() { format!(\"\\n  INSERT INTO {a}\"); }\n";
    Example::new().source("lib.rs", in_macro).has_one("crates/core/src/lib.rs:1: ");
    let allowed = Example::new()
        .source("lib.rs", "fn f() { say(\"UPDATEd\", \"we SELECT \"); }\n#[cfg(test)]\nmod tests;\n")
        .source("tests.rs", sql)
        .file("crates/core/tests/it.rs", sql)
        .manifest("trials", "trials", "")
        .file("trials/src/main.rs", sql)
        .manifest("crates/catchment", "catchment", "")
        .file("crates/catchment/src/lib.rs", "mod store;\n")
        .file("crates/catchment/src/store/mod.rs", sql);
    allowed.has_none();
}

#[test]
fn the_doors_do_not_reach_the_store() {
    let door = |text| {
        let example = Example::new().manifest("crates/catchment-cli", "catchment-cli", "");
        example.file("crates/catchment-cli/src/main.rs", text)
    };
    door("use catchment::{App, StoredError};\nfn f() { service.store(key); }\n").has_none();
    door("use catchment::{App, Store};\n").has_one("crates/catchment-cli/src/main.rs:1: `catchment::Store`");
    door("\nfn f() -> catchment::Store {}\n")
        .has_one("crates/catchment-cli/src/main.rs:2: `catchment::Store`");
    door("fn f() { json!(app.store().runs()); }\n").has_one("crates/catchment-cli/src/main.rs:1: `.store()`");
}
