//! From one page to the next, or to the end; and what keeps a source from being read without end.

use catchment_core::{Coverage, Error, ErrorKind, Result};

use super::fetch::Reader;
use crate::api::carryover::Carryover;
use crate::api::detect::promises_more_records;
use crate::api::page_buffer::PageBuffer;
use crate::api::pagination::{PageLocator, Pagination};
use crate::api::summary::AnswerSummary;
use crate::http::EndReason;

/// Pages without a record in a row, after which a source is not taken to end by itself.
const MAX_EMPTY_PAGES: u64 = 1000;
/// Longest token or address of a next page; a cursor keeps it.
const MAX_PLACE_BYTES: usize = 16 << 10;

impl Reader {
    /// Where the next page is; from the first answer also how pages follow, where that is to be found out.
    pub(in crate::api) fn next(&mut self, answer: &AnswerSummary) -> Result<Option<PageLocator>> {
        self.discover_pagination(answer)?;
        let Some(pagination) = &self.plan.pagination else { return Ok(None) };
        let mut facts = self.facts(answer);
        facts.total = pagination.total(&facts).or(self.state.total);
        let next = pagination.next(&self.state.place, &facts)?;
        // A wrong path would make one page of a whole source.
        let is_cut = next.is_none() && self.state.page == 1 && pagination.is_named_by_response();
        if is_cut && promises_more_records(&answer.headers, &answer.envelope, answer.count) {
            let message = "the first answer says that there are more records, but the paths of the option \
                           `pagination` lead to no next page in it; check them";
            return Err(Error::new(ErrorKind::Api, "no_next_page", message));
        }
        self.state.total = facts.total;
        // Relative to where it stood, and judged before it is kept.
        let next = match next {
            Some(PageLocator::Url(link)) => {
                Some(PageLocator::Url(self.api.client.resolve_link(&answer.url, &link)?.to_string()))
            }
            next => next,
        };
        if next.as_ref() == Some(&self.state.place) {
            return Err(self.cycle_found());
        }
        Ok(next)
    }

    fn discover_pagination(&mut self, answer: &AnswerSummary) -> Result<()> {
        if self.plan.pagination.is_some() {
            return Ok(());
        }
        self.findings.extend(self.plan.discover_pagination(&mut self.state.layout, answer)?);
        if let Some(pagination) = self.plan.pagination.as_ref().filter(|_| self.state.page == 1) {
            self.state.place = pagination.first();
        }
        Ok(())
    }

    /// Goes on to the next page, or ends. What has been gathered is sent if somebody waits for it.
    pub(super) async fn advance(
        &mut self,
        next: Option<PageLocator>,
        answer: &AnswerSummary,
        out: &mut PageBuffer,
    ) -> Result<()> {
        let max_pages = self.plan.pagination.as_ref().map_or(u64::MAX, Pagination::max_pages);
        let is_cut = self.state.page >= max_pages && next.is_some();
        (self.state.taken, self.state.digest) = (0, String::new());
        self.state.last_page.clone_from(&answer.digest);
        match next.filter(|_| !is_cut) {
            Some(next) => self.go_to(next, answer, out).await,
            None => self.finish(is_cut, answer, out).await,
        }
    }

    async fn go_to(&mut self, next: PageLocator, answer: &AnswerSummary, out: &mut PageBuffer) -> Result<()> {
        if self.state.cycles.is_cycle(&next) {
            return Err(self.cycle_found());
        }
        self.check_termination(&next, answer.count)?;
        self.step(next);
        self.fetch_ahead(answer)?;
        let cursor = self.cursor(&self.state)?;
        if out.is_wanted() {
            return out.flush(&self.plan.columns, cursor, self.bytes).await;
        }
        out.end_page(cursor);
        Ok(())
    }

    /// Ends the reading; `is_cut` says that pages follow that are not read, by the option `maxPages`.
    async fn finish(&mut self, is_cut: bool, answer: &AnswerSummary, out: &mut PageBuffer) -> Result<()> {
        self.state.is_done = true;
        let mut cursor = self.cursor(&self.state)?;
        if answer.end == Some(EndReason::Ignored) {
            cursor.coverage = Coverage::Truncated;
            cursor.warning = Some(format!(
                "page {}: an error ({}) was ignored by the option `errorRules`; the records of this page and later \
                 ones were not read",
                self.state.page, answer.status
            ));
        } else if is_cut && !self.is_short(answer.count) {
            cursor.coverage = Coverage::Truncated;
        } else {
            cursor.coverage = self.coverage();
            cursor.carryover = self.carry_over(answer)?;
        }
        out.flush(&self.plan.columns, cursor, self.bytes).await
    }

    /// Ends a reading whose source said that nothing has changed: no record, and the next run asks the same.
    pub(super) async fn finish_unchanged(&mut self, out: &mut PageBuffer) -> Result<()> {
        self.state.is_done = true;
        let mut cursor = self.cursor(&self.state)?;
        cursor.coverage = Coverage::Increment;
        cursor.carryover = Some(self.carryover.to_json()?);
        out.flush(&self.plan.columns, cursor, self.bytes).await
    }

    /// Whether a page has fewer records than were asked for, so that nothing follows it.
    fn is_short(&self, count: u64) -> bool {
        let limit = self.plan.pagination.as_ref().and_then(Pagination::limit);
        let is_counted = matches!(self.state.place, PageLocator::Page(_) | PageLocator::Offset(_));
        is_counted && limit.is_some_and(|limit| count < limit)
    }

    fn coverage(&self) -> Coverage {
        let is_increment = self.api.incremental.is_some() && self.carryover.highest.is_some();
        if is_increment { Coverage::Increment } else { Coverage::Complete }
    }

    /// What the next run should know: the highest value, and how to ask whether a single answer has changed.
    fn carry_over(&self, answer: &AnswerSummary) -> Result<Option<serde_json::Value>> {
        let is_single = self.state.page == 1 && self.plan.pagination.as_ref().is_none_or(Pagination::is_none);
        let highest = self.state.highest.clone().filter(|_| self.api.incremental.is_some());
        let carryover = Carryover::new(highest, is_single.then_some(&answer.headers));
        if carryover == Carryover::default() {
            return Ok(None);
        }
        carryover.to_json().map(Some)
    }

    /// New tokens without end, and without a record; or one too long to be kept.
    fn check_termination(&mut self, next: &PageLocator, count: u64) -> Result<()> {
        self.state.empty_pages = if count == 0 { self.state.empty_pages + 1 } else { 0 };
        let length = serde_json::to_string(next).map_or(0, |text| text.len());
        let problem = if self.state.empty_pages > MAX_EMPTY_PAGES {
            format!("{MAX_EMPTY_PAGES} pages in a row hold no records, and each names a next page")
        } else if length > MAX_PLACE_BYTES {
            format!(
                "the token or URL of the next page has {length} bytes, more than the limit of {MAX_PLACE_BYTES}"
            )
        } else {
            return Ok(());
        };
        let message = format!("page {}: {problem}; check the option `pagination`", self.state.page);
        Err(Error::new(ErrorKind::Api, "no_next_page", message))
    }

    fn cycle_found(&self) -> Error {
        let message = format!(
            "page {} names as its next page one that was already read, so that reading would never end; check the \
             option `pagination`",
            self.state.page
        );
        Error::new(ErrorKind::Api, "same_next_page", message)
    }
}
