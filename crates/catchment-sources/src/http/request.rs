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
    /// Those that are secrets, and go to the source alone.
    pub(crate) home_headers: HeaderMap,
    /// Whether its body is continued where it breaks off, and need not be taken whole before anybody sees it.
    pub(crate) is_continued: bool,
    /// Statuses that mean an answer without records.
    pub(crate) end_status: Vec<u16>,
    /// Most bytes of its answer, where they are other ones than those of the client.
    pub(crate) max_bytes: Option<u64>,
}

impl Request {
    /// A plain GET.
    pub(crate) fn get(url: Url) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
            headers: HeaderMap::new(),
            home_headers: HeaderMap::new(),
            is_continued: false,
            end_status: Vec::new(),
            max_bytes: None,
        }
    }
}
