//! The dialect of a service: what its failures mean, and how it wants to be paused, where HTTP itself does not say.

use std::time::Duration;

use catchment_core::{Error, ErrorKind};
use reqwest::{StatusCode, Url};

/// A failure as it was answered.
pub(crate) struct Failure<'a> {
    pub(crate) url: &'a Url,
    pub(crate) status: StatusCode,
    /// The beginning of its body.
    pub(crate) body: &'a str,
    /// How many seconds the clock of this machine is ahead of the server's.
    pub(crate) clock_ahead: Option<i64>,
}

/// What a failure means: its kind, its code, and what it says to people.
pub(crate) struct Meaning {
    pub(crate) kind: ErrorKind,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

/// What is known of a service beside HTTP.
#[derive(Clone, Copy, Default)]
pub(crate) struct Dialect {
    /// Reads its failures, those of its token endpoint as well; none for one that it does not know.
    pub(crate) judge: Option<fn(&Failure<'_>) -> Option<Meaning>>,
    /// The first pause after a rate limit that tells no time: each one after it is twice as long, six in all.
    pub(crate) first_pause: Option<Duration>,
    /// Whether its refresh tokens stay valid when they are used, so that there need not be a place for others.
    pub(crate) keeps_refresh_tokens: bool,
}

impl Dialect {
    /// What a failure is, where HTTP says that it is `error`.
    pub(super) fn judge(&self, failure: &Failure<'_>, error: Error) -> Error {
        let Some(Meaning { kind, code, message }) = self.judge.and_then(|judge| judge(failure)) else {
            return error;
        };
        error.with_meaning(kind, code, message)
    }
}
