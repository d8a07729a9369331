//! Which files of a folder are meant.

use catchment_core::{Result, invalid_option};
use glob::Pattern;
use unicode_normalization::UnicodeNormalization;

use super::names::{content_type, promises_rows};
use super::resource::DriveFile;
use crate::patterns::ANY_CASE;

/// Which files of a folder are meant.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Audio and video.
    Media,
    /// What can be read as rows.
    Rows,
    /// Names like this, in whatever folder.
    Named(Pattern),
    /// Paths like this below the folder.
    At(Pattern),
}

impl Wanted {
    /// What a pattern says, or what is usual.
    ///
    /// # Errors
    /// `config`, `invalid_options`.
    pub(super) fn new(pattern: Option<&str>, is_for_rows: bool) -> Result<Self> {
        let Some(pattern) = pattern else {
            return Ok(if is_for_rows { Self::Rows } else { Self::Media });
        };
        let pattern: String = pattern.trim().trim_start_matches('/').nfc().collect();
        // In whatever folder is what a name alone says as well.
        let name = pattern.strip_prefix("**/").unwrap_or(&pattern);
        let (name, is_name) = if name.contains('/') { (&*pattern, false) } else { (name, true) };
        let compiled = Pattern::new(name)
            .map_err(|error| invalid_option("pattern", &format!("is no pattern: {error}")))?;
        if name.is_empty() {
            return Err(invalid_option("pattern", "is empty; leave it out, or write one such as `*.csv`"));
        }
        Ok(if is_name { Self::Named(compiled) } else { Self::At(compiled) })
    }

    /// Whether a file is meant that is in a folder of this path.
    pub(super) fn has(&self, file: &DriveFile, folder: &str) -> bool {
        if file.is_folder() || file.target().is_some() {
            return false;
        }
        let name: String = file.name.nfc().collect();
        match self {
            Self::Media => content_type(&file.mime_type, &name).is_some(),
            Self::Rows => file.is_spreadsheet() || !file.is_native() && promises_rows(&name),
            Self::Named(pattern) => pattern.matches_with(&segment(&name), ANY_CASE),
            Self::At(pattern) => pattern.matches_with(&join(folder, &name), ANY_CASE),
        }
    }

    /// Whether it takes the path of its folder to tell whether a file is meant.
    pub(super) fn needs_path(&self) -> bool {
        matches!(self, Self::At(_))
    }
}

/// The path of something in a folder.
pub(super) fn join(folder: &str, name: &str) -> String {
    let name = segment(&name.nfc().collect::<String>());
    if folder.is_empty() { name } else { format!("{folder}/{name}") }
}

/// A name as a part of a path: Drive lets it hold what separates these.
fn segment(name: &str) -> String {
    name.replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(pattern: &str, folder: &str, name: &str) -> bool {
        let file = serde_json::json!({"id": "x", "name": name, "mimeType": "text/csv", "trashed": false});
        Wanted::new(Some(pattern), true).unwrap().has(&serde_json::from_value(file).unwrap(), folder)
    }

    #[test]
    fn a_pattern_without_a_path_is_of_names() {
        assert!(
            has("*.csv", "a/b", "Prices.CSV")
                && has("**/*.csv", "", "a.csv")
                && has("**/*.csv", "x", "a.csv")
        );
        assert!(has("2026/**/*.csv", "2026", "a.csv") && has("2026/**/*.csv", "2026/11", "a.csv"));
        assert!(
            !has("2026/*.csv", "2026/11", "a.csv")
                && !has("2026/*.csv", "", "a.csv")
                && !has("*.csv", "", "a.json")
        );
        assert!(has("zoe\u{308}*.csv", "", "Zoë 1.csv") && has("a_b.csv", "", "a/b.csv"));
        assert!(Wanted::new(Some("["), true).is_err() && Wanted::new(Some(" "), true).is_err());
    }
}
