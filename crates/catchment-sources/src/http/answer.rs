//! Answers and their bodies: a short one is buffered, a long one is a stream.

use catchment_core::{Error, ErrorKind, Pulse, Result, mask_url_query};
use encoding_rs::{Encoding, UTF_8};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Response, StatusCode, Url};

use super::body::{BodyReader, TextDecoder};
use super::error_chain::{find, root_cause};
use super::redaction::Redactor;
use super::status::header_text;

/// A body up to here is taken whole, so that the request can be repeated when it breaks off; a longer one is a stream.
pub(super) const WHOLE_BYTES: usize = 8 << 20;
/// What is looked at of a body that is quoted.
const QUOTED_BYTES: usize = 64 << 10;

/// An answer that may hold records.
pub(crate) struct Answer {
    /// Where it came from in the end; links are relative to that.
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// Why it counts as one without records, where it does.
    pub(crate) end: Option<EndReason>,
}

/// Why an answer ends a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndReason {
    /// Its status says that the page is past the last one (`endStatus`).
    PastLast,
    /// It is a failure that a rule ignores: what it would have held is not known.
    Ignored,
}

/// The body of an answer; a text is in UTF-8, whatever it came in.
pub(crate) enum Body {
    Whole {
        bytes: Vec<u8>,
        /// Bytes that were malformed in their encoding stand as U+FFFD.
        is_repaired: bool,
    },
    Stream {
        head: Vec<u8>,
        rest: Box<Stream>,
    },
}

/// The rest of a body on its way.
pub(crate) struct Stream {
    body: BodyReader,
    text: Option<TextDecoder>,
    url: Url,
    taken: u64,
    limit: u64,
    pulse: Pulse,
}

impl Answer {
    pub(super) fn without_records(url: Url, status: StatusCode, headers: HeaderMap, end: EndReason) -> Self {
        Self { url, status, headers, body: Body::empty(), end: Some(end) }
    }
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self::Whole { bytes: Vec::new(), is_repaired: false }
    }

    /// Its beginning, to be quoted once it is redacted.
    pub(crate) fn beginning(&self) -> String {
        let (Self::Whole { bytes, .. } | Self::Stream { head: bytes, .. }) = self;
        String::from_utf8_lossy(&bytes[..bytes.len().min(QUOTED_BYTES)]).into_owned()
    }

    /// All of it, however long, up to the limit on answers; and whether some of it was malformed.
    pub(crate) async fn whole(self) -> Result<(Vec<u8>, bool)> {
        match self {
            Self::Whole { bytes, is_repaired } => Ok((bytes, is_repaired)),
            Self::Stream { head: mut bytes, mut rest } => {
                while let Some(piece) = rest.next().await? {
                    bytes.extend_from_slice(&piece);
                }
                Ok((bytes, rest.is_repaired()))
            }
        }
    }
}

impl Stream {
    /// The next piece; none at the end. An empty one says that something came in.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let piece = self.body.next().await.map_err(|error| broken_off(&self.url, &error))?;
        self.pulse.beat();
        let Some(piece) = piece else {
            return Ok(self.text.as_mut().and_then(TextDecoder::finish));
        };
        self.taken = self.taken.saturating_add(piece.len() as u64);
        if self.taken > self.limit {
            return Err(too_large(&self.url, self.limit));
        }
        Ok(Some(match &mut self.text {
            Some(text) => text.decode(&piece),
            None => piece,
        }))
    }

    /// Whether bytes were malformed in their encoding so far.
    pub(crate) fn is_repaired(&self) -> bool {
        self.text.as_ref().is_some_and(TextDecoder::is_repaired)
    }

    /// Whether the end of the body proves that it is whole: by its length, its chunks, the end of an HTTP/2 stream, or
    /// a compression that has an end of its own. A connection that is merely closed proves nothing.
    pub(crate) fn is_proven_whole(&self) -> bool {
        self.body.is_proven_whole()
    }
}

/// How the body of an answer is taken.
pub(super) struct Collector<'c> {
    /// Whether text of another encoding becomes UTF-8.
    pub(super) decodes_text: bool,
    /// What is taken whole; more is a stream.
    pub(super) whole_bytes: usize,
    /// Most bytes after decompression.
    pub(super) limit: u64,
    pub(super) pulse: &'c Pulse,
    pub(super) redactor: &'c Redactor,
}

impl Collector<'_> {
    /// Buffers the body of an answer, or its beginning where it is long.
    pub(super) async fn collect(&self, response: Response) -> Result<Body> {
        let url = response.url().clone();
        let text = self.decodes_text.then(|| TextDecoder::new(encoding(response.headers())));
        let body = BodyReader::new(response)?;
        let mut rest = Stream { body, text, url, taken: 0, limit: self.limit, pulse: self.pulse.clone() };
        let mut bytes = Vec::new();
        let redacted = |error: Error| error.map_text(|text| self.redactor.clean(text).into_owned());
        while bytes.len() < self.whole_bytes {
            match rest.next().await.map_err(redacted)? {
                Some(piece) => bytes.extend_from_slice(&piece),
                // A file whose end is not proven is judged by whoever asked for it; a text in JSON has an end of its
                // own.
                None if self.decodes_text || rest.is_proven_whole() => {
                    return Ok(Body::Whole { bytes, is_repaired: rest.is_repaired() });
                }
                None => break,
            }
        }
        Ok(Body::Stream { head: bytes, rest: Box::new(rest) })
    }
}

fn encoding(headers: &HeaderMap) -> &'static Encoding {
    let content_type = header_text(headers, CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    let charset = content_type.split(';').find_map(|part| part.trim().strip_prefix("charset="));
    charset.and_then(|label| Encoding::for_label(label.trim_matches('"').as_bytes())).unwrap_or(UTF_8)
}

/// The beginning of the body of an error. One that breaks off is told as far as it came.
pub(super) async fn beginning(response: Response) -> String {
    let mut bytes = Vec::new();
    let Ok(mut body) = BodyReader::new(response) else { return String::new() };
    while bytes.len() < QUOTED_BYTES {
        match body.next().await {
            Ok(Some(piece)) => bytes.extend_from_slice(&piece),
            Ok(None) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn broken_off(url: &Url, error: &std::io::Error) -> Error {
    let is_timeout = find::<reqwest::Error>(error).is_some_and(reqwest::Error::is_timeout);
    let what = if is_timeout {
        "it was silent for too long (option `timeouts`)".to_owned()
    } else {
        root_cause(error)
    };
    let message = format!("the answer of {} broke off: {what}", mask_url_query(url.as_str()));
    Error::new(ErrorKind::Network, "broken_off", message)
}

fn too_large(url: &Url, limit: u64) -> Error {
    let message = format!(
        "the answer of {} has more than {limit} bytes; ask for smaller pages, or raise the option `maxPageBytes`",
        mask_url_query(url.as_str())
    );
    Error::new(ErrorKind::Api, "page_too_large", message)
}
