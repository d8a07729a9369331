//! A request for a sync.

use catchment_core::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::parse_body;

/// A request for a sync, the same through every door: the body of `POST /v1/sync/trigger`.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncRequest {
    /// `csv`, or another registered type.
    pub source_type: String,
    /// Path or address of the source.
    pub source_identifier: String,
    /// Options of the source and of the target.
    #[serde(default)]
    pub options: Map<String, Value>,
}

impl SyncRequest {
    /// A request from its JSON form.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn from_json(value: Value) -> Result<Self> {
        if !value.is_object() {
            let message = "the request is not valid: it must be a JSON object with sourceType, sourceIdentifier and \
                           options";
            return Err(Error::config("invalid_request", message).with_detail("", message));
        }
        parse_body(value)
    }
}
