//! Where a page is: a number, an offset, a token or a URL.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where a page is. A cursor keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) enum PageLocator {
    /// The first one, where it needs no more than the source's own address.
    First,
    Page(u64),
    Offset(u64),
    /// The parameters that an answer gave for the next request.
    Token(Map<String, Value>),
    Url(String),
}
