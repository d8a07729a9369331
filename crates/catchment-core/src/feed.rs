//! A bounded channel whose receiving end is a stream, fed by a task or a thread.

use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;

use crate::{Error, ErrorKind, Result};

/// The feeding end of a stream. The stream ends when [`Feed::end`] says so; where the feed is dropped before, as by a panic
/// of its task, the stream ends with an error: half a source must not pass for a whole one.
#[derive(Debug)]
pub struct Feed<T>(mpsc::Sender<Option<Result<T>>>);

/// A bounded channel of at least one item: its sending end, and the stream of what is sent.
///
/// ```
/// # use futures::StreamExt;
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let (feed, mut items) = catchment_core::feed::<u32>(1);
/// std::thread::spawn(move || feed.blocking_send(1) && panic!("in the middle"));
/// assert_eq!(items.next().await.unwrap().unwrap(), 1);
/// assert_eq!(items.next().await.unwrap().unwrap_err().code(), "panic");
/// assert!(items.next().await.is_none());
/// # });
/// ```
pub fn feed<T: Send + 'static>(capacity: usize) -> (Feed<T>, BoxStream<'static, Result<T>>) {
    let (sender, receiver) = mpsc::channel::<Option<Result<T>>>(capacity.max(1));
    let items = stream::unfold(Some(receiver), |receiver| async {
        let mut receiver = receiver?;
        match receiver.recv().await {
            Some(Some(Ok(item))) => Some((Ok(item), Some(receiver))),
            Some(Some(Err(error))) => Some((Err(error), None)),
            Some(None) => None,
            None => Some((Err(task_panicked()), None)),
        }
    });
    (Feed(sender), items.boxed())
}

/// The error of a task that ended without saying how: it panicked.
pub fn task_panicked() -> Error {
    let message = "a task of this process ended unexpectedly; please report this";
    Error::new(ErrorKind::System, "panic", message)
}

impl<T> Feed<T> {
    /// Hands an item over, once there is room for it. False where nobody reads on.
    pub async fn send(&self, item: T) -> bool {
        self.0.send(Some(Ok(item))).await.is_ok()
    }

    /// The same from a thread that may block.
    pub fn blocking_send(&self, item: T) -> bool {
        self.0.blocking_send(Some(Ok(item))).is_ok()
    }

    /// Ends the stream, with an error where there is one.
    pub async fn end(self, result: Result<()>) {
        // Where nobody reads on, nobody waits for the end either; below as well.
        self.0.send(result.err().map(Err)).await.ok();
    }

    /// The same from a thread that may block.
    pub fn blocking_end(self, result: Result<()>) {
        self.0.blocking_send(result.err().map(Err)).ok();
    }

    /// Whether an item could be handed over at once.
    pub fn has_room(&self) -> bool {
        self.0.capacity() > 0
    }

    /// Waits until nobody reads on.
    pub async fn closed(&self) {
        self.0.closed().await;
    }

    /// A cancellation check, for work that takes long before the next item: whether the stream is still read.
    pub fn watch(&self) -> impl Fn() -> bool + Send + Sync + 'static
    where
        T: Send + 'static,
    {
        let sender = self.0.downgrade();
        move || sender.upgrade().is_some_and(|sender| !sender.is_closed())
    }
}
