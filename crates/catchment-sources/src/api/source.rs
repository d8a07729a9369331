//! JSON APIs: requests, records, pages.

mod answer;
mod detect;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod incremental;
mod link;
mod options;
mod out;
mod pagination;
mod reader;
mod state;

use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{Adapter, Finding, Host, Inspection, Page, Reading, Result, Source, masked};
use futures::stream::BoxStream;
use reqwest::Url;

pub use options::{ApiOptions, IncrementalOptions, Method, PaginationOptions, PaginationType};

use crate::http::{Client, Limits, Setup, check_address, source_url};
use crate::stream::from_task;
use catchment_formats::json::path::Path;
use incremental::Incremental;
use pagination::{Pagination, Place, kind, param_texts, set_param};
use reader::Reader;
use state::Layout;

/// Of one answer, where the options do not say it.
const MAX_PAGE_BYTES: u64 = 256 << 20;
/// Records that inspecting shows.
const SHOWN: usize = 100;

/// A JSON API.
pub struct Api {
    inner: Arc<Inner>,
}

/// The options, checked and made ready.
struct Inner {
    /// With the parameters that all requests have.
    url: Url,
    method: Method,
    body: Option<serde_json::Value>,
    client: Client,
    data_path: Option<String>,
    pagination: Option<PaginationOptions>,
    incremental: Option<Incremental>,
    error_path: Option<Path>,
    max_record_bytes: usize,
}

impl Inner {
    /// What the options say of it.
    fn layout(&self) -> Layout {
        Layout { data_path: self.data_path.clone(), pagination: self.pagination.clone(), columns: None }
    }
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
        check_address(&source_url(identifier)?, &host.network).map_err(|error| {
            let message = error.message().to_owned();
            error.with_detail("/sourceIdentifier", message)
        })
    }

    fn new(identifier: &str, options: ApiOptions, host: &Host) -> Result<Self> {
        options.check()?;
        let mut url = source_url(identifier)?;
        let (method, max_record_bytes) = (options.method(), options.max_record_bytes());
        options::path("dataPath", options.data_path.as_deref())?;
        if let Some(pagination) =
            options.pagination.as_ref().filter(|options| kind(options) != PaginationType::Auto)
        {
            Pagination::new(pagination)?;
        }
        let client = Client::new(
            Setup {
                home: url.clone(),
                headers: options.headers,
                params: secret_params(&options.params),
                auth: options.auth,
                other_origins: options.other_origins,
                limits: Limits {
                    timeouts: options.timeouts,
                    page_bytes: options.max_page_bytes.unwrap_or(MAX_PAGE_BYTES),
                },
                rate_limit: options.rate_limit,
                rules: options.error_rules,
                accept: "application/json, */*;q=0.5",
                decodes_text: true,
            },
            host,
        )?;
        for (name, value) in &options.params {
            set_param(&mut url, name, value);
        }
        let incremental = options.incremental.as_ref().map(Incremental::new).transpose()?;
        let inner = Inner {
            url,
            method,
            body: options.body,
            client,
            data_path: options.data_path,
            pagination: options.pagination,
            incremental,
            error_path: options::path("errorPath", options.error_path.as_deref())?,
            max_record_bytes,
        };
        Ok(Self { inner: Arc::new(inner) })
    }
}

/// The parameters that may be secrets: texts, as they are stored sealed too.
fn secret_params(params: &serde_json::Map<String, serde_json::Value>) -> Vec<(String, String)> {
    let is_text = |value: &serde_json::Value| {
        value.is_string()
            || value.as_array().is_some_and(|values| values.iter().any(serde_json::Value::is_string))
    };
    let pairs = params.iter().filter(|(_, value)| is_text(value));
    pairs.flat_map(|(name, value)| param_texts(value).into_iter().map(|text| (name.clone(), text))).collect()
}

/// How the next page is asked for, for people.
fn describe(pagination: Option<&PaginationOptions>, next: &Place) -> String {
    let option = |name: fn(&PaginationOptions) -> Option<&String>, default: &str| {
        pagination.and_then(name).map_or_else(|| default.to_owned(), Clone::clone)
    };
    match next {
        Place::First => "the same address".to_owned(),
        Place::Page(number) => format!("{}={number}", option(|it| it.page_param.as_ref(), "page")),
        Place::Offset(number) => format!("{}={number}", option(|it| it.offset_param.as_ref(), "offset")),
        Place::Token(_) => {
            let path = option(|it| it.cursor_path.as_ref().or(it.cursor_header.as_ref()), "the answer");
            format!("the token in {path}")
        }
        Place::Url(url) => format!("the link to {}", masked(url)),
    }
}

#[async_trait]
impl Source for Api {
    async fn test_connection(&self) -> Result<()> {
        let test = async {
            let mut reader = Reader::start(self.inner.clone(), &Reading::default())?;
            if let Some(answer) = reader.fetch().await? {
                reader.look(answer, 0).await?;
            }
            Ok(())
        };
        test.await.map_err(|error| self.inner.client.cleaned(error))
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        let api = self.inner.clone();
        from_task(async move |feed| match Reader::start(api, &reading) {
            Ok(reader) => reader.run(reading.page_size, feed).await,
            Err(error) => feed.end(Err(error)).await,
        })
    }

    /// Asks for the first page, and for the second one where there is one: how it is asked for is known to be right only
    /// then.
    async fn inspect(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.look(fields).await.map_err(|error| self.inner.client.cleaned(error))
    }
}

impl Api {
    async fn look(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        let mut reader = Reader::start(self.inner.clone(), &Reading { fields, ..Reading::default() })?;
        let mut findings = Vec::new();
        let mut find = |about, message: String| findings.push(Finding { about, message });
        let Some(answer) = reader.fetch().await? else {
            return Ok(Inspection { found: serde_json::Map::new(), findings, page: None });
        };
        find("reachable", format!("{} answered {}", masked(answer.url.as_str()), answer.status));
        find(
            "authenticated",
            match self.inner.client.authentication() {
                "none" => "without authentication".to_owned(),
                scheme => format!("by {scheme}"),
            },
        );
        let (page, seen) = reader.look(answer, SHOWN).await?;
        let path = reader.layout().data_path.clone().unwrap_or_default();
        find("records", format!("{} at {path}", seen.count));
        match reader.next(&seen)? {
            None => find("next_page", "there is none".to_owned()),
            Some(next) => {
                let how = describe(reader.layout().pagination.as_ref(), &next);
                reader.step(next);
                let count = match reader.fetch().await? {
                    Some(answer) => reader.look(answer, 0).await?.1.count,
                    None => 0,
                };
                find("next_page", format!("{how}: {count} records"));
            }
        }
        let Layout { data_path, pagination, .. } = reader.layout();
        let mut found = serde_json::Map::new();
        found.extend(data_path.clone().map(|path| ("dataPath".to_owned(), path.into())));
        if let Some(pagination) = pagination {
            let options = serde_json::to_value(pagination).unwrap_or_default();
            found.insert("pagination".to_owned(), options);
        }
        let page = (!page.records.is_empty() || !page.rejects.is_empty()).then_some(page);
        Ok(Inspection { found, findings, page })
    }
}
