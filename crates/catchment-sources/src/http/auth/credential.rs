//! Credentials: what is added to a request so that the other side knows who asks.

use catchment_core::{Result, invalid_option};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};

use crate::http::address::remove_param;

/// What is added to a request.
#[derive(Clone)]
pub(in crate::http) enum Credential {
    None,
    Header(HeaderName, HeaderValue),
    Query { name: String, value: String },
}

impl Credential {
    /// Adds it to a request.
    pub(in crate::http) fn apply(&self, url: &mut Url, headers: &mut HeaderMap) {
        match self {
            Self::None => {}
            Self::Header(name, value) => {
                headers.insert(name, value.clone());
            }
            Self::Query { name, value } => {
                remove_param(url, name);
                url.query_pairs_mut().append_pair(name, value);
            }
        }
    }

    /// Whether it is the same header; a parameter is never renewed.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Header(name, value), Self::Header(other_name, other)) => {
                name == other_name && value == other
            }
            _ => false,
        }
    }
}

/// The header `Authorization` of a scheme.
pub(super) fn authorization(scheme: &str, text: &str) -> Result<Credential> {
    Ok(Credential::Header(AUTHORIZATION, header_value(scheme, text)?))
}

/// A header value that is not printed; without a scheme where that is empty.
pub(super) fn header_value(scheme: &str, text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(format!("{scheme} {text}").trim_start()).map_err(|_| {
        invalid_option("auth", "a secret has characters that a header cannot have, such as a line break")
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Base64 of RFC 4648, with padding.
pub(super) fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
