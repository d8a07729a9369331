//! A reader of pages, from any cursor on, and the requests that it sends.

use std::sync::Arc;

use catchment_core::{Cursor, Finding, Pulse, Reading, Result};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use super::plan::Plan;
use super::prefetch::Prefetcher;
use crate::api::carryover::Carryover;
use crate::api::endpoint::Endpoint;
use crate::api::pagination::{PageLocator, ResponseFacts};
use crate::api::state::{ApiLayout, ApiState};
use crate::api::summary::AnswerSummary;
use crate::http::{Answer, Request};

/// A reading under way.
pub(in crate::api) struct Reader {
    pub(super) api: Arc<Endpoint>,
    pub(super) state: ApiState,
    /// What the run before carried over.
    pub(super) carryover: Carryover,
    /// The columns that the mapping names.
    pub(super) wanted: Arc<[Box<str>]>,
    pub(super) plan: Plan,
    ahead: Prefetcher,
    pub(super) pulse: Pulse,
    pub(super) records_read: u64,
    pub(super) bytes: u64,
    /// What this attempt found out rather than been told; each of its cursors has it.
    pub(super) findings: Vec<Finding>,
}

impl Reader {
    /// Begins to read, or resumes where a cursor says.
    pub(in crate::api) fn start(api: Arc<Endpoint>, reading: &Reading) -> Result<Self> {
        let carryover = Carryover::of(reading);
        let highest = carryover.highest.clone();
        let mut state = match &reading.after {
            Some(cursor) => {
                let state: ApiState = cursor.state()?;
                state.check(cursor.records_read)?;
                state
            }
            None => {
                let since = api.incremental.as_ref().and_then(|options| options.start(highest.as_deref()));
                ApiState::first(api.layout(), since, highest)
            }
        };
        let plan = Plan::new(&state.layout)?;
        if let (None, Some(pagination)) = (&reading.after, &plan.pagination) {
            state.place = pagination.first();
        }
        Ok(Self {
            api,
            state,
            carryover,
            wanted: reading.fields.clone(),
            plan,
            ahead: Prefetcher::default(),
            pulse: reading.pulse.clone(),
            records_read: reading.after.as_ref().map_or(0, |cursor| cursor.records_read),
            bytes: 0,
            findings: Vec::new(),
        })
    }

    /// The answer for the page in hand; `None` where nothing has changed since the last run.
    pub(in crate::api) async fn fetch(&mut self) -> Result<Option<Answer>> {
        let answer = match self.ahead.take(&self.state.place).await {
            Some(answer) => answer?,
            None => {
                let request = self.next_request()?;
                self.api.client.send(&request, &self.pulse).await?
            }
        };
        Ok((answer.status != StatusCode::NOT_MODIFIED).then_some(answer))
    }

    /// The request for the page in hand.
    pub(in crate::api) fn next_request(&self) -> Result<Request> {
        self.request(&self.state.place)
    }

    fn request(&self, place: &PageLocator) -> Result<Request> {
        let ApiState { layout, since, page, taken, .. } = &self.state;
        let resolve = |link: &str| self.api.client.resolve_link(&self.api.url, link);
        let draft = self.plan.address(layout, place, self.api.draft(since.as_deref()), resolve)?;
        let is_first = *page == 1 && *place == self.state.place;
        let headers = if is_first && *taken == 0 { self.carryover.conditions() } else { HeaderMap::new() };
        let end_status = match &self.plan.pagination {
            Some(pagination) if !is_first => pagination.end_status().to_vec(),
            _ => Vec::new(),
        };
        Ok(self.api.request(draft, headers, end_status))
    }

    /// Prefetches the next pages: as many as the server bears where their addresses can be known, the next one alone
    /// where not.
    pub(super) fn fetch_ahead(&mut self, answer: &AnswerSummary) -> Result<()> {
        let Some(pagination) = &self.plan.pagination else { return Ok(()) };
        let left = pagination.max_pages().saturating_sub(self.state.page - 1);
        let most = self.api.client.concurrency().min(usize::try_from(left).unwrap_or(usize::MAX));
        let stride = pagination.limit().filter(|limit| answer.count >= *limit).unwrap_or(answer.count);
        let facts = self.facts(answer);
        let places: Vec<_> = pagination.places_from(&self.state.place, stride, &facts).take(most).collect();
        for place in places {
            if self.ahead.len() >= most {
                break;
            }
            if !self.ahead.holds(&place) {
                let (request, api, pulse) = (self.request(&place)?, self.api.clone(), self.pulse.clone());
                self.ahead.spawn(place, async move { api.client.send(&request, &pulse).await });
            }
        }
        Ok(())
    }

    /// What an answer says of the pages around it.
    pub(super) fn facts<'s>(&self, answer: &'s AnswerSummary) -> ResponseFacts<'s> {
        answer.facts(self.records_read, self.state.largest, self.state.total)
    }

    /// A cursor of a state of this reading, with what it has found out.
    pub(super) fn cursor(&self, state: &ApiState) -> Result<Cursor> {
        let findings = self.findings.clone();
        Ok(Cursor { findings, ..Cursor::new(self.records_read, state)? })
    }

    /// Goes to the next page, for whoever only looks.
    pub(in crate::api) fn step(&mut self, next: PageLocator) {
        (self.state.place, self.state.page) = (next, self.state.page + 1);
    }

    #[cfg(any(test, feature = "fuzz"))]
    pub(in crate::api) fn state(&self) -> &ApiState {
        &self.state
    }

    /// What was found out so far.
    pub(in crate::api) fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(in crate::api) fn layout(&self) -> &ApiLayout {
        &self.state.layout
    }
}
