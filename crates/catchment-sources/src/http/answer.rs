//! Answers: their bodies, and what their status and headers mean.

use std::time::{Duration, SystemTime};

use catchment_core::{Error, ErrorKind, Pulse, Result, masked};
use encoding_rs::{Encoding, UTF_8};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

use super::body::{BodyReader, Text};

use super::wire::{Wire, deepest, find};

/// A body up to here is taken whole, so that the request can be repeated when it breaks off; a longer one is a stream.
const WHOLE_BYTES: usize = 8 << 20;
/// The code of an error of status 401: another token may help.
pub(super) const UNAUTHORIZED: &str = "unauthorized";
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
    pub(crate) end: Option<End>,
}

/// Why an answer ends a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
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
    text: Option<Text>,
    url: Url,
    taken: u64,
    limit: u64,
    pulse: Pulse,
}

impl Answer {
    pub(super) fn without_records(url: Url, status: StatusCode, headers: HeaderMap, end: End) -> Self {
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
            return Ok(self.text.as_mut().and_then(Text::finish));
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
        self.text.as_ref().is_some_and(Text::is_repaired)
    }

    /// Whether the end of the body proves that it is whole: by its length, its chunks, the end of an HTTP/2 stream, or
    /// a compression that has an end of its own. A connection that is merely closed proves nothing.
    pub(crate) fn is_proven_whole(&self) -> bool {
        self.body.is_proven_whole()
    }
}

/// Takes the body of an answer, or its beginning where it is long.
pub(super) async fn collect(
    response: Response,
    decodes_text: bool,
    limit: u64,
    pulse: &Pulse,
    wire: &Wire,
) -> Result<Body> {
    let url = response.url().clone();
    let text = decodes_text.then(|| Text::new(encoding(response.headers())));
    let body = BodyReader::new(response)?;
    let mut rest = Stream { body, text, url, taken: 0, limit, pulse: pulse.clone() };
    let mut bytes = Vec::new();
    while bytes.len() < WHOLE_BYTES {
        match rest.next().await.map_err(|error| error.map_text(|text| wire.clean(text).into_owned()))? {
            Some(piece) => bytes.extend_from_slice(&piece),
            // A file whose end is not proven is judged by whoever asked for it; a text in JSON has an end of its own.
            None if decodes_text || rest.is_proven_whole() => {
                return Ok(Body::Whole { bytes, is_repaired: rest.is_repaired() });
            }
            None => break,
        }
    }
    Ok(Body::Stream { head: bytes, rest: Box::new(rest) })
}

fn encoding(headers: &HeaderMap) -> &'static Encoding {
    let content_type = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
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

/// What the status of an answer means. `quote` is of its body, without secrets.
pub(super) fn answer_error(url: &Url, status: StatusCode, headers: &HeaderMap, quote: String) -> Error {
    let is_out_of_quota = status == StatusCode::FORBIDDEN
        && (headers.contains_key(RETRY_AFTER) || quota_pause(headers).is_some());
    let (kind, code) = match status.as_u16() {
        429 => (ErrorKind::RateLimited, "too_many_requests"),
        403 if is_out_of_quota => (ErrorKind::RateLimited, "too_many_requests"),
        401 => (ErrorKind::Authentication, UNAUTHORIZED),
        403 => (ErrorKind::Authentication, "forbidden"),
        407 => (ErrorKind::Authentication, "proxy_authentication"),
        408 | 425 | 500 | 502..=504 | 506..=599 => (ErrorKind::Unavailable, "unavailable"),
        _ => (ErrorKind::Api, "unexpected_status"),
    };
    let error =
        Error::new(kind, code, format!("{} answered {status}", masked(url.as_str()))).with_quote(quote);
    let pause = match kind {
        ErrorKind::RateLimited | ErrorKind::Unavailable => {
            retry_after(headers).or_else(|| quota_pause(headers))
        }
        _ => None,
    };
    match pause {
        Some(delay) => error.with_retry_after(delay),
        None => error,
    }
}

/// `Retry-After` (RFC 9110): seconds, or a date, which is compared with the server's own clock where it tells it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now(headers)).unwrap_or_default())
}

/// The server's time.
fn now(headers: &HeaderMap) -> SystemTime {
    let date = text(headers, DATE.as_str()).and_then(|date| httpdate::parse_http_date(date).ok());
    date.unwrap_or_else(SystemTime::now)
}

/// How long a quota stays used up: `RateLimit-*` of the IETF's drafts (seconds), and what people send as
/// `X-RateLimit-*` (seconds, or a time since 1970 in seconds or milliseconds). `None` while something is left.
pub(super) fn quota_pause(headers: &HeaderMap) -> Option<Duration> {
    if let Some((remaining, reset)) = text(headers, "ratelimit").and_then(structured) {
        return (remaining == 0).then(|| Duration::from_secs(reset));
    }
    for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        let field =
            |name: &str| text(headers, &format!("{prefix}-{name}"))?.split(',').next()?.trim().parse().ok();
        let (Some(remaining), Some(reset)) = (field("remaining"), field("reset")) else { continue };
        let (remaining, reset): (f64, f64) = (remaining, reset);
        if remaining > 0.0 {
            return None;
        }
        let since_1970 = now(headers).duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let pause = match reset {
            milliseconds if milliseconds > 1e11 => milliseconds / 1000.0 - since_1970.as_secs_f64(),
            seconds if seconds > 1e8 => seconds - since_1970.as_secs_f64(),
            seconds => seconds,
        };
        return Duration::try_from_secs_f64(pause.max(0.0)).ok();
    }
    None
}

/// What is left and the seconds until more: `"default";r=0;t=30`, or `limit=100, remaining=0, reset=30` of older drafts.
fn structured(value: &str) -> Option<(u64, u64)> {
    let field = |names: [&str; 2]| {
        let mut parts = value.split([';', ',']).filter_map(|part| part.trim().split_once('='));
        parts.find(|(name, _)| names.contains(name))?.1.trim().parse().ok()
    };
    Some((field(["r", "remaining"])?, field(["t", "reset"])?))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn broken_off(url: &Url, error: &std::io::Error) -> Error {
    let is_timeout = find::<reqwest::Error>(error).is_some_and(reqwest::Error::is_timeout);
    let what = match is_timeout {
        true => "it was silent for too long (option `timeouts`)".to_owned(),
        false => deepest(error),
    };
    let message = format!("the answer of {} broke off: {what}", masked(url.as_str()));
    Error::new(ErrorKind::Network, "broken_off", message)
}

fn too_large(url: &Url, limit: u64) -> Error {
    let message = format!(
        "the answer of {} has more than {limit} bytes; ask for smaller pages, or raise the option `maxPageBytes`",
        masked(url.as_str())
    );
    Error::new(ErrorKind::Api, "page_too_large", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn quotas_are_understood_in_all_their_spellings() {
        let date = ("date", "Tue, 24 Nov 2026 12:00:00 GMT");
        for (pairs, seconds) in [
            (&[("ratelimit", "\"default\";r=0;t=30")][..], Some(30)),
            (&[("ratelimit", "limit=100, remaining=0, reset=12")], Some(12)),
            (&[("ratelimit-remaining", "0"), ("ratelimit-reset", "7")], Some(7)),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795521660"), date], Some(60)),
            (&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1795521660000"), date], Some(60)),
            (&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "60")], None),
            (&[("x-ratelimit-reset", "60")], None),
        ] {
            assert_eq!(quota_pause(&headers(pairs)).map(|pause| pause.as_secs()), seconds, "{pairs:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let date = ("date", "Tue, 24 Nov 2026 12:00:00 GMT");
        let at = ("retry-after", "Tue, 24 Nov 2026 12:01:30 GMT");
        assert_eq!(retry_after(&headers(&[("retry-after", "120")])), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(&headers(&[date, at])), Some(Duration::from_secs(90)));
        assert_eq!(retry_after(&headers(&[("retry-after", "soon")])), None);
    }

    #[test]
    fn each_status_has_its_kind() {
        let url = Url::parse("http://a.example/b?key=secret").unwrap();
        for (status, kind) in [
            (401, ErrorKind::Authentication),
            (403, ErrorKind::Authentication),
            (404, ErrorKind::Api),
            (408, ErrorKind::Unavailable),
            (425, ErrorKind::Unavailable),
            (429, ErrorKind::RateLimited),
            (500, ErrorKind::Unavailable),
            (501, ErrorKind::Api),
            (503, ErrorKind::Unavailable),
            (206, ErrorKind::Api),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            let error = answer_error(&url, status, &HeaderMap::new(), "oh".to_owned());
            assert_eq!(error.kind(), kind, "{status}");
            assert!(error.message().contains(status.as_str()) && error.full_message().ends_with(": oh"));
            assert!(!error.message().contains("secret"));
        }
        let used_up = headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")]);
        let error = answer_error(&url, StatusCode::FORBIDDEN, &used_up, String::new());
        assert_eq!(error.kind(), ErrorKind::RateLimited);
    }
}
