//! A page that is only tried: whether a way of pagination leads anywhere is told by what comes back.

use catchment_core::{Page, Result};
use reqwest::header::HeaderMap;
use xxhash_rust::xxh3::xxh3_64;

use super::fetch::Reader;
use crate::api::options::PaginationOptions;
use crate::api::pagination::{PageLocator, Pagination};
use crate::api::summary::AnswerSummary;
use crate::http::EndReason;

/// Statuses by which a server refuses a page that it does not have, or a parameter that it does not know.
const REFUSALS: [u16; 5] = [400, 404, 410, 416, 422];

/// What came back for a page that was tried.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::api) enum TriedPage {
    /// Digests of its records.
    Records(Vec<u64>),
    Refused(u16),
}

impl TriedPage {
    /// The digests of a page that was looked at, to compare with.
    pub(in crate::api) fn digests(page: &Page) -> Vec<u64> {
        page.records.iter().map(|record| xxh3_64(record.raw().as_bytes())).collect()
    }
}

impl Reader {
    /// Tries a page by a way of pagination. It leaves the reading where it is.
    ///
    /// # Errors
    /// What the answer failed with, but for a refusal.
    pub(in crate::api) async fn try_page(
        &mut self,
        way: PaginationOptions,
        place: &PageLocator,
    ) -> Result<TriedPage> {
        let pagination = Pagination::new(&self.completed(way))?;
        let resolve = |link: &str| self.api.client.resolve_link(&self.api.url, link);
        let draft = pagination.request(place, self.api.draft(self.state.since.as_deref()), resolve)?;
        let request = self.api.request(draft, HeaderMap::new(), REFUSALS.to_vec());
        let answer = self.api.client.send(&request, &self.pulse).await?;
        if answer.end == Some(EndReason::PastLast) {
            return Ok(TriedPage::Refused(answer.status.as_u16()));
        }
        let mut flow = self.open(answer).await?;
        let (url, status, headers, end) = (flow.url.clone(), flow.status, flow.headers.clone(), flow.end);
        let mut records = Vec::new();
        while let Some(items) = flow.next().await {
            let digest = |text: &str| xxh3_64(self.api.client.clean(text).as_bytes());
            records.extend(items.iter().map(|item| digest(item.raw.get())));
        }
        let walked = flow.finish().await?;
        let count = records.len() as u64;
        let (envelope, digest) = (walked.envelope, String::new());
        let mut answer = AnswerSummary { url, status, headers, envelope, count, digest, end };
        self.api.refuse_error_without_records(&mut answer)?;
        if answer.end.is_some() || !walked.was_found {
            return Err(self.no_records_there(&answer.url, &answer.envelope));
        }
        Ok(TriedPage::Records(records))
    }

    /// Takes a way of pagination that was found by trying.
    pub(in crate::api) fn adopt(&mut self, found: PaginationOptions) -> Result<()> {
        let found = self.completed(found);
        self.plan.set_pagination(&mut self.state.layout, found)
    }

    /// A way of pagination, with what the options say beside it.
    fn completed(&self, way: PaginationOptions) -> PaginationOptions {
        way.or(self.api.layout().pagination.unwrap_or_default())
    }
}
