//! What an answer says of the pages around it.

use reqwest::header::HeaderMap;

/// What an answer says beside its records, and what was counted up to it.
pub(in crate::api) struct ResponseFacts<'a> {
    pub(in crate::api) headers: &'a HeaderMap,
    /// The answer without its records.
    pub(in crate::api) envelope: &'a str,
    /// Records in it.
    pub(in crate::api) count: u64,
    /// Records of all pages up to this one.
    pub(in crate::api) read: u64,
    /// Records of the largest page so far.
    pub(in crate::api) largest: u64,
    /// Records that the source said last to have.
    pub(in crate::api) total: Option<u64>,
}
