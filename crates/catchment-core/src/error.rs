//! One error type for the whole flow. Its kind alone decides whether an attempt is retried.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::value::printable;

/// What the crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The classes of failure. Their names are stored in `sync_errors.error_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// A required column is empty, a value does not fit.
    Validation,
    /// Malformed CSV or JSON, bad encoding.
    Parsing,
    /// An unknown option or target, no such file.
    Config,
    /// 401, 403, a refused token.
    Authentication,
    /// No answer, a time-out, a connection reset, TLS broken off.
    Network,
    /// 429, a quota used up.
    RateLimited,
    /// 408, 500, 502, 503, 504.
    Unavailable,
    /// Another 4xx, or an answer of the wrong form.
    Api,
    /// The database: lost connection, deadlock, lock time-out, busy.
    Database,
    /// Disk full, an I/O error, a panic in a task.
    System,
}

impl ErrorKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 10] = [
        Self::Validation,
        Self::Parsing,
        Self::Config,
        Self::Authentication,
        Self::Network,
        Self::RateLimited,
        Self::Unavailable,
        Self::Api,
        Self::Database,
        Self::System,
    ];

    /// Whether an attempt that ended with this kind is worth another one.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Network | Self::RateLimited | Self::Unavailable | Self::Database | Self::System => true,
            Self::Validation | Self::Parsing | Self::Config | Self::Authentication | Self::Api => false,
        }
    }

    /// The name as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Validation => "validation",
            Self::Parsing => "parsing",
            Self::Config => "config",
            Self::Authentication => "authentication",
            Self::Network => "network",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Api => "api",
            Self::Database => "database",
            Self::System => "system",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing wrong with the options of a request, with its place as a JSON pointer (RFC 6901).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Detail {
    /// Where, such as `/options/delimiter`; empty for the whole document.
    pub pointer: String,
    /// What is wrong there, and what would be accepted.
    pub message: String,
}

/// What went wrong: its kind, a code that programs can match, what we were doing and with what, and why.
///
/// Messages are for people and never hold a secret. What is quoted of the other side's own words ([`Error::with_quote`])
/// is kept apart from them: it is stored and answered, but it does not go into logs.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    code: Cow<'static, str>,
    message: String,
    quote: Option<String>,
    details: Vec<Detail>,
    retry_after: Option<Duration>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`; `code` is a stable name in snake case, such as `no_such_file`.
    pub fn new(kind: ErrorKind, code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            code: code.into(),
            message: printable(message.into()),
            quote: None,
            details: Vec::new(),
            retry_after: None,
            source: None,
        }))
    }

    /// A `config` error, the usual answer to options that cannot be used.
    pub fn config(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, code, message)
    }

    /// An I/O error that happened while doing `what`: what cannot be opened as it is named is `config`, the
    /// rest is `system`.
    pub fn io(what: impl fmt::Display, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Io;
        // A loop of links; a socket or a device without a driver, which cannot be opened.
        let is_no_file = [rustix::io::Errno::LOOP, rustix::io::Errno::NXIO]
            .iter()
            .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()));
        let (kind, code) = match error.kind() {
            _ if is_no_file => (ErrorKind::Config, "not_a_file"),
            Io::NotFound => (ErrorKind::Config, "no_such_file"),
            Io::PermissionDenied => (ErrorKind::Config, "permission_denied"),
            Io::IsADirectory | Io::NotADirectory | Io::InvalidInput | Io::InvalidFilename => {
                (ErrorKind::Config, "not_a_file")
            }
            Io::StorageFull | Io::QuotaExceeded => (ErrorKind::System, "disk_full"),
            _ => (ErrorKind::System, "io"),
        };
        Self::new(kind, code, format!("{what}: {error}")).with_source(error)
    }

    /// Adds the cause. It is for logs; the message must be complete without it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds words of the other side, such as the beginning of an answer's body, without secrets.
    #[must_use]
    pub fn with_quote(mut self, quote: impl Into<String>) -> Self {
        self.0.quote = Some(printable(quote.into())).filter(|quote| !quote.is_empty());
        self
    }

    /// Adds lines of our own below the message, such as statements to be copied.
    #[must_use]
    pub fn with_lines(mut self, lines: &[String]) -> Self {
        for line in lines {
            self.0.message.push('\n');
            self.0.message.push_str(&printable(line.clone()));
        }
        self
    }

    /// The same error as one of another kind, where somebody knows better.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same error with its texts replaced, as by a redaction.
    #[must_use]
    pub fn map_text(mut self, map: impl Fn(&str) -> String) -> Self {
        self.0.message = map(&self.0.message);
        self.0.quote = self.0.quote.as_deref().map(&map);
        for detail in &mut self.0.details {
            detail.message = map(&detail.message);
        }
        self
    }

    /// Adds the time that the other side asked us to wait.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Adds a place in the options and what is wrong there.
    #[must_use]
    pub fn with_detail(mut self, pointer: impl Into<String>, message: impl Into<String>) -> Self {
        self.0.details.push(Detail { pointer: pointer.into(), message: message.into() });
        self
    }

    /// Puts `what` before the message: what we were doing when it happened.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{}: {}", printable(what.to_string()), self.0.message);
        self
    }

    /// Its kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Its code.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// Its message, the same that `Display` gives.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Its message with what it quotes of the other side: for answers and tables, not for logs.
    pub fn full_message(&self) -> String {
        match &self.0.quote {
            Some(quote) => format!("{}: {quote}", self.0.message),
            None => self.0.message.clone(),
        }
    }

    /// What is wrong where in the options.
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// How long the other side asked us to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_kinds_read_back() {
        for kind in ErrorKind::ALL {
            assert_eq!(ErrorKind::from_name(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }

    #[test]
    fn what_is_quoted_does_not_print() {
        let error = Error::new(ErrorKind::Api, "x", "a.example answered 400").with_quote("no\nsuch");
        assert_eq!(error.to_string(), "a.example answered 400");
        assert_eq!(error.full_message(), "a.example answered 400: no\\nsuch");
    }

    #[test]
    fn a_line_end_in_a_name_begins_no_line() {
        let error = Error::io("opening a\nb.csv", std::io::ErrorKind::NotFound.into()).context("x\ny");
        assert!(!error.message().contains('\n'), "{error}");
    }

    #[test]
    fn a_missing_file_is_not_retried_and_a_full_disk_is() {
        let missing = Error::io("opening a.csv", std::io::ErrorKind::NotFound.into());
        let full = Error::io("writing", std::io::ErrorKind::StorageFull.into());
        assert!(!missing.kind().is_retryable());
        assert!(full.kind().is_retryable());
    }
}
