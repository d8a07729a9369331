//! What is on a volume and is nobody's: what systems and programs leave there.

/// Names of files and folders, without case.
const NAMES: &[&str] = &[
    "system volume information",
    "$recycle.bin",
    "recycler",
    "recycled",
    "thumbs.db",
    "desktop.ini",
    "autorun.inf",
    "lost+found",
    "lost.dir",
    "@eadir",
    "#recycle",
    "#snapshot",
    "__macosx",
];
/// Ends of names, without case.
const ENDS: &[&str] = &[".lnk", ".part", ".crdownload", ".tmp", ".filepart"];

/// Whether a name is of what nobody put there.
pub(super) fn is_junk(name: &str) -> bool {
    let lower = name.to_lowercase();
    // With two dots or more it is a name: `...And Justice for All`.
    let is_hidden = lower.starts_with('.') && !lower.starts_with("..");
    let is_found = lower
        .strip_prefix("found.")
        .is_some_and(|rest| rest.len() == 3 && rest.bytes().all(|byte| byte.is_ascii_digit()));
    is_hidden
        || is_found
        || lower.starts_with("~$")
        || NAMES.contains(&lower.as_str())
        || ENDS.iter().any(|end| lower.ends_with(end))
}

/// Whether a folder is that of programs of a phone.
pub(super) fn is_of_programs(path: &str) -> bool {
    path.eq_ignore_ascii_case("android/data") || path.eq_ignore_ascii_case("android/obb")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn junk_is_told_from_names() {
        for junk in [
            "._a.mp3",
            ".DS_Store",
            ".Trash-1000",
            "Thumbs.db",
            "$RECYCLE.BIN",
            "FOUND.000",
            "~$a.doc",
            "x.PART",
            "Music.lnk",
        ] {
            assert!(is_junk(junk), "{junk}");
        }
        for name in ["...And Justice for All", "a.mp3", "FOUND.mp3", "Recycled Air.mp3", "tmp"] {
            assert!(!is_junk(name), "{name}");
        }
        assert!(is_of_programs("Android/data") && !is_of_programs("Android"));
    }
}
