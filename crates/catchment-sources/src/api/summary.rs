//! What remains of an answer once its records have been taken.

use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

use super::pagination::ResponseFacts;
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

impl AnswerSummary {
    /// What it says of the pages around it: `read` records up to it, `largest` in one page, and the last `total` that was
    /// told.
    pub(super) fn facts(&self, read: u64, largest: u64, total: Option<u64>) -> ResponseFacts<'_> {
        ResponseFacts {
            headers: &self.headers,
            envelope: &self.envelope,
            count: self.count,
            read,
            largest,
            total,
        }
    }
}
