//! Downloads: the body of an answer goes to a file, and one that breaks off is continued where it stopped (RFC 9110, 14).

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use catchment_core::{Error, ErrorKind, Pulse, Result, mask_url_query};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, HeaderValue, RANGE};

use super::answer::{Answer, Body};
use super::client::Client;
use super::request::Request;
use super::status::header_text;

/// Times in a row that a download breaks off before much came.
const MAX_FRUITLESS: u32 = 3;
/// What is much.
const FRUIT_BYTES: u64 = 64 << 10;
/// Times that it breaks off in all.
const MAX_TRIES: u32 = 1_000;

/// How much of a body came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) bytes: u64,
    /// Whether that is all of it, as far as anybody can tell.
    pub(crate) is_whole: bool,
    /// Whether the end of the body proves that it is whole.
    pub(crate) is_proven_whole: bool,
}

/// Copies an answer to the end of a file, or so many bytes of its beginning. `saved` is what the file has, and is kept up to date.
pub(crate) async fn save(
    answer: Answer,
    most: Option<u64>,
    file: &mut File,
    saved: &mut Saved,
) -> Result<()> {
    let (head, mut rest) = match answer.body {
        Body::Whole { bytes, .. } => (bytes, None),
        Body::Stream { head, rest } => (head, Some(rest)),
    };
    let mut add = |bytes: &[u8], saved: &mut Saved| {
        saved.bytes = saved.bytes.saturating_add(bytes.len() as u64);
        file.write_all(bytes).map_err(writing)
    };
    add(&head, saved)?;
    saved.is_proven_whole = rest.is_none();
    while let Some(stream) = rest.as_mut().filter(|_| most.is_none_or(|most| saved.bytes < most)) {
        match stream.next().await? {
            Some(piece) => add(&piece, saved)?,
            None => {
                saved.is_proven_whole = stream.is_proven_whole();
                rest = None;
            }
        }
    }
    saved.is_whole = rest.is_none();
    Ok(())
}

impl Client {
    /// Downloads what a request is answered with to an empty file, and continues it by ranges where it breaks off. Whoever asked
    /// proves that it is whole, and of one version.
    ///
    /// # Errors
    /// As of [`Client::send`]; `network` where it breaks off and nothing more comes.
    pub(crate) async fn download(&self, request: &Request, file: &mut File, pulse: &Pulse) -> Result<Saved> {
        let mut saved = Saved::default();
        let mut fruitless = 0;
        let mut tries = 0;
        loop {
            let before = saved.bytes;
            let error = match self.download_on(request, file, &mut saved, pulse).await {
                Ok(()) => return Ok(saved),
                Err(error) => self.redact_error(error),
            };
            tries += 1;
            fruitless = if saved.bytes >= before.saturating_add(FRUIT_BYTES) { 0 } else { fruitless + 1 };
            if error.kind() != ErrorKind::Network
                || saved.bytes == 0
                || fruitless == MAX_FRUITLESS
                || tries == MAX_TRIES
            {
                return Err(error);
            }
        }
    }

    /// One request for what a file lacks.
    async fn download_on(
        &self,
        request: &Request,
        file: &mut File,
        saved: &mut Saved,
        pulse: &Pulse,
    ) -> Result<()> {
        let mut request = Request { is_continued: true, ..request.clone() };
        if saved.bytes > 0 {
            let range = HeaderValue::try_from(format!("bytes={}-", saved.bytes));
            let range = range.map_err(|error| Error::new(ErrorKind::System, "range", error.to_string()))?;
            request.headers.insert(RANGE, range);
        }
        // All that there is has come: what is missing is its end.
        request.end_status = vec![StatusCode::RANGE_NOT_SATISFIABLE.as_u16()];
        let answer = self.send(&request, pulse).await?;
        if answer.end.is_some() {
            let length = header_text(&answer.headers, CONTENT_RANGE.as_str());
            let is_all = length.is_some_and(|length| length == format!("bytes */{}", saved.bytes));
            (saved.is_whole, saved.is_proven_whole) = (true, is_all);
            return Ok(());
        }
        if saved.bytes > 0 && answer.status != StatusCode::PARTIAL_CONTENT {
            // It begins anew.
            file.set_len(0).and_then(|()| file.seek(SeekFrom::Start(0))).map_err(writing)?;
            saved.bytes = 0;
        } else if saved.bytes > 0 && !begins_at(&answer, saved.bytes) {
            let message = format!(
                "{} answered with another range than the one asked for",
                mask_url_query(request.url.as_str())
            );
            return Err(Error::new(ErrorKind::Api, "bad_range", message));
        }
        save(answer, None, file, saved).await
    }
}

fn begins_at(answer: &Answer, byte: u64) -> bool {
    header_text(&answer.headers, CONTENT_RANGE.as_str())
        .is_some_and(|range| range.starts_with(&format!("bytes {byte}-")))
}

/// The error of the file that a download goes to.
pub(crate) fn writing(error: std::io::Error) -> Error {
    let dir = std::env::temp_dir();
    Error::io(format!("writing the download to a temporary file in {} (TMPDIR)", dir.display()), error)
}
