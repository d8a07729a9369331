//! A CSV file at an address: fetched whole into a file without a name, and read like one on the disk from there. So it
//! is known to have come whole before its first row is written, and it can be looked at as often as finding out its
//! dialect takes.

use std::fs::File;
use std::io::Write;

use catchment_core::{Error, ErrorKind, Host, Pulse, Result, masked};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Method, Url};

use super::options::CsvOptions;
use crate::http::{Body, Client, Limits, RateLimit, Request, Setup, Timeouts, source_url};

/// A download ends when it is silent, not when it is long.
const MAX_SECONDS: u64 = 24 * 60 * 60;

pub(super) struct Remote {
    url: Url,
    client: Client,
}

impl Remote {
    pub(super) fn new(identifier: &str, options: &CsvOptions, max_bytes: u64, host: &Host) -> Result<Self> {
        let url = source_url(identifier)?;
        let total = options.timeouts.total.or(Some(MAX_SECONDS));
        let client = Client::new(
            Setup {
                home: url.clone(),
                headers: options.headers.clone(),
                auth: options.auth.clone(),
                other_origins: options.other_origins,
                limits: Limits { timeouts: Timeouts { total, ..options.timeouts }, page_bytes: max_bytes },
                rate_limit: RateLimit::default(),
                rules: Vec::new(),
                accept: "text/csv, */*;q=0.5",
                decodes_text: false,
            },
            host,
        )?;
        Ok(Self { url, client })
    }

    /// Fetches the file.
    pub(super) async fn fetch(&self, pulse: &Pulse) -> Result<File> {
        let request = Request {
            method: Method::GET,
            url: self.url.clone(),
            body: None,
            headers: HeaderMap::new(),
            end_status: Vec::new(),
        };
        let answer = self.client.send(&request, pulse).await?;
        let content_type =
            answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        if content_type.starts_with("text/html") {
            let message = format!(
                "{} answered with a page (HTML) instead of a file: {}",
                masked(self.url.as_str()),
                self.client.clean(&answer.body.excerpt())
            );
            return Err(Error::new(ErrorKind::Api, "not_csv", message));
        }
        let failed = |error| Error::io("storing the file while it is fetched", error);
        let mut file = tempfile::tempfile().map_err(failed)?;
        match answer.body {
            Body::Whole(bytes) => file.write_all(&bytes).map_err(failed)?,
            Body::Stream { head, mut rest } => {
                file.write_all(&head).map_err(failed)?;
                while let Some(piece) = rest.next().await? {
                    file.write_all(&piece).map_err(failed)?;
                }
            }
        }
        Ok(file)
    }
}
