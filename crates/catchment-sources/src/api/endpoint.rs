//! The endpoint of an API: the options of a source, checked and made ready for requests.

use catchment_core::{Host, Result};
use catchment_formats::json::path::Path;
use reqwest::Url;
use reqwest::header::HeaderMap;

use super::incremental::Incremental;
use super::options::{ApiOptions, Method, PaginationOptions, PaginationType, path};
use super::pagination::{Pagination, RequestDraft, pagination_type, param_texts, set_param};
use super::state::ApiLayout;
use crate::http::{Client, ClientOptions, Dialect, HttpLimits, Request, source_url};

/// Of one answer, where the options do not say it.
const MAX_PAGE_BYTES: u64 = 256 << 20;

/// The options of a source, checked and made ready.
pub(super) struct Endpoint {
    /// With the parameters that all requests have.
    pub(super) url: Url,
    method: Method,
    body: Option<serde_json::Value>,
    pub(super) client: Client,
    pub(super) data_path: Option<String>,
    pagination: Option<PaginationOptions>,
    pub(super) incremental: Option<Incremental>,
    pub(super) error_path: Option<Path>,
    pub(super) max_record_bytes: usize,
}

impl Endpoint {
    /// Checks what can be checked without I/O.
    pub(super) fn new(identifier: &str, options: ApiOptions, host: &Host) -> Result<Self> {
        options.check()?;
        let mut url = source_url(identifier)?;
        let (method, max_record_bytes) = (options.method(), options.max_record_bytes());
        path("dataPath", options.data_path.as_deref())?;
        if let Some(pagination) =
            options.pagination.as_ref().filter(|options| pagination_type(options) != PaginationType::Auto)
        {
            Pagination::new(pagination)?;
        }
        let client = Client::new(
            ClientOptions {
                home: url.clone(),
                more_homes: Vec::new(),
                headers: options.headers,
                params: secret_params(&options.params),
                auth: options.auth,
                other_origins: options.other_origins,
                limits: HttpLimits {
                    timeouts: options.timeouts,
                    page_bytes: options.max_page_bytes.unwrap_or(MAX_PAGE_BYTES),
                },
                rate_limit: options.rate_limit,
                rules: options.error_rules,
                dialect: Dialect::default(),
                accept: "application/json, */*;q=0.5",
                decodes_text: true,
            },
            host,
        )?;
        for (name, value) in &options.params {
            set_param(&mut url, name, value);
        }
        let incremental = options.incremental.as_ref().map(Incremental::new).transpose()?;
        Ok(Self {
            url,
            method,
            body: options.body,
            client,
            data_path: options.data_path,
            pagination: options.pagination,
            incremental,
            error_path: path("errorPath", options.error_path.as_deref())?,
            max_record_bytes,
        })
    }

    /// Whether requests do nothing but ask, so that more of them do no harm.
    pub(super) fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    /// What the options say of the layout.
    pub(super) fn layout(&self) -> ApiLayout {
        ApiLayout { data_path: self.data_path.clone(), pagination: self.pagination.clone(), columns: None }
    }

    /// What all requests have in common; `since` is where an incremental reading begins.
    pub(super) fn draft(&self, since: Option<&str>) -> RequestDraft {
        let mut draft = RequestDraft { url: self.url.clone(), body: self.body.clone() };
        if let (Some(incremental), Some(since)) = (&self.incremental, since) {
            set_param(&mut draft.url, &incremental.param, &since.into());
        }
        draft
    }

    /// The request that a draft has become.
    pub(super) fn request(&self, draft: RequestDraft, headers: HeaderMap, end_status: Vec<u16>) -> Request {
        Request {
            method: match self.method {
                Method::GET => reqwest::Method::GET,
                Method::POST => reqwest::Method::POST,
            },
            body: draft.body.map(|body| body.to_string()),
            headers,
            end_status,
            ..Request::get(draft.url)
        }
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
