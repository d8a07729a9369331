//! Requests, before they are authenticated.

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

/// A request, before credentials.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// JSON.
    pub(crate) body: Option<String>,
    /// Such as `If-None-Match`.
    pub(crate) headers: HeaderMap,
    /// Statuses that mean an answer without records.
    pub(crate) end_status: Vec<u16>,
}
