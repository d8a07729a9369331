//! The options of JSON in files.

use catchment_core::{Result, invalid_option};
use schemars::JsonSchema;
use serde::Deserialize;

use super::path::Path;
use crate::text::encoding::TextEncoding;

/// Where the records of a JSON document are.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JsonOptions {
    /// Path of the list of records in a JSON document: a dotted path such as `data.items`, or a JSONPath (RFC 9535), which
    /// begins with `$`. Found by default, as that of an API is.
    pub data_path: Option<String>,
}

/// The options, checked.
#[derive(Debug, Clone)]
pub(super) struct ValidatedJsonOptions {
    pub(super) data_path: Option<Path>,
    pub(super) encoding: Option<TextEncoding>,
    pub(super) max_record_bytes: usize,
    pub(super) max_bytes: u64,
    /// Whether a last line without its end is not whole yet.
    pub(super) is_growing: bool,
}

impl JsonOptions {
    pub(super) fn path(&self) -> Result<Option<Path>> {
        let path = self.data_path.as_deref().map(Path::parse).transpose();
        path.map_err(|problem| invalid_option("dataPath", &problem))
    }
}
