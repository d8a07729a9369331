//! The records of a document, while a thread of its own reads it.

use std::io::BufReader;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::JoinHandle;

use catchment_core::{Error, Result, task_panicked};

use super::options::ValidatedJsonOptions;
use super::records::{Item, WalkResult, walk};
use super::selection::Selection;
use super::text::{RepairedText, unreadable};
use crate::Blob;
use crate::text::encoding::TextEncoding;

/// Records that are handed over at once.
const CHUNK: usize = 200;

/// The records of a document, while a thread reads it.
pub(super) struct Document {
    chunks: Option<Receiver<Vec<Item>>>,
    thread: Option<JoinHandle<serde_json::Result<WalkResult>>>,
    chunk: std::vec::IntoIter<Item>,
    is_repaired: Arc<AtomicBool>,
    was_found: bool,
    is_over: bool,
    max_bytes: u64,
}

impl Document {
    pub(super) fn open(
        blob: &Blob,
        encoding: TextEncoding,
        given: &ValidatedJsonOptions,
        selection: Selection,
    ) -> Result<Self> {
        let text = RepairedText::open(blob, encoding, given.max_bytes)?;
        let (is_repaired, run) = (text.is_repaired(), text.run());
        let (sender, chunks) = sync_channel(2);
        let read = move || {
            let mut chunk = Vec::with_capacity(CHUNK);
            let mut take = |item| {
                run.store(0, Ordering::Relaxed);
                chunk.push(item);
                chunk.len() < CHUNK || sender.send(std::mem::take(&mut chunk)).is_ok()
            };
            let text = BufReader::with_capacity(256 << 10, text);
            let walked = walk(serde_json::Deserializer::from_reader(text), &selection, &mut take);
            // What was read before a fault is delivered before it. Where nobody reads on, nobody asks.
            sender.send(chunk).ok();
            walked
        };
        let thread = std::thread::Builder::new().name("json".to_owned()).spawn(read);
        let thread = thread.map_err(|error| Error::io("starting a thread", error))?;
        Ok(Self {
            chunks: Some(chunks),
            thread: Some(thread),
            chunk: Vec::new().into_iter(),
            is_repaired,
            was_found: true,
            is_over: false,
            max_bytes: given.max_bytes,
        })
    }

    /// The first records, without taking them.
    pub(super) fn look(&mut self) -> Result<&[Item]> {
        if self.chunk.as_slice().is_empty() {
            self.refill()?;
        }
        Ok(self.chunk.as_slice())
    }

    pub(super) fn next(&mut self) -> Result<Option<Item>> {
        loop {
            if let Some(item) = self.chunk.next() {
                return Ok(Some(item));
            }
            if !self.refill()? {
                return Ok(None);
            }
        }
    }

    /// Whether malformed bytes have come in so far; they stand as U+FFFD in the records that had them.
    pub(super) fn is_repaired(&self) -> bool {
        self.is_repaired.load(Ordering::Relaxed)
    }

    /// Whether all of it has been read.
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Waits for more records; false at the end of the document.
    fn refill(&mut self) -> Result<bool> {
        if let Some(chunk) = self.chunks.as_ref().and_then(|chunks| chunks.recv().ok()) {
            self.chunk = chunk.into_iter();
            return Ok(true);
        }
        self.chunks = None;
        if let Some(thread) = self.thread.take() {
            let walked = thread.join().map_err(|_| task_panicked())?;
            let walked = walked.map_err(|error| unreadable(&error, self.max_bytes))?;
            self.was_found = walked.was_found;
        }
        self.is_over = true;
        if !self.was_found {
            let message = "the file has nothing at the path that the option `dataPath` names; set it to the path of its \
                           list of records";
            return Err(Error::config("no_records", message).with_detail("/options/dataPath", message));
        }
        Ok(false)
    }
}
