//! What a completed run carries over to the next one: the highest value of an incremental reading, and the validators of
//! conditional requests (RFC 9110, 13).

use catchment_core::{Cursor, Reading, Result};
use reqwest::header::{
    ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use serde::{Deserialize, Serialize};

/// What a completed run leaves for the next one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Carryover {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) highest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
}

impl Carryover {
    /// That of the run before; nothing where it cannot be read.
    pub(super) fn of(reading: &Reading) -> Self {
        reading
            .carryover
            .clone()
            .and_then(|carryover| serde_json::from_value(carryover).ok())
            .unwrap_or_default()
    }

    /// With the validators of an answer, where that one alone is the source.
    pub(super) fn new(highest: Option<String>, answer: Option<&HeaderMap>) -> Self {
        let header = |name: HeaderName| answer?.get(name)?.to_str().ok().map(str::to_owned);
        Self { highest, etag: header(ETAG), last_modified: header(LAST_MODIFIED) }
    }

    /// The headers of a conditional request: asks for an answer only if it is another one than the last run had.
    pub(super) fn conditions(&self) -> HeaderMap {
        let pairs = [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)];
        let value = |text: &Option<String>| HeaderValue::from_str(text.as_deref()?).ok();
        pairs.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect()
    }

    /// As the next run gets it.
    pub(super) fn to_json(&self) -> Result<serde_json::Value> {
        Ok(Cursor::new(0, self)?.state)
    }
}
