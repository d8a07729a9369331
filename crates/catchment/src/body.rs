//! Bodies of requests, from their JSON.

use catchment_core::{Error, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A body from its JSON form.
///
/// # Errors
/// `config`, with a JSON pointer to what does not fit.
pub(crate) fn parse_body<T: DeserializeOwned>(value: Value) -> Result<T> {
    catchment_core::parse("", value).map_err(|error: Error| error.during("the request is not valid"))
}

/// A value that is given, `null` as well.
pub(crate) fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}
