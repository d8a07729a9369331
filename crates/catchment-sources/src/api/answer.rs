//! An answer on its way to records: read whole where it is short, as a stream where it is long.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use catchment_core::{Error, ErrorKind, Result, mask_url_query, task_panicked};
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::endpoint::Endpoint;
use crate::http::{Answer, Body, EndReason, Stream};
use catchment_formats::json::records::{Item, WalkResult, walk};
use catchment_formats::json::selection::Selection;

/// Records that a long answer hands over at once.
const CHUNK: usize = 500;
/// Shorter answers are read where they come in, longer ones on a thread of their own.
const SHORT_BYTES: usize = 256 << 10;

/// An answer whose records are being read.
pub(super) struct RecordStream {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// Why it counts as an answer without records, where it does.
    pub(super) end: Option<EndReason>,
    items: Items,
    is_repaired: Arc<AtomicBool>,
}

enum Items {
    /// All are here.
    Ready(Vec<Item>, WalkResult),
    Flowing {
        chunks: mpsc::Receiver<Vec<Item>>,
        walk: AbortOnDropHandle<Result<WalkResult>>,
    },
}

impl RecordStream {
    /// Begins to read an answer.
    pub(super) async fn new(api: &Arc<Endpoint>, answer: Answer, selection: Arc<Selection>) -> Result<Self> {
        let Answer { url, headers, body, status, end } = answer;
        let is_repaired = Arc::new(AtomicBool::new(false));
        let items = match body {
            _ if end.is_some() || status == StatusCode::NO_CONTENT => {
                let walked = WalkResult { envelope: "null".to_owned(), was_found: true, is_stopped: false };
                Items::Ready(Vec::new(), walked)
            }
            Body::Whole { bytes, is_repaired: is_bad } => {
                is_repaired.store(is_bad, Ordering::Relaxed);
                let is_short = bytes.len() < SHORT_BYTES;
                let text = text(bytes);
                let (api, context) = (api.clone(), url.clone());
                let read = move || {
                    read_whole(&text, &selection).map_err(|error| unreadable(&api, &context, &error, &text))
                };
                if is_short {
                    read()?
                } else {
                    tokio::task::spawn_blocking(read).await.unwrap_or_else(|_| Err(task_panicked()))?
                }
            }
            Body::Stream { head, rest } => {
                is_repaired.store(rest.is_repaired(), Ordering::Relaxed);
                refuse_html(api, &url, &head)?;
                let incoming = Incoming { head, rest, is_repaired: is_repaired.clone() };
                incoming.walk(api.clone(), url.clone(), selection)
            }
        };
        Ok(Self { url, status, headers, end, items, is_repaired })
    }

    /// Whether bytes that came in so far were malformed; they stand as U+FFFD in the records that had them.
    pub(super) fn is_repaired(&self) -> bool {
        self.is_repaired.load(Ordering::Relaxed)
    }

    /// All records, where they are here already.
    pub(super) fn ready(&self) -> Option<&[Item]> {
        match &self.items {
            Items::Ready(items, _) => Some(items),
            Items::Flowing { .. } => None,
        }
    }

    /// The next records; none at the end.
    pub(super) async fn next(&mut self) -> Option<Vec<Item>> {
        match &mut self.items {
            Items::Ready(items, _) => Some(std::mem::take(items)).filter(|items| !items.is_empty()),
            Items::Flowing { chunks, .. } => chunks.recv().await,
        }
    }

    /// What is around the records, once they have all been taken.
    pub(super) async fn finish(self) -> Result<WalkResult> {
        match self.items {
            Items::Ready(_, walked) => Ok(walked),
            Items::Flowing { walk, .. } => walk.await.unwrap_or_else(|_| Err(task_panicked())),
        }
    }
}

/// The text of a whole body, which came in as UTF-8.
pub(super) fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn read_whole(text: &str, selection: &Selection) -> serde_json::Result<Items> {
    let mut items = Vec::new();
    let mut take = |item| {
        items.push(item);
        true
    };
    let walked = walk(serde_json::Deserializer::from_str(text), selection, &mut take)?;
    Ok(Items::Ready(items, walked))
}

/// A long answer that is read while it comes in.
struct Incoming {
    head: Vec<u8>,
    rest: Box<Stream>,
    /// Set when bytes were malformed, before the records that hold them can be read.
    is_repaired: Arc<AtomicBool>,
}

impl Incoming {
    /// Reads its records, on a thread that what comes in is pumped to.
    fn walk(self, api: Arc<Endpoint>, url: Url, selection: Arc<Selection>) -> Items {
        let (pieces, incoming) = mpsc::channel::<Vec<u8>>(8);
        let (sender, chunks) = mpsc::channel(2);
        let failed = Arc::new(Mutex::new(None));
        let slot = failed.clone();
        let pump = async move {
            let pumped = self.pump(&pieces).await;
            if let (Err(error), Ok(mut failed)) = (pumped, failed.lock()) {
                *failed = Some(error);
            }
            // Not before: whoever reads is told of an end only once it can be known why.
            drop(pieces);
        };
        let walk = async move {
            let pump = AbortOnDropHandle::new(tokio::spawn(pump));
            let read = tokio::task::spawn_blocking(move || read_stream(incoming, &selection, &sender));
            let walked = read.await;
            // What the connection failed with tells more than that the text ends.
            pump.abort();
            match (slot.lock().ok().and_then(|mut failed| failed.take()), walked) {
                (Some(error), _) => Err(error),
                (None, Ok(Ok(walked))) => Ok(walked),
                (None, Ok(Err(error))) => Err(unreadable(&api, &url, &error, "")),
                (None, Err(_)) => Err(task_panicked()),
            }
        };
        Items::Flowing { chunks, walk: AbortOnDropHandle::new(tokio::spawn(walk)) }
    }

    /// Sends it piece by piece, until it ends or nobody reads on.
    async fn pump(mut self, pieces: &mpsc::Sender<Vec<u8>>) -> Result<()> {
        let mut piece = self.head;
        while pieces.send(piece).await.is_ok() {
            let Some(next) = self.rest.next().await? else { break };
            self.is_repaired.fetch_or(self.rest.is_repaired(), Ordering::Relaxed);
            piece = next;
        }
        Ok(())
    }
}

fn read_stream(
    incoming: mpsc::Receiver<Vec<u8>>,
    selection: &Selection,
    sender: &mpsc::Sender<Vec<Item>>,
) -> serde_json::Result<WalkResult> {
    let mut chunk = Vec::with_capacity(CHUNK);
    let mut take = |item| {
        chunk.push(item);
        chunk.len() < CHUNK || sender.blocking_send(std::mem::take(&mut chunk)).is_ok()
    };
    let pieces = io::BufReader::with_capacity(64 << 10, ChunkReader { incoming, piece: Vec::new(), at: 0 });
    let walked = walk(serde_json::Deserializer::from_reader(pieces), selection, &mut take)?;
    // A closed channel means that nobody reads on, and nobody asks what came of it.
    let is_over = chunk.is_empty() || sender.blocking_send(chunk).is_ok();
    Ok(WalkResult { is_stopped: walked.is_stopped || !is_over, ..walked })
}

/// What comes in, to be read on a thread.
struct ChunkReader {
    incoming: mpsc::Receiver<Vec<u8>>,
    piece: Vec<u8>,
    at: usize,
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            match self.incoming.blocking_recv() {
                Some(piece) => (self.piece, self.at) = (piece, 0),
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

/// What a text is that does not read as JSON. One that ends too soon was cut off; it may be whole the next time.
pub(super) fn unreadable(api: &Endpoint, url: &Url, error: &serde_json::Error, text: &str) -> Error {
    if let Err(html) = refuse_html(api, url, text.as_bytes()) {
        return html;
    }
    let shown = mask_url_query(url.as_str());
    if error.is_eof() {
        let message = format!("the answer of {shown} ends in the middle of its JSON ({error})");
        return Error::new(ErrorKind::Network, "cut_off", message);
    }
    let message = format!("the answer of {shown} is not JSON: {error}");
    Error::new(ErrorKind::Parsing, "bad_json", message).with_quote(api.client.quote(text))
}

fn refuse_html(api: &Endpoint, url: &Url, body: &[u8]) -> Result<()> {
    if body.trim_ascii_start().first() != Some(&b'<') {
        return Ok(());
    }
    let message = format!(
        "{} answered with HTML or XML instead of JSON; check the URL, and whether it needs the option `auth`",
        mask_url_query(url.as_str())
    );
    let quote = api.client.quote(&String::from_utf8_lossy(body));
    Err(Error::new(ErrorKind::Api, "not_json", message).with_quote(quote))
}
