//! What remains of an answer once its records have been taken.

use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

use crate::http::EndReason;

/// An answer without its records.
pub(super) struct AnswerSummary {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) envelope: String,
    /// Records that it had.
    pub(super) count: u64,
    /// A digest of them.
    pub(super) digest: String,
    pub(super) end: Option<EndReason>,
}
