//! A file at an address: fetched whole into a file without a name, and read like one on the disk from there. So it
//! is known to have come whole before its first row is written, and it can be looked at as often as finding out its
//! dialect takes.

use std::collections::BTreeMap;
use std::fs::File;

use catchment_core::{Error, ErrorKind, Host, Pulse, Result, Secret, mask_url_query};
use reqwest::Url;
use reqwest::header::{
    CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::http::{
    Answer, AuthOptions, Client, ClientOptions, Dialect, HttpLimits, OtherOrigins, RateLimit, Request, Saved,
    Timeouts, save, writing,
};

/// A download ends when it is silent, not when it is long.
const MAX_SECONDS: u64 = 24 * 60 * 60;

/// How a remote file (at a URL) is fetched. Not for local files.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RemoteFileOptions {
    /// For addresses: headers of the request. Values are secrets: `"text"`, `{"env": "NAME"}` or `{"file": "path"}`.
    pub headers: BTreeMap<String, Secret>,
    /// For addresses: how the request is authenticated, as of an API.
    pub auth: Option<AuthOptions>,
    /// For addresses: what happens where a redirect leads to another origin: `refuse` (the default) or `bare`.
    pub other_origins: OtherOrigins,
    /// For addresses: how long the answer may take. Default for `total` 86400.
    pub timeouts: Timeouts,
}

impl RemoteFileOptions {
    /// One of them that is given, and means nothing to a file on a disk.
    pub(super) fn given(&self) -> Option<&'static str> {
        let given = [("auth", self.auth.is_some()), ("headers", !self.headers.is_empty())];
        given.into_iter().find(|(_, is_given)| *is_given).map(|(option, _)| option)
    }
}

/// The version of a remote file, as its server tells it (RFC 9110, 8.8).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RemoteVersion {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl RemoteVersion {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }

    /// Headers of a request that is answered only where the version is another one.
    fn conditions(&self) -> HeaderMap {
        let pairs = [(IF_NONE_MATCH, &self.etag), (IF_MODIFIED_SINCE, &self.last_modified)];
        let value = |text: &Option<String>| HeaderValue::from_str(text.as_deref()?).ok();
        pairs.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect()
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// The kinds of content (`Accept`).
    pub(crate) accept: &'static str,
    /// The longest file.
    pub(crate) max_bytes: u64,
}

/// A remote file: its URL, and the client that fetches it.
pub(crate) struct RemoteFile {
    pub(super) url: Url,
    client: Client,
}

impl RemoteFile {
    pub(super) fn new(url: Url, options: RemoteFileOptions, wanted: Wanted, host: &Host) -> Result<Self> {
        let total = options.timeouts.total.or(Some(MAX_SECONDS));
        let client = Client::new(
            ClientOptions {
                home: url.clone(),
                more_homes: Vec::new(),
                headers: options.headers,
                params: Vec::new(),
                auth: options.auth,
                other_origins: options.other_origins,
                limits: HttpLimits {
                    timeouts: Timeouts { total, ..options.timeouts },
                    page_bytes: wanted.max_bytes,
                },
                rate_limit: RateLimit::default(),
                rules: Vec::new(),
                dialect: Dialect::default(),
                accept: wanted.accept,
                decodes_text: false,
            },
            host,
        )?;
        Ok(Self { url, client })
    }

    /// Fetches the file, or no more than so many bytes of its beginning. Whether that is the whole file.
    pub(super) async fn fetch(&self, most: Option<u64>, pulse: &Pulse) -> Result<(File, bool)> {
        self.fetch_part(most, pulse).await.map_err(|error| self.client.redact_error(error))
    }

    /// Fetches the file, unless its server says that it is still the version that is known; with the version it is now.
    pub(super) async fn fetch_if_new(
        &self,
        known: Option<&RemoteVersion>,
        pulse: &Pulse,
    ) -> Result<(Option<File>, RemoteVersion)> {
        let fetch = async {
            let answer = self.client.send(&self.request(known), pulse).await?;
            if let (Some(known), Some(_)) = (known, answer.end) {
                return Ok((None, known.clone()));
            }
            let version = RemoteVersion::of(&answer.headers);
            let (file, _) = self.save(answer, None).await?;
            Ok((Some(file), version))
        };
        fetch.await.map_err(|error| self.client.redact_error(error))
    }

    fn request(&self, known: Option<&RemoteVersion>) -> Request {
        let headers = known.map(RemoteVersion::conditions).unwrap_or_default();
        let end_status = if headers.is_empty() { Vec::new() } else { vec![304] };
        Request { headers, end_status, ..Request::get(self.url.clone()) }
    }

    async fn fetch_part(&self, most: Option<u64>, pulse: &Pulse) -> Result<(File, bool)> {
        let answer = self.client.send(&self.request(None), pulse).await?;
        self.save(answer, most).await
    }

    /// Copies an answer to a file, or so many bytes of its beginning. Whether that is all of it.
    async fn save(&self, answer: Answer, most: Option<u64>) -> Result<(File, bool)> {
        let content_type =
            answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.starts_with("text/html") {
            let message = format!(
                "{} answered with a web page (HTML) instead of a file; check the URL, and whether it needs the \
                 option `auth`",
                mask_url_query(self.url.as_str())
            );
            let quote = self.client.quote(&answer.body.beginning());
            return Err(Error::new(ErrorKind::Api, "not_csv", message).with_quote(quote));
        }
        let mut file = tempfile::tempfile().map_err(writing)?;
        let mut saved = Saved::default();
        save(answer, most, &mut file, &mut saved).await?;
        if saved.is_whole && !saved.is_proven_whole {
            return Err(self.not_proven_whole(saved.bytes));
        }
        Ok((file, saved.is_whole))
    }

    /// A connection that was cut looks the same.
    fn not_proven_whole(&self, count: u64) -> Error {
        let message = format!(
            "{} closed the connection after {count} bytes without having announced a length, so that the file may \
             be incomplete; have its server send a Content-Length, or compress its answer",
            mask_url_query(self.url.as_str())
        );
        Error::new(ErrorKind::Network, "not_proven_whole", message)
    }
}
