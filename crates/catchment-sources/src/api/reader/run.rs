//! A reading from its start to its end, and a look at single pages.

use catchment_core::{Error, ErrorKind, Feed, Page, PageSize, Progress, Result, feed};

use super::fetch::Reader;
use crate::api::page_buffer::PageBuffer;
use crate::api::summary::AnswerSummary;
use crate::http::{Answer, EndReason};

impl Reader {
    /// Reads to the end.
    pub(in crate::api) async fn run(mut self, page_size: PageSize, feed: Feed<Page>) {
        let mut out = PageBuffer::new(feed, page_size);
        let end = match self.read_all(&mut out).await {
            Ok(()) => Ok(()),
            Err(error) => {
                // Whole pages that came before it need not be asked for again.
                out.flush_whole_pages(&self.plan.columns, self.bytes).await.ok();
                Err(self.api.client.redact_error(self.located(error)))
            }
        };
        out.end(end).await;
    }

    /// Says which page an error is of, where there are several, and it is not one of the options.
    fn located(&self, error: Error) -> Error {
        if self.plan.pagination.is_none() || error.kind() == ErrorKind::Config {
            return error;
        }
        error.with("page", self.state.page)
    }

    async fn read_all(&mut self, out: &mut PageBuffer) -> Result<()> {
        while !self.state.is_done {
            let Some(answer) = self.fetch().await? else {
                return self.finish_unchanged(out).await;
            };
            self.read_page(answer, out).await?;
        }
        Ok(())
    }

    /// Reads an answer, and moves on to the page after it.
    pub(in crate::api) async fn read_page(&mut self, answer: Answer, out: &mut PageBuffer) -> Result<()> {
        let flow = self.open(answer).await?;
        let answer = self.take_records(flow, out).await?;
        // What a failure would have told of the next page is not known either.
        let next = if answer.end == Some(EndReason::Ignored) { None } else { self.next(&answer)? };
        self.advance(next, &answer, out).await
    }

    /// The records of an answer that is looked at, and what it says beside them.
    pub(in crate::api) async fn look(&mut self, answer: Answer) -> Result<(Page, AnswerSummary)> {
        // It is never full, so that nothing is sent.
        let (feed, _pages) = feed(1);
        let mut out = PageBuffer::new(feed, PageSize::rows(usize::MAX));
        let flow = self.open(answer).await?;
        let answer = self.take_records(flow, &mut out).await?;
        self.state.last_page.clone_from(&answer.digest);
        let cursor = self.cursor(&self.state)?;
        let PageBuffer { records, rejects, .. } = out;
        let progress = Progress { bytes: self.bytes, total_bytes: None };
        Ok((
            Page {
                columns: self.plan.columns.clone(),
                records,
                rejects,
                cursor,
                progress,
                ..Page::default()
            },
            answer,
        ))
    }
}
