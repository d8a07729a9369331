//! Inspection: a look at the first pages of an API, without reading it.

use std::sync::Arc;

use catchment_core::{Finding, Inspection, Reading, Result, mask_url_query};
use serde_json::{Map, Value};

use super::endpoint::Endpoint;
use super::options::PaginationOptions;
use super::pagination::PageLocator;
use super::reader::Reader;
use super::state::ApiLayout;

/// Records that inspecting shows.
const SHOWN: usize = 100;

/// Asks for the first page, and says whether there are records in it.
pub(super) async fn test_connection(endpoint: Arc<Endpoint>) -> Result<()> {
    let mut reader = Reader::start(endpoint, &Reading::default())?;
    if let Some(answer) = reader.fetch().await? {
        reader.look(answer, 0).await?;
    }
    Ok(())
}

/// Asks for the first page, and for the second one where there is one: how it is asked for is known to be right only
/// then.
pub(super) async fn inspect(endpoint: Arc<Endpoint>, fields: Arc<[Box<str>]>) -> Result<Inspection> {
    let mut reader = Reader::start(endpoint.clone(), &Reading { fields, ..Reading::default() })?;
    let mut findings = Vec::new();
    let mut find = |topic, message: String| findings.push(Finding::sure(topic, message));
    let Some(answer) = reader.fetch().await? else {
        return Ok(Inspection { options: Map::new(), findings, page: None });
    };
    find("reachable", format!("{} answered {}", mask_url_query(answer.url.as_str()), answer.status));
    let authentication = match endpoint.client.authentication() {
        "none" => "without authentication".to_owned(),
        scheme => format!("by {scheme}"),
    };
    find("authenticated", authentication);
    let (page, answer) = reader.look(answer, SHOWN).await?;
    let path = reader.layout().data_path.clone().unwrap_or_default();
    find("records", format!("{} at {path}", answer.count));
    match reader.next(&answer)? {
        None => find("next_page", "none".to_owned()),
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
    let options = found_options(reader.layout());
    let page = (!page.records.is_empty() || !page.rejects.is_empty()).then_some(page);
    Ok(Inspection { options, findings, page })
}

/// What was found out of the layout, as the options that say it.
fn found_options(layout: &ApiLayout) -> Map<String, Value> {
    let mut options = Map::new();
    options.extend(layout.data_path.clone().map(|path| ("dataPath".to_owned(), path.into())));
    if let Some(pagination) = &layout.pagination {
        let value = serde_json::to_value(pagination).unwrap_or_default();
        options.insert("pagination".to_owned(), value);
    }
    options
}

/// How the next page is asked for, for people.
fn describe(pagination: Option<&PaginationOptions>, next: &PageLocator) -> String {
    let option = |name: fn(&PaginationOptions) -> Option<&String>, default: &str| {
        pagination.and_then(name).map_or_else(|| default.to_owned(), Clone::clone)
    };
    match next {
        PageLocator::First => "the same URL".to_owned(),
        PageLocator::Page(number) => format!("{}={number}", option(|it| it.page_param.as_ref(), "page")),
        PageLocator::Offset(number) => {
            format!("{}={number}", option(|it| it.offset_param.as_ref(), "offset"))
        }
        PageLocator::Token(_) => {
            let path = option(|it| it.cursor_path.as_ref().or(it.cursor_header.as_ref()), "the answer");
            format!("the token in {path}")
        }
        PageLocator::Url(url) => format!("the link to {}", mask_url_query(url)),
    }
}
