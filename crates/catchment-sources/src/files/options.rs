//! The options of places: what becomes of several files, and of files that were read before.

use catchment_core::{Result, invalid_option};
use schemars::JsonSchema;
use serde::Deserialize;

/// Which files of a place are read, and what becomes of those that cannot be.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PlaceOptions {
    /// Of a folder or a pattern: what becomes of a file that cannot be read, such as one that is cut off: `reject` makes it a
    /// reject and goes on with the next file (the default), `fail` ends the run.
    pub on_bad_file: Option<OnBadFile>,
    /// Whether only those files are read that no completed run of the same request has read: by their path, size and time, and
    /// where these differ by a digest of what they hold. Of a file at an address: whether it is left alone as long as its
    /// server says that it has not changed (`ETag`, `Last-Modified`). Default false.
    pub new_files: Option<bool>,
    /// With `newFiles`: whether files of text grow at their end, as logs do. Of one that has grown, what is new is read, once
    /// its last line has its end; one whose beginning has changed is read anew. Default false.
    pub append_only: Option<bool>,
}

/// What becomes of a file that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum OnBadFile {
    /// It is a reject.
    #[default]
    Reject,
    /// The run fails.
    Fail,
}

/// The options, checked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PlaceRules {
    pub(crate) on_bad_file: OnBadFile,
    pub(crate) new_files: bool,
    pub(crate) append_only: bool,
}

impl PlaceOptions {
    pub(crate) fn check(&self, is_remote: bool) -> Result<PlaceRules> {
        let rules = PlaceRules {
            on_bad_file: self.on_bad_file.unwrap_or_default(),
            new_files: self.new_files.unwrap_or_default(),
            append_only: self.append_only.unwrap_or_default(),
        };
        if rules.append_only && !rules.new_files {
            return Err(invalid_option(
                "appendOnly",
                "needs the option `newFiles`, which remembers where files ended",
            ));
        }
        if rules.append_only && is_remote {
            return Err(invalid_option(
                "appendOnly",
                "is for files on a disk, and this one is at an address; leave it out",
            ));
        }
        Ok(rules)
    }
}
