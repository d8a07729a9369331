//! The options of volumes.

use std::collections::BTreeMap;

use catchment_core::{Result, invalid_option};
use glob::Pattern;
use schemars::JsonSchema;
use serde::Deserialize;

use super::kinds::{ContentKind, plain};
use crate::patterns::ANY_CASE;

/// What is read of a volume. None is needed.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct UsbOptions {
    /// What folders of these names hold: `music`, `video`, `movie` or `game`, such as `{"Peliculas": "movie"}`; without case and accents.
    /// They add to those that are known, or say otherwise.
    pub folders: BTreeMap<String, String>,
    /// Only files whose paths in the volume fit one of these patterns, such as `Music/**/*.mp3`; upper and lower case are the same.
    pub include: Vec<String>,
    /// No files whose paths fit one of these patterns.
    pub exclude: Vec<String>,
    /// Whether tags of audio are read. Default true.
    pub tags: Option<bool>,
    /// A digest of each file, which finds copies of it on other volumes: `none` (the default), `quick` of its size, its beginning and its
    /// end (64 KiB each), or `full` of all of it, which reads the whole volume.
    pub hash: UsbHash,
}

/// Which digest is made of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UsbHash {
    /// None.
    #[default]
    None,
    /// SHA-256 of its size, and of its first and last 64 KiB.
    Quick,
    /// SHA-256 of all of it.
    Full,
}

/// The options, checked.
#[derive(Debug, Clone)]
pub(super) struct Rules {
    folders: BTreeMap<String, ContentKind>,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    pub(super) reads_tags: bool,
    pub(super) hash: UsbHash,
}

impl UsbOptions {
    pub(super) fn check(&self) -> Result<Rules> {
        let kind = |(name, word): (&String, &String)| {
            let kind = ContentKind::of_word(word).ok_or_else(|| {
                invalid_option(&format!("folders/{name}"), "must be `music`, `video`, `movie` or `game`")
            })?;
            Ok((plain(name), kind))
        };
        let patterns = |option: &str, texts: &[String]| {
            let pattern = |text: &String| {
                Pattern::new(text)
                    .map_err(|error| invalid_option(option, &format!("`{text}` is no pattern: {error}")))
            };
            texts.iter().map(pattern).collect::<Result<Vec<_>>>()
        };
        Ok(Rules {
            folders: self.folders.iter().map(kind).collect::<Result<_>>()?,
            include: patterns("include", &self.include)?,
            exclude: patterns("exclude", &self.exclude)?,
            reads_tags: self.tags.unwrap_or(true),
            hash: self.hash,
        })
    }
}

impl Rules {
    /// What a folder of this name holds.
    pub(super) fn kind_of_folder(&self, name: &str) -> Option<ContentKind> {
        self.folders.get(&plain(name)).copied().or_else(|| super::kinds::of_folder(name))
    }

    /// Whether a folder of this path is left out, with all that is in it.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let is_it = |pattern: &Pattern| {
            let whole = pattern.as_str().strip_suffix("/**").and_then(|folder| Pattern::new(folder).ok());
            pattern.matches_with(path, ANY_CASE)
                || whole.is_some_and(|folder| folder.matches_with(path, ANY_CASE))
        };
        self.exclude.iter().any(is_it)
    }

    /// Whether a file of this path is meant.
    pub(super) fn wants(&self, path: &str) -> bool {
        let fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches_with(path, ANY_CASE));
        (self.include.is_empty() || fits(&self.include)) && !fits(&self.exclude)
    }
}
