//! One error type for the whole flow: its kind, what we were doing, with what, and why it failed.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use crate::kind::ErrorKind;
use crate::text::printable;

/// What the crate's functions return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

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
    context: Vec<(&'static str, String)>,
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
            context: Vec::new(),
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

    /// Adds what we were doing it with, as a pair that logs can be searched by: one of `url`, `page`, `path`, `file`,
    /// `line`, `run`. Where the message does not say it already, it is added to it. The first value of a name counts:
    /// whoever is nearest to the failure knows best.
    ///
    /// ```
    /// use catchment_core::{Error, ErrorKind};
    /// let error = Error::new(ErrorKind::Parsing, "bad_json", "the answer is not JSON").with("page", 3);
    /// assert_eq!(error.to_string(), "the answer is not JSON [page 3]");
    /// assert_eq!(error.get("page"), Some("3"));
    /// ```
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        if self.get(name).is_some() {
            return self;
        }
        let value = printable(value.to_string());
        let pair = format!("{name} {value}");
        let is_name_enough = matches!(name, "url" | "path" | "file");
        let shown = if is_name_enough { &value } else { &pair };
        // `page 3` is not said by `page 30`.
        let is_end = |rest: &str| !rest.starts_with(|char: char| char.is_alphanumeric());
        let is_shown = self.0.message.split(shown.as_str()).skip(1).any(is_end);
        if !is_shown {
            self.0.message.push_str(&format!(" [{pair}]"));
        }
        self.0.context.push((name, value));
        self
    }

    /// What was added by [`Error::with`].
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.context.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
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

    /// Adds what to do, at the end of the message.
    #[must_use]
    pub fn with_hint(mut self, hint: &str) -> Self {
        self.0.message.push_str(&printable(hint.to_owned()));
        self
    }

    /// The same error as one of another kind, where somebody knows better.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// The same failure, told by somebody who knows what it means: what was quoted and how long to wait stays.
    #[must_use]
    pub fn with_meaning(
        mut self,
        kind: ErrorKind,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        (self.0.kind, self.0.code, self.0.message) = (kind, code.into(), printable(message.into()));
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
        for (_, value) in &mut self.0.context {
            *value = map(value);
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
    pub fn during(mut self, what: impl fmt::Display) -> Self {
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
    fn what_is_quoted_does_not_print() {
        let error = Error::new(ErrorKind::Api, "x", "a.example answered 400").with_quote("no\nsuch");
        assert_eq!(error.to_string(), "a.example answered 400");
        assert_eq!(error.full_message(), "a.example answered 400: no\\nsuch");
    }

    #[test]
    fn context_is_shown_once_and_the_nearest_counts() {
        let error = Error::new(ErrorKind::Api, "x", "page 30 of https://a.example/b is empty");
        let error = error.with("url", "https://a.example/b").with("page", 3).with("page", 4);
        assert_eq!(error.message(), "page 30 of https://a.example/b is empty [page 3]");
        assert_eq!((error.get("url"), error.get("page")), (Some("https://a.example/b"), Some("3")));
    }

    #[test]
    fn a_line_end_in_a_name_begins_no_line() {
        let error = Error::io("opening a\nb.csv", std::io::ErrorKind::NotFound.into()).during("x\ny");
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
