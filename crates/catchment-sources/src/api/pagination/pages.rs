//! How one page of a source follows another, as its options say it, and the request for each.

use catchment_core::{Result, invalid_option};
use catchment_formats::json::step::Step;
use reqwest::Url;

use super::facts::ResponseFacts;
use super::locator::PageLocator;
use super::param_location::{ParamLocation, RequestDraft};
use super::promises::Promises;
use super::strategy::PaginationStrategy;
use super::token::TokenLocation;
use crate::api::options::PaginationOptions;

/// Records that a page is asked to have, where nobody says how many.
pub(in crate::api) const DEFAULT_LIMIT: u64 = 100;

/// How one page of a source follows another.
#[derive(Debug)]
pub(in crate::api) struct Pagination {
    pub(super) kind: PaginationStrategy,
    limit: Option<u64>,
    limit_target: Option<ParamLocation>,
    pub(super) promises: Promises,
    pub(super) full_pages: bool,
    end_status: Vec<u16>,
    max_pages: Option<u64>,
}

impl Pagination {
    /// By options that say how; `Auto` must have been found out before.
    pub(in crate::api) fn new(options: &PaginationOptions) -> Result<Self> {
        let kind = PaginationStrategy::new(options)?;
        if options.limit == Some(0) || options.max_pages == Some(0) {
            return Err(invalid_option("pagination", "`limit` and `maxPages` must be at least 1"));
        }
        let limit_target = match (options.limit_param.as_deref(), options.limit_body_path.as_deref()) {
            (None, None) => None,
            (param, body) => Some(ParamLocation::new("limitBodyPath", body, param, "limit")?),
        };
        let limit = options.limit.or(limit_target.as_ref().map(|_| DEFAULT_LIMIT));
        if options.full_pages == Some(true) && limit.is_none() {
            return Err(invalid_option(
                "pagination/fullPages",
                "needs `limit`: set it to the number of records that a full page has",
            ));
        }
        Ok(Self {
            kind,
            limit,
            limit_target,
            promises: Promises::new(options)?,
            full_pages: options.full_pages.unwrap_or(false),
            end_status: options.end_status.clone(),
            max_pages: options.max_pages,
        })
    }

    /// Pages that are read at most.
    pub(in crate::api) fn max_pages(&self) -> u64 {
        self.max_pages.unwrap_or(u64::MAX)
    }

    /// Whether there is one answer and no more.
    pub(in crate::api) fn is_none(&self) -> bool {
        matches!(self.kind, PaginationStrategy::None)
    }

    /// Statuses that say that a page is past the last one.
    pub(in crate::api) fn end_status(&self) -> &[u16] {
        &self.end_status
    }

    /// Where the first page is.
    pub(in crate::api) fn first(&self) -> PageLocator {
        match self.kind {
            PaginationStrategy::Page { start, .. } => PageLocator::Page(start),
            PaginationStrategy::Offset { start, .. } => PageLocator::Offset(start),
            _ => PageLocator::First,
        }
    }

    /// The request for a page, from the one that all have in common.
    pub(in crate::api) fn request(
        &self,
        place: &PageLocator,
        mut draft: RequestDraft,
        resolve: impl Fn(&str) -> Result<Url>,
    ) -> Result<RequestDraft> {
        if let PageLocator::Url(url) = place {
            // It says all there is to say.
            return Ok(RequestDraft { url: resolve(url)?, body: draft.body });
        }
        if let (Some(target), Some(limit)) = (&self.limit_target, self.limit) {
            target.set(&mut draft, limit.into());
        }
        match (place, &self.kind) {
            (PageLocator::Page(number), PaginationStrategy::Page { target, .. }) => {
                target.set(&mut draft, (*number).into());
            }
            (PageLocator::Offset(number), PaginationStrategy::Offset { target, .. }) => {
                target.set(&mut draft, (*number).into());
            }
            (PageLocator::Token(params), PaginationStrategy::Cursor { target, token }) => {
                for (name, value) in params {
                    match (token, target) {
                        // One token, whatever its name in the answer.
                        (TokenLocation::Path(_) | TokenLocation::Header(_), target) if name.is_empty() => {
                            target.set(&mut draft, value.clone());
                        }
                        (_, ParamLocation::Body(_)) => {
                            ParamLocation::Body(vec![Step::Name(name.as_str().into())])
                                .set(&mut draft, value.clone());
                        }
                        (_, ParamLocation::Query(_)) => {
                            ParamLocation::Query(name.clone()).set(&mut draft, value.clone());
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(draft)
    }

    /// The page after one of so many records, where its address does not depend on an answer. `None` past the largest
    /// number there is.
    pub(super) fn after(&self, place: &PageLocator, count: u64) -> Option<PageLocator> {
        match place {
            PageLocator::Page(number) => number.checked_add(1).map(PageLocator::Page),
            PageLocator::Offset(number) => number.checked_add(count).map(PageLocator::Offset),
            _ => None,
        }
    }

    /// Records that a page is asked to have.
    pub(in crate::api) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Records that an answer says there are.
    pub(in crate::api) fn total(&self, facts: &ResponseFacts<'_>) -> Option<u64> {
        self.promises.total(facts)
    }

    /// Whether a first answer says, where the options point to, that it is the only one.
    pub(in crate::api) fn is_only_page(&self, facts: &ResponseFacts<'_>) -> bool {
        self.promises.has_more(facts) == Some(false)
            || self.promises.total(facts) == Some(facts.count)
            || self.promises.total_pages(facts) == Some(1)
    }

    /// Whether a response names the next page (cursor, link or URL), instead of a page number or an offset.
    pub(in crate::api) fn is_named_by_response(&self) -> bool {
        matches!(
            self.kind,
            PaginationStrategy::Cursor { .. }
                | PaginationStrategy::Link { .. }
                | PaginationStrategy::NextUrl { .. }
        )
    }
}
