//! The kinds of pagination, as options choose them.

use catchment_core::{Result, invalid_option};
use catchment_formats::json::path::Path;

use super::param_location::ParamLocation;
use super::token::TokenLocation;
use crate::api::options::{PaginationOptions, PaginationType, path};

/// How the next page is asked for.
#[derive(Debug)]
pub(super) enum PaginationStrategy {
    None,
    Page { target: ParamLocation, start: u64 },
    Offset { target: ParamLocation, start: u64 },
    Cursor { token: TokenLocation, target: ParamLocation },
    Link { relation: String },
    NextUrl { path: Path },
}

impl PaginationStrategy {
    /// By options that say how; `Auto` must have been found out before.
    pub(super) fn new(options: &PaginationOptions) -> Result<Self> {
        let target = |name: &str, body: &Option<String>, param: &Option<String>, default: &str| {
            ParamLocation::new(name, body.as_deref(), param.as_deref(), default)
        };
        Ok(match pagination_type(options) {
            PaginationType::None | PaginationType::Auto => Self::None,
            PaginationType::Page => Self::Page {
                target: target("pageBodyPath", &options.page_body_path, &options.page_param, "page")?,
                start: options.start_page.unwrap_or(1),
            },
            PaginationType::Offset => Self::Offset {
                target: target("offsetBodyPath", &options.offset_body_path, &options.offset_param, "offset")?,
                start: options.start_offset.unwrap_or(0),
            },
            PaginationType::Cursor => Self::Cursor {
                token: TokenLocation::new(options)?,
                target: target("cursorBodyPath", &options.cursor_body_path, &options.cursor_param, "cursor")?,
            },
            PaginationType::LinkHeader => {
                Self::Link { relation: options.link_relation.clone().unwrap_or_else(|| "next".to_owned()) }
            }
            PaginationType::NextUrl => {
                let (option, problem) = (
                    "pagination/nextUrlPath",
                    "is missing: give the path of the URL of the next page, such as `paging.next`",
                );
                let path = path(option, options.next_url_path.as_deref())?;
                Self::NextUrl { path: path.ok_or_else(|| invalid_option(option, problem))? }
            }
        })
    }
}

/// The type of pagination, by what else the options name where they do not say it.
pub(in crate::api) fn pagination_type(options: &PaginationOptions) -> PaginationType {
    if options.enabled == Some(false) {
        return PaginationType::None;
    }
    let PaginationOptions { page_param, page_body_path, offset_param, offset_body_path, .. } = options;
    let PaginationOptions { cursor_path, cursor_header, cursor_params, next_url_path, .. } = options;
    match options.kind {
        Some(kind) => kind,
        None if page_param.is_some() || page_body_path.is_some() => PaginationType::Page,
        None if offset_param.is_some() || offset_body_path.is_some() => PaginationType::Offset,
        None if cursor_path.is_some() || cursor_header.is_some() || !cursor_params.is_empty() => {
            PaginationType::Cursor
        }
        None if next_url_path.is_some() => PaginationType::NextUrl,
        None if options.link_relation.is_some() => PaginationType::LinkHeader,
        None => PaginationType::Auto,
    }
}
