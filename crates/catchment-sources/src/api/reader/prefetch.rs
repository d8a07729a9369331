//! Prefetching: requests that are sent before the pages before theirs have been read.

use std::collections::VecDeque;

use catchment_core::{Result, task_panicked};
use tokio_util::task::AbortOnDropHandle;

use crate::api::pagination::PageLocator;
use crate::http::Answer;

/// Requests that are under way, in the order of their pages. Dropping one cancels it.
#[derive(Default)]
pub(super) struct Prefetcher {
    requests: VecDeque<(PageLocator, AbortOnDropHandle<Result<Answer>>)>,
}

impl Prefetcher {
    pub(super) fn len(&self) -> usize {
        self.requests.len()
    }

    /// Whether the request for a page is under way.
    pub(super) fn holds(&self, place: &PageLocator) -> bool {
        self.requests.iter().any(|(under_way, _)| under_way == place)
    }

    /// Sends one more request.
    pub(super) fn spawn(
        &mut self,
        place: PageLocator,
        request: impl Future<Output = Result<Answer>> + Send + 'static,
    ) {
        self.requests.push_back((place, AbortOnDropHandle::new(tokio::spawn(request))));
    }

    /// The answer for the page that is wanted next. `None` cancels all requests: what is under way is not what is
    /// wanted, as pages are of another size than was thought.
    pub(super) async fn take(&mut self, place: &PageLocator) -> Option<Result<Answer>> {
        match self.requests.pop_front().filter(|(under_way, _)| under_way == place) {
            Some((_, task)) => Some(task.await.unwrap_or_else(|_| Err(task_panicked()))),
            None => {
                self.requests.clear();
                None
            }
        }
    }
}
