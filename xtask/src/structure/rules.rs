//! The rules themselves, as tables: how large a file may be, what each crate may depend on, where SQL may stand.
//! Change them here; the files beside this one only apply them.

/// Lines of a Rust file.
pub(super) const MAX_FILE_LINES: usize = 300;
/// Lines of a function, from its `fn` to its closing brace.
pub(super) const MAX_FUNCTION_LINES: usize = 50;

/// Directories, below the root of the repository, whose Rust files are held to the rules.
pub(super) const ROOTS: [&str; 6] = ["crates", "examples", "fakes", "xtask", "trials", "fuzz"];

/// What a package may name in its `[dependencies]`. Its `[dev-dependencies]` are free.
pub(super) struct Dependencies {
    pub(super) package: &'static str,
    /// The packages of this repository that it may depend on; no others.
    pub(super) ours: &'static [&'static str],
    /// The packages of others that it may not depend on.
    pub(super) banned: &'static [&'static str],
    /// Packages that it may depend on without their default features, and with no features but these.
    pub(super) restricted: &'static [(&'static str, &'static [&'static str])],
}

/// A line a crate; a crate below `crates/` that is missing here is a finding.
pub(super) const DEPENDENCIES: [Dependencies; 7] = [
    Dependencies {
        package: "catchment-core",
        ours: &[],
        banned: &["axum", "hyper", "reqwest", "sqlx", "clap"],
        // Channels alone: no runtime.
        restricted: &[("tokio", &["sync"])],
    },
    Dependencies {
        package: "catchment-formats",
        ours: &["catchment-core"],
        banned: &["tokio", "futures", "async-trait", "reqwest", "axum", "sqlx", "clap"],
        restricted: &[],
    },
    Dependencies {
        package: "catchment-sources",
        ours: &["catchment-core", "catchment-formats"],
        banned: &["sqlx", "axum", "clap"],
        restricted: &[],
    },
    Dependencies {
        package: "catchment",
        ours: &["catchment-core"],
        banned: &["axum", "hyper", "clap", "reqwest", "anstream", "indicatif"],
        restricted: &[],
    },
    Dependencies {
        package: "catchment-cli",
        ours: &["catchment", "catchment-core", "catchment-sources"],
        banned: &["sqlx"],
        restricted: &[],
    },
    // What an author of a source needs.
    Dependencies {
        package: "folder-listing",
        ours: &["catchment-cli", "catchment-core"],
        banned: &["sqlx", "axum", "clap", "reqwest"],
        restricted: &[],
    },
    Dependencies {
        package: "fixed-width",
        ours: &["catchment-cli", "catchment-core"],
        banned: &["sqlx", "axum", "clap", "reqwest"],
        restricted: &[],
    },
];

/// The doors reach the services of the library, and never its store.
pub(super) const DOORS: &str = "crates/catchment-cli/src/";

/// The one folder whose files contain SQL.
pub(super) const SQL_HOME: &str = "crates/catchment/src/store/";
/// Packages of tools, which look at a database from outside.
pub(super) const SQL_FREE: [&str; 2] = ["xtask", "trials"];
/// How a string literal begins that is SQL.
pub(super) const SQL_BEGINNINGS: [&str; 5] =
    ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "CREATE TABLE"];
