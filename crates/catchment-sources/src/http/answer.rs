//! Answers: their bodies, and what their status and headers mean.

use std::time::{Duration, SystemTime};

use catchment_core::{Error, ErrorKind, Pulse, Result, cut, masked};
use encoding_rs::{Encoding, UTF_8};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode, Url};

use super::wire::{Wire, deepest};

/// A body up to here is taken whole, so that the request can be repeated when it breaks off; a longer one is a stream.
const WHOLE_BYTES: usize = 8 << 20;
/// The code of an error of status 401: another token may help.
pub(super) const UNAUTHORIZED: &str = "unauthorized";
/// Of the body of an error.
const EXCERPT_BYTES: usize = 500;
const MAX_ERROR_BYTES: usize = 64 << 10;

/// An answer that may hold records.
pub(crate) struct Answer {
    /// Where it came from in the end; links are relative to that.
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// A rule says that it counts as one without records.
    pub(crate) is_ignored: bool,
}

pub(crate) enum Body {
    Whole(Vec<u8>),
    Stream { head: Vec<u8>, rest: Box<Stream> },
}

/// The rest of a body on its way.
pub(crate) struct Stream {
    response: Response,
    url: Url,
    taken: u64,
    limit: u64,
    pulse: Pulse,
}

impl Answer {
    pub(super) fn ignored(url: Url, status: StatusCode, headers: HeaderMap) -> Self {
        Self { url, status, headers, body: Body::Whole(Vec::new()), is_ignored: true }
    }
}

impl Body {
    /// Its beginning, for people.
    pub(crate) fn excerpt(&self) -> String {
        let (Self::Whole(bytes) | Self::Stream { head: bytes, .. }) = self;
        let head = &bytes[..bytes.len().min(EXCERPT_BYTES * 2)];
        cut(String::from_utf8_lossy(head).trim(), EXCERPT_BYTES)
    }
}

impl Body {
    /// All of it, however long; up to the limit on answers.
    pub(crate) async fn whole(self) -> Result<Vec<u8>> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::Stream { head: mut bytes, mut rest } => {
                while let Some(piece) = rest.next().await? {
                    bytes.extend_from_slice(&piece);
                }
                Ok(bytes)
            }
        }
    }
}

impl Stream {
    /// The next piece; none at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let chunk = self.response.chunk().await.map_err(|error| broken_off(&self.url, error))?;
        let Some(chunk) = chunk else { return Ok(None) };
        self.pulse.beat();
        self.taken += chunk.len() as u64;
        match self.taken > self.limit {
            true => Err(too_large(&self.url, self.limit)),
            false => Ok(Some(chunk.into())),
        }
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
    let encoding = if decodes_text { encoding(response.headers()) } else { UTF_8 };
    let mut rest = Stream { response, url, taken: 0, limit, pulse: pulse.clone() };
    let mut bytes = Vec::new();
    // Text of another encoding is decoded at once.
    while bytes.len() < WHOLE_BYTES || encoding != UTF_8 {
        match rest.next().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) if !decodes_text => return Ok(Body::Whole(bytes)),
            Ok(None) => return Ok(Body::Whole(in_utf8(bytes, encoding))),
            Err(error) => {
                let message = wire.clean(error.message());
                return Err(Error::new(error.kind(), error.code().to_owned(), message));
            }
        }
    }
    Ok(Body::Stream { head: bytes, rest: Box::new(rest) })
}

fn encoding(headers: &HeaderMap) -> &'static Encoding {
    let content_type = text(headers, CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    let charset = content_type.split(';').find_map(|part| part.trim().strip_prefix("charset="));
    charset.and_then(|label| Encoding::for_label(label.trim_matches('"').as_bytes())).unwrap_or(UTF_8)
}

fn in_utf8(bytes: Vec<u8>, encoding: &'static Encoding) -> Vec<u8> {
    match Encoding::for_bom(&bytes) {
        None if encoding == UTF_8 => bytes,
        // A byte order mark says more than a header.
        _ => encoding.decode(&bytes).0.into_owned().into_bytes(),
    }
}

/// The beginning of the body of an error. One that breaks off is shown as far as it came.
pub(super) async fn excerpt(mut response: Response, wire: &Wire) -> String {
    let mut bytes = Vec::new();
    while bytes.len() < MAX_ERROR_BYTES {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    wire.clean(String::from_utf8_lossy(&bytes).trim())
}

/// What the status of an answer means.
pub(super) fn answer_error(url: &Url, status: StatusCode, headers: &HeaderMap, body: &str) -> Error {
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
    let shown = match body.is_empty() {
        true => "with an empty body".to_owned(),
        false => format!("with: {}", cut(body, EXCERPT_BYTES)),
    };
    let message = format!("{} answered {status} {shown}", masked(url.as_str()));
    let error = Error::new(kind, code, message);
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

fn broken_off(url: &Url, error: reqwest::Error) -> Error {
    let what = match error.is_timeout() {
        true => "it was silent for too long (option `timeouts`)".to_owned(),
        false => deepest(&error),
    };
    let message = format!("the answer of {} broke off: {what}", masked(url.as_str()));
    Error::new(ErrorKind::Network, "broken_off", message).with_source(error.without_url())
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
            let error = answer_error(&url, status, &HeaderMap::new(), "oh");
            assert_eq!(error.kind(), kind, "{status}");
            assert!(error.message().contains(status.as_str()) && error.message().contains("oh"));
            assert!(!error.message().contains("secret"));
        }
        let used_up = headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "5")]);
        assert_eq!(answer_error(&url, StatusCode::FORBIDDEN, &used_up, "").kind(), ErrorKind::RateLimited);
    }
}
