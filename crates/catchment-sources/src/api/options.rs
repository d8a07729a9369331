//! The options of an API source.

use std::collections::BTreeMap;

use catchment_core::{Result, Secret, invalid_option};
use catchment_formats::json::path::Path;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::http::{AuthOptions, ErrorRule, OtherOrigins, RateLimit, Timeouts};

/// How an API is requested, and where in its responses the records are. What is not given is detected from the first answer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApiOptions {
    /// `GET` (the default) or `POST`.
    pub method: Option<Method>,
    /// Headers of each request. Values are secrets: `"text"`, `{"env": "NAME"}` or `{"file": "path"}`.
    pub headers: BTreeMap<String, Secret>,
    /// Query parameters of each request: texts, numbers, flags, or lists of them.
    pub params: Map<String, Value>,
    /// The JSON body of each request; `POST` only. It is stored as it is given: secrets belong into `auth` or `headers`.
    pub body: Option<Value>,
    /// How requests are authenticated.
    pub auth: Option<AuthOptions>,
    /// Where the list of records is: a dotted path such as `data.items`, or a JSONPath (RFC 9535). Detected by default: a
    /// list at the top, or the likeliest of `data`, `items`, `results`, …
    pub data_path: Option<String>,
    /// How one page follows another. Detected by default.
    pub pagination: Option<PaginationOptions>,
    /// Incremental sync: fetches only what is new since the last completed run.
    pub incremental: Option<IncrementalOptions>,
    /// Rate limit of requests to the API.
    pub rate_limit: RateLimit,
    /// Path to the error that a response of status 200 reports: a dotted path or a JSONPath. Any value there but
    /// `null`, `false`, `0` and what is empty is an error.
    pub error_path: Option<String>,
    /// Error rules, which override how responses are classified by their status. The first one that matches applies.
    pub error_rules: Vec<ErrorRule>,
    /// Cross-origin policy for redirects and next links: `refuse` (the default) or `bare` (without credentials).
    pub other_origins: OtherOrigins,
    /// How long answers may take.
    pub timeouts: Timeouts,
    /// Most bytes of one answer, after decompression. Default 268435456 (256 MiB).
    pub max_page_bytes: Option<u64>,
    /// Longest record in bytes. Longer ones are rejected. Default 1048576, at most 2097152: a row must fit into what a
    /// database takes at once.
    pub max_record_bytes: Option<usize>,
}

/// The method of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum Method {
    /// Asks by the query alone.
    #[default]
    #[serde(alias = "get")]
    GET,
    /// Asks by a body.
    #[serde(alias = "post")]
    POST,
}

/// How one page follows another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaginationType {
    /// Pages have numbers. Also `page_number`.
    #[serde(alias = "page_number")]
    Page,
    /// Pages begin after a number of records.
    Offset,
    /// An answer holds the token of the next page, in its body or a header. Also `header_cursor`.
    #[serde(alias = "header_cursor")]
    Cursor,
    /// An answer links the next page in its `Link` header (RFC 8288). Also `header_link`.
    #[serde(alias = "header_link")]
    LinkHeader,
    /// An answer holds the address of the next page in its body. Also `json_link`.
    #[serde(alias = "json_link")]
    NextUrl,
    /// There is one answer. Also `single_page`.
    #[serde(alias = "single_page")]
    None,
    /// Detected from the first answer: from `Link`, then next addresses, tokens, page numbers and offsets, never by trying;
    /// `catchment inspect` tries the usual parameters where an answer says nothing.
    Auto,
}

/// How one page follows another. Paths are dotted paths or JSONPath (RFC 9535).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PaginationOptions {
    /// `false` means that there is one answer; `true` that there are several, and that it is an error where no way to the
    /// next one is given or detected. By default one answer that says nothing of pages is read as the only one, and the run
    /// tells it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// How. By default what the other options say, and detected where they do not.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<PaginationType>,
    /// Page size: the records to request per page. Default 100, where a parameter for it is named. Also `pageSize`.
    #[serde(alias = "pageSize", skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
    /// The parameter that the limit is sent as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_param: Option<String>,
    /// Where in the body the limit is sent instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit_body_path: Option<String>,
    /// `page`: the parameter that the number is sent as. Default `page`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_param: Option<String>,
    /// `page`: where in the body the number is sent instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_body_path: Option<String>,
    /// `page`: the number of the first page. Default 1. Also `basePage`.
    #[serde(alias = "basePage", skip_serializing_if = "Option::is_none")]
    pub start_page: Option<u64>,
    /// `offset`: the parameter that the offset is sent as. Default `offset`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_param: Option<String>,
    /// `offset`: where in the body the offset is sent instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset_body_path: Option<String>,
    /// `offset`: the offset of the first page. Default 0. Also `offset`.
    #[serde(alias = "offset", skip_serializing_if = "Option::is_none")]
    pub start_offset: Option<u64>,
    /// `cursor`: where in an answer the token of the next page is. Where it is an object, its members are the parameters
    /// of the next request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor_path: Option<String>,
    /// `cursor`: the header of an answer that holds the token instead. Also `cursorKey`.
    #[serde(alias = "cursorKey", skip_serializing_if = "Option::is_none")]
    pub cursor_header: Option<String>,
    /// `cursor`: the parameter that the token is sent as. Default `cursor`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor_param: Option<String>,
    /// `cursor`: where in the body the token is sent instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor_body_path: Option<String>,
    /// `cursor`: several parameters of the next request, each with the path of its value in the answer.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub cursor_params: BTreeMap<String, String>,
    /// `next_url`: where in an answer the address of the next page is, absolute or relative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_url_path: Option<String>,
    /// `link_header`: the relation of the link to the next page. Default `next`. Also `linksNextKey`.
    #[serde(alias = "linksNextKey", skip_serializing_if = "Option::is_none")]
    pub link_relation: Option<String>,
    /// Where an answer holds the count of all records. Where fewer were read, the run is retried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_path: Option<String>,
    /// The header that holds the count of all records instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_header: Option<String>,
    /// `page`: where an answer holds the count of all pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_pages_path: Option<String>,
    /// Where an answer says whether more pages follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_more_path: Option<String>,
    /// The API promises full pages: one with fewer records than `limit` is the last. Default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_pages: Option<bool>,
    /// Statuses that an API answers with past its last page, such as `[404]`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub end_status: Vec<u16>,
    /// Maximum number of pages to read. Where more follow, the run is `truncated`. No limit by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_pages: Option<u64>,
}

/// Asks only for what is new since the last completed run. The first one, and each one after an option has changed, reads
/// all. A record's value counts when the run that stored it is completed.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IncrementalOptions {
    /// Where in a record its time or number is, such as `updated_at`. Also `cursorPath`.
    #[serde(alias = "cursorPath")]
    pub cursor_field: String,
    /// The parameter that the highest value so far is sent as, such as `updated_since`. Also `startParam`.
    #[serde(alias = "startParam")]
    pub param: String,
    /// What the first run sends; nothing by default.
    pub initial_value: Option<Value>,
    /// Overlap: how far before the high-water mark the next run begins: seconds for times (or a duration such as `"2h"` or `"P1D"`),
    /// a number for numbers. Default 0. Also `lag`.
    #[serde(alias = "lag")]
    pub lookback: Option<Value>,
}

impl PaginationOptions {
    /// A type by itself.
    pub(super) fn of(kind: PaginationType) -> Self {
        Self { kind: Some(kind), ..Self::default() }
    }

    /// Whether they ask for several pages, without saying how the next one is requested.
    pub(super) fn demand_pages(&self) -> bool {
        self.enabled == Some(true)
            || self.limit.is_some()
            || self.total_path.is_some()
            || self.total_header.is_some()
            || self.total_pages_path.is_some()
            || self.has_more_path.is_some()
            || self.full_pages == Some(true)
            || !self.end_status.is_empty()
    }

    /// What was found out, and the rest as it was given.
    pub(super) fn or(self, given: Self) -> Self {
        Self {
            kind: self.kind,
            limit: given.limit.or(self.limit),
            limit_param: given.limit_param.or(self.limit_param),
            page_param: self.page_param,
            start_page: self.start_page,
            offset_param: self.offset_param,
            start_offset: self.start_offset,
            cursor_path: self.cursor_path,
            cursor_param: given.cursor_param.or(self.cursor_param),
            next_url_path: self.next_url_path,
            total_path: given.total_path.or(self.total_path),
            total_header: given.total_header.or(self.total_header),
            total_pages_path: given.total_pages_path.or(self.total_pages_path),
            has_more_path: given.has_more_path.or(self.has_more_path),
            end_status: if given.end_status.is_empty() { self.end_status } else { given.end_status },
            ..given
        }
    }
}

impl ApiOptions {
    /// Checks what the types do not say.
    pub(super) fn check(&self) -> Result<()> {
        if self.body.is_some() && self.method() == Method::GET {
            return Err(invalid_option("body", "is sent by POST only; set the option `method` to `POST`"));
        }
        for (name, value) in &self.params {
            let is_plain = |value: &Value| !value.is_object() && !value.is_array() && !value.is_null();
            let is_fine =
                is_plain(value) || value.as_array().is_some_and(|values| values.iter().all(is_plain));
            if !is_fine {
                let problem = "must be a string, a number, a boolean, or a list of them";
                return Err(invalid_option(&format!("params/{name}"), problem));
            }
        }
        if !(1..=2 << 20).contains(&self.max_record_bytes()) {
            return Err(invalid_option("maxRecordBytes", "must be from 1 to 2097152"));
        }
        if self.max_page_bytes == Some(0) {
            return Err(invalid_option("maxPageBytes", "must be at least 1"));
        }
        Ok(())
    }

    pub(super) fn method(&self) -> Method {
        self.method.unwrap_or_default()
    }

    pub(super) fn max_record_bytes(&self) -> usize {
        self.max_record_bytes.unwrap_or(1 << 20)
    }
}

/// A path of an option.
pub(super) fn path(option: &str, text: Option<&str>) -> Result<Option<Path>> {
    text.map(|text| Path::parse(text).map_err(|problem| invalid_option(option, &problem))).transpose()
}
