//! From a task that reads a source to the stream of its pages.

use catchment_core::{Feed, Page, Result, feed};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio_util::task::AbortOnDropHandle;

/// The pages that a task feeds. One of them waits while the next is read, so that reading and writing overlap. Dropping
/// the stream stops the task.
pub(crate) fn from_task<F: Future<Output = ()> + Send + 'static>(
    read: impl FnOnce(Feed<Page>) -> F,
) -> BoxStream<'static, Result<Page>> {
    let (feed, pages) = feed(1);
    let task = AbortOnDropHandle::new(tokio::spawn(read(feed)));
    pages
        .map(move |page| {
            // Held as long as the stream is.
            let _task = &task;
            page
        })
        .boxed()
}
