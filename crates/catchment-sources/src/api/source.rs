//! An API as a source: its name, its secrets, and its readings.

use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{Adapter, Host, Inspection, Page, Reading, Result, Source};
use futures::stream::BoxStream;

use super::endpoint::Endpoint;
use super::inspect;
use super::options::ApiOptions;
use super::reader::Reader;
use crate::http::{check_address, source_url};
use crate::stream::from_task;

/// A JSON API.
pub struct Api {
    pub(super) endpoint: Arc<Endpoint>,
}

impl Adapter for Api {
    const TYPE: &'static str = "api";
    const SECRETS: &'static [&'static str] = &[
        "/auth/token",
        "/auth/password",
        "/auth/key",
        "/auth/apiKey",
        "/auth/value",
        "/auth/clientSecret",
        "/auth/refreshToken",
        "/auth/tokenParams/*",
        "/headers/*",
        "/params/*",
    ];
    const STATELESS: &'static [&'static str] = &[
        "/auth",
        "/headers/authorization",
        "/headers/cookie",
        "/headers/x-api-key",
        "/headers/api-key",
        "/headers/x-auth-token",
        "/rateLimit",
        "/timeouts",
        "/maxPageBytes",
    ];
    type Options = ApiOptions;

    fn normalize(identifier: &str) -> Result<String> {
        source_url(identifier).map(String::from)
    }

    fn check_access(identifier: &str, host: &Host) -> Result<()> {
        check_address(&source_url(identifier)?, &host.network)
    }

    fn new(identifier: &str, options: ApiOptions, host: &Host) -> Result<Self> {
        Ok(Self { endpoint: Arc::new(Endpoint::new(identifier, options, host)?) })
    }
}

#[async_trait]
impl Source for Api {
    async fn test_connection(&self) -> Result<()> {
        let tested = inspect::test_connection(self.endpoint.clone()).await;
        tested.map_err(|error| self.endpoint.client.redact_error(error))
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let endpoint = self.endpoint.clone();
        from_task(async move |feed| match Reader::start(endpoint, &reading) {
            Ok(reader) => reader.run(reading.page_size, feed).await,
            Err(error) => feed.end(Err(error)).await,
        })
    }

    async fn inspect(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        let inspected = inspect::inspect(self.endpoint.clone(), fields, false).await;
        inspected.map_err(|error| self.endpoint.client.redact_error(error))
    }

    async fn explore(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        let inspected = inspect::inspect(self.endpoint.clone(), fields, true).await;
        inspected.map_err(|error| self.endpoint.client.redact_error(error))
    }
}
