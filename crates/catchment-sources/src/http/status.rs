//! What the status and headers of an answer mean: kinds of error, `Retry-After` and rate limits.

use std::time::{Duration, SystemTime};

use catchment_core::{Error, ErrorKind, mask_url_query};
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{StatusCode, Url};

/// The code of an error of status 401: another token may help.
pub(super) const UNAUTHORIZED: &str = "unauthorized";

/// Maps the HTTP status of a failure to a kind of error, and its headers to a delay before the retry. `quote` is of its
/// body, without secrets.
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
    let advice = if kind == ErrorKind::Authentication { "; check the option `auth`" } else { "" };
    let message = format!("{} answered {status}{advice}", mask_url_query(url.as_str()));
    let error = Error::new(kind, code, message).with_quote(quote);
    let is_temporary = matches!(kind, ErrorKind::RateLimited | ErrorKind::Unavailable);
    let pause = retry_after(headers).or_else(|| quota_pause(headers)).filter(|_| is_temporary);
    match pause {
        Some(delay) => error.with_retry_after(delay),
        None => error,
    }
}

/// `Retry-After` (RFC 9110): seconds, or a date, which is compared with the server's own clock where it tells it.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = header_text(headers, RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let at = httpdate::parse_http_date(value).ok()?;
    Some(at.duration_since(now(headers)).unwrap_or_default())
}

/// How many seconds the clock of this machine is ahead of the server's, where that tells its time.
pub(super) fn clock_ahead(headers: &HeaderMap) -> Option<i64> {
    header_text(headers, DATE.as_str())?;
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Some(match SystemTime::now().duration_since(now(headers)) {
        Ok(ahead) => seconds(ahead),
        Err(behind) => -seconds(behind.duration()),
    })
}

/// The server's time.
pub(super) fn now(headers: &HeaderMap) -> SystemTime {
    let date = header_text(headers, DATE.as_str()).and_then(|date| httpdate::parse_http_date(date).ok());
    date.unwrap_or_else(SystemTime::now)
}

/// How long a rate limit stays exhausted: `RateLimit-*` of the IETF's drafts (seconds), and what people send as
/// `X-RateLimit-*` (seconds, or a time since 1970 in seconds or milliseconds). `None` while something is left.
pub(super) fn quota_pause(headers: &HeaderMap) -> Option<Duration> {
    if let Some((remaining, reset)) = header_text(headers, "ratelimit").and_then(structured) {
        return (remaining == 0).then(|| Duration::from_secs(reset));
    }
    for prefix in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        let field = |name: &str| {
            header_text(headers, &format!("{prefix}-{name}"))?.split(',').next()?.trim().parse().ok()
        };
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

/// A header as text, where it is there and is text.
pub(super) fn header_text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
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
