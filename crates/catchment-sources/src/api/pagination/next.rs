//! Where the next page is, and whether a source may end where it does.

use catchment_core::{Error, ErrorKind, Result};

use super::facts::ResponseFacts;
use super::locator::PageLocator;
use super::pages::Pagination;
use super::strategy::PaginationStrategy;
use super::token::next_in;
use crate::api::link::link_to;

impl Pagination {
    /// Where the page after one is; `None` after the last.
    ///
    /// # Errors
    /// `unavailable`, `short_source`, where the source ends before what it promised.
    pub(in crate::api) fn next(
        &self,
        place: &PageLocator,
        facts: &ResponseFacts<'_>,
    ) -> Result<Option<PageLocator>> {
        let next = self.follow(place, facts);
        if next.is_none() {
            self.check_total(facts)?;
            let has_more = self.promises.has_more(facts);
            let is_promised = has_more == Some(true)
                || has_more.is_none()
                    && self.missing(facts, facts.read) != Some(0)
                    && self.is_last_page(place, facts) == Some(false);
            if is_promised && !matches!(self.kind, PaginationStrategy::None) {
                let message = "the answer says that more records follow, but not how to request them; set the \
                               option `pagination`";
                return Err(Error::new(ErrorKind::Api, "no_next_page", message));
            }
        }
        Ok(next)
    }

    fn follow(&self, place: &PageLocator, facts: &ResponseFacts<'_>) -> Option<PageLocator> {
        let has_more = self.promises.has_more(facts);
        if has_more == Some(false) {
            return None;
        }
        match &self.kind {
            PaginationStrategy::None => None,
            PaginationStrategy::Link { relation } => link_to(facts.headers, relation).map(PageLocator::Url),
            PaginationStrategy::NextUrl { path } => next_in(path, facts).map(PageLocator::Url),
            PaginationStrategy::Cursor { token, .. } => {
                let next = PageLocator::Token(token.read(facts)?);
                // Some APIs keep handing out the last token for ever.
                (next != *place || facts.count > 0).then_some(next)
            }
            PaginationStrategy::Page { .. } | PaginationStrategy::Offset { .. } => {
                let is_short = self.full_pages && self.limit().is_some_and(|limit| facts.count < limit);
                let is_over = self.missing(facts, facts.read) == Some(0)
                    || self.is_last_page(place, facts) == Some(true)
                    || (is_short || facts.count == 0) && !self.promises_more(place, facts);
                // An empty page stands for as many records as others have.
                let stride = if facts.count > 0 { facts.count } else { self.size(facts) };
                if is_over { None } else { self.after(place, stride) }
            }
        }
    }

    /// Whether pages follow an empty one, by what the source said of its pages or records.
    fn promises_more(&self, place: &PageLocator, facts: &ResponseFacts<'_>) -> bool {
        let size = self.size(facts);
        let is_below_total = match (place, &self.kind, facts.total) {
            (PageLocator::Page(number), PaginationStrategy::Page { start, .. }, Some(total)) => {
                size > 0 && number.saturating_sub(*start).saturating_add(1).saturating_mul(size) < total
            }
            (PageLocator::Offset(offset), _, Some(total)) => size > 0 && offset.saturating_add(size) < total,
            _ => false,
        };
        self.promises.has_more(facts) == Some(true)
            || self.is_last_page(place, facts) == Some(false)
            || is_below_total
    }

    /// Records that a page has, unless it is the last: as asked for, or as seen where the source gives fewer.
    fn size(&self, facts: &ResponseFacts<'_>) -> u64 {
        match facts.largest {
            0 => self.limit().unwrap_or(0),
            largest => largest,
        }
    }

    /// Whether a page is the last one by the number of pages that its answer tells; `None` where it tells none.
    fn is_last_page(&self, place: &PageLocator, facts: &ResponseFacts<'_>) -> Option<bool> {
        let (PageLocator::Page(number), PaginationStrategy::Page { start, .. }) = (place, &self.kind) else {
            return None;
        };
        let pages = self.promises.total_pages(facts)?;
        Some(number.saturating_add(1) >= pages.saturating_add(*start))
    }

    /// The pages from one on whose addresses do not depend on an answer, as far as the last answer promised them: those
    /// that can be fetched ahead. `stride` is how many records each has.
    pub(in crate::api) fn places_from(
        &self,
        place: &PageLocator,
        stride: u64,
        facts: &ResponseFacts<'_>,
    ) -> impl Iterator<Item = PageLocator> {
        let first = (place.clone(), 1);
        let places = std::iter::successors(Some(first), move |(place, pages_ahead)| {
            let next = self.after(place, stride).filter(|_| stride > 0)?;
            (!self.is_past(place, facts, *pages_ahead)).then_some((next, pages_ahead + 1))
        });
        places.map(|(place, _)| place)
    }

    /// Whether a page is known to be past what the last answer promised; then it is not worth fetching ahead.
    fn is_past(&self, place: &PageLocator, facts: &ResponseFacts<'_>, pages_ahead: u64) -> bool {
        let read = facts.read.saturating_add(pages_ahead.saturating_mul(facts.count));
        self.missing(facts, read) == Some(0) || self.is_last_page(place, facts) == Some(true)
    }

    /// Records that are still to come after so many were read, where that is known.
    fn missing(&self, facts: &ResponseFacts<'_>, read: u64) -> Option<u64> {
        let skipped = match self.kind {
            PaginationStrategy::Offset { start, .. } => start,
            // How many records are before a page in the middle is not known.
            PaginationStrategy::Page { start, .. } if start > 1 => return None,
            _ => 0,
        };
        Some(facts.total?.saturating_sub(skipped).saturating_sub(read))
    }

    fn check_total(&self, facts: &ResponseFacts<'_>) -> Result<()> {
        match self.missing(facts, facts.read).filter(|missing| *missing > 0).and(facts.total) {
            Some(total) => Err(Error::new(
                ErrorKind::Unavailable,
                "short_source",
                format!(
                    "the source ended after {} of the {total} records that it announced; if its total is \
                     unreliable, set `pagination` without `totalPath` and `totalHeader`",
                    facts.read
                ),
            )),
            None => Ok(()),
        }
    }
}
