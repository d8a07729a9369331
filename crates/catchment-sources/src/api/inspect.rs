//! Inspection: a look at the first pages of an API, without reading it.

use std::sync::Arc;

use catchment_core::{Finding, Inspection, Page, Reading, Result, mask_url_query};
use serde_json::{Map, Value};

use super::detect::find_total;
use super::endpoint::Endpoint;
use super::findings::{self, PAGINATION, SET_PAGINATION};
use super::options::{PaginationOptions, PaginationType};
use super::pagination::{PageLocator, pagination_type};
use super::probe::{FoundWay, Probed, probe};
use super::reader::{Reader, TriedPage};
use super::summary::AnswerSummary;

/// Records that inspecting shows.
const SHOWN: usize = 100;

/// Asks for the first page, and says whether there are records in it.
pub(super) async fn test_connection(endpoint: Arc<Endpoint>) -> Result<()> {
    let mut reader = Reader::start(endpoint, &Reading::default())?;
    if let Some(answer) = reader.fetch().await? {
        reader.look(answer).await?;
    }
    Ok(())
}

/// Asks for the first page, and for the second one where there is one: how it is asked for is known to be right only
/// then. Where the first one says nothing of others, `may_try` allows to try the usual ways.
pub(super) async fn inspect(
    endpoint: Arc<Endpoint>,
    fields: Arc<[Box<str>]>,
    may_try: bool,
) -> Result<Inspection> {
    let mut reader = Reader::start(endpoint.clone(), &Reading { fields, ..Reading::default() })?;
    let Some(answer) = reader.fetch().await? else {
        return Ok(Inspection { options: Map::new(), findings: Vec::new(), page: None });
    };
    let reachable = format!("{} answered {}", mask_url_query(answer.url.as_str()), answer.status);
    let authentication = match endpoint.client.authentication() {
        "none" => "without authentication".to_owned(),
        scheme => format!("by {scheme}"),
    };
    let (mut page, answer) = reader.look(answer).await?;
    let path = reader.layout().data_path.clone().unwrap_or_default();
    let mut findings = vec![
        Finding::sure("reachable", reachable),
        Finding::sure("authenticated", authentication),
        Finding::sure("records", format!("{} at {}", answer.count, findings::place(&path))),
    ];
    findings
        .extend(Look { endpoint: &endpoint, reader: &mut reader, may_try }.at_pages(&page, &answer).await?);
    page.records.truncate(SHOWN);
    page.rejects.truncate(SHOWN);
    let is_unsure = findings.iter().any(|finding| finding.topic == PAGINATION && finding.is_unsure);
    let options = found_options(&endpoint, &reader, is_unsure);
    let page = (!page.records.is_empty() || !page.rejects.is_empty()).then_some(page);
    Ok(Inspection { options, findings, page })
}

/// What is looked at.
struct Look<'a> {
    endpoint: &'a Endpoint,
    reader: &'a mut Reader,
    may_try: bool,
}

impl Look<'_> {
    /// How pages follow the first one, and what the second one holds.
    async fn at_pages(&mut self, page: &Page, answer: &AnswerSummary) -> Result<Vec<Finding>> {
        let may_try = self.may_try && self.endpoint.is_get() && answer.count > 0 && answer.end.is_none();
        let next = match self.reader.next(answer) {
            Err(error) if error.code() == "unknown_pagination" && may_try => {
                let tried = self.try_pages(page, answer).await?;
                return tried.map_err(|nothing| error.with_lines(&[nothing]));
            }
            next => next?,
        };
        let said = self.reader.findings().iter().rfind(|finding| finding.topic == PAGINATION).cloned();
        if may_try && said.as_ref().is_some_and(|said| said.is_unsure) {
            return Ok(self.try_pages(page, answer).await?.unwrap_or_else(|nothing| {
                let message = format!(
                    "the first answer says nothing of further pages, and {nothing}; {SET_PAGINATION}"
                );
                vec![Finding::unsure(PAGINATION, message)]
            }));
        }
        let next_page = match next {
            None if said.as_ref().is_some_and(|said| said.is_unsure) => None,
            None => Some("none".to_owned()),
            Some(next) => {
                let how = describe(self.reader.layout().pagination.as_ref(), &next);
                self.reader.step(next);
                let count = match self.reader.fetch().await? {
                    Some(answer) => self.reader.look(answer).await?.1.count,
                    None => 0,
                };
                Some(format!("{how}: {count} records"))
            }
        };
        let next_page = next_page.map(|next_page| Finding::sure("next_page", next_page));
        Ok(said.into_iter().chain(next_page).collect())
    }

    /// Tries the usual ways, and takes the one that is found; else what says that there is none.
    async fn try_pages(
        &mut self,
        page: &Page,
        answer: &AnswerSummary,
    ) -> Result<Result<Vec<Finding>, String>> {
        let incremental = self.endpoint.incremental.as_ref().map(|incremental| incremental.param.as_str());
        let first = TriedPage::digests(page);
        let probed = probe(self.reader, &first, &self.endpoint.url, incremental).await;
        let Some(FoundWay { options, second, doubt }) = probed.found else {
            return Ok(Err(self.nothing_found(&probed)));
        };
        let how = match second {
            0 => "there is no second page".to_owned(),
            count => format!("the second one has {count} other records"),
        };
        let message = format!("{}, found by trying: {how}", findings::describe(&options));
        let total = find_total(&answer.headers, &answer.envelope, answer.count);
        // Where the total is known, it tells the end.
        let doubt = doubt.filter(|_| total.is_none()).map(|doubt| Finding::unsure("last_page", doubt));
        let PaginationOptions { total_path, total_header, .. } = total.unwrap_or_default();
        self.reader.adopt(PaginationOptions { total_path, total_header, ..options })?;
        Ok(Ok([Finding::sure(PAGINATION, message)].into_iter().chain(doubt).collect()))
    }

    fn nothing_found(&self, probed: &Probed) -> String {
        let failure = probed.failure.as_ref().map(|error| format!(" ({error})")).unwrap_or_default();
        let (tried, failure) = (probed.tried.join(", "), self.endpoint.client.clean(&failure));
        format!("none of the usual parameters ({tried}) led to a second page{failure}")
    }
}

/// What was found out of the layout, as the options that say it.
fn found_options(endpoint: &Endpoint, reader: &Reader, is_unsure: bool) -> Map<String, Value> {
    let (given, found) = (endpoint.layout(), reader.layout());
    let mut options = Map::new();
    if given.data_path.is_none() {
        options.extend(found.data_path.clone().map(|path| ("dataPath".to_owned(), path.into())));
    }
    let is_given =
        given.pagination.is_some_and(|given| pagination_type(&given) != PaginationType::Auto) || is_unsure;
    if let Some(pagination) = found.pagination.as_ref().filter(|_| !is_given) {
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
