//! Calls a fuzz target with what is kept of its inputs, in plain tests.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Calls `target` with each file of its corpus, in `fuzz/corpus`.
///
/// # Panics
/// Where there is none, and where the target does, with the names of the files.
pub(crate) fn run(name: &str, target: fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let entries = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("no corpus at {dir:?}: {error}"));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "the corpus at {dir:?} is empty");
    files.retain(|file| {
        let data = std::fs::read(file).unwrap();
        catch_unwind(AssertUnwindSafe(|| target(&data))).is_err()
    });
    assert!(files.is_empty(), "{name} fails with {files:#?}");
}

/// A test for each target of a module, with the corpus of its name.
macro_rules! corpora {
    ($module:ident: $($target:ident),*) => {
        $(
            #[test]
            fn $target() {
                run(stringify!($target), $module::$target);
            }
        )*
    };
}
