//! Error rules: options that override how a response is classified by its status.

use catchment_core::{Error, ErrorKind, Result, invalid_option};
use reqwest::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answer::{Answer, Body, EndReason};
use super::status::answer_error;

/// A rule that overrides how a response is classified. The first one that matches applies.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErrorRule {
    /// The statuses that it matches: a number, a list, or a class such as `"5xx"`. All but 2xx by default.
    pub status: Option<Statuses>,
    /// A text that the body must hold.
    pub contains: Option<String>,
    /// What to do with a response that matches.
    pub action: ErrorAction,
}

/// Statuses of HTTP.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a status must be a number, a class such as \"5xx\", or a list of these")]
pub enum Statuses {
    /// One.
    One(u16),
    /// A class, such as `5xx`.
    Class(String),
    /// Several.
    Several(Vec<Statuses>),
}

/// What to do with a response that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorAction {
    /// The attempt ends, and the run resumes later, as after status 503.
    Retry,
    /// The response counts as an empty last page. The run is `truncated`, with a warning, since the records of
    /// that page are not known.
    Ignore,
    /// The run fails and is not retried.
    Fail,
    /// The attempt ends, and the run resumes after `Retry-After`, as after status 429.
    RateLimited,
}

impl Statuses {
    fn has(&self, status: StatusCode) -> bool {
        match self {
            Self::One(one) => status.as_u16() == *one,
            Self::Class(class) => {
                class.chars().next().and_then(|digit| digit.to_digit(10))
                    == Some(u32::from(status.as_u16() / 100))
            }
            Self::Several(several) => several.iter().any(|statuses| statuses.has(status)),
        }
    }

    fn is_valid(&self) -> bool {
        match self {
            Self::One(one) => (100..600).contains(one),
            Self::Class(class) => {
                matches!(class.as_bytes(), [b'1'..=b'5', x, y] if [x, y].iter().all(|x| x.eq_ignore_ascii_case(&b'x')))
            }
            Self::Several(several) => several.iter().all(Self::is_valid),
        }
    }
}

/// The rules of a source, in their order.
pub(super) struct Rules(Vec<ErrorRule>);

impl Rules {
    pub(super) fn new(rules: Vec<ErrorRule>) -> Result<Self> {
        for (index, rule) in rules.iter().enumerate() {
            if rule.status.as_ref().is_some_and(|status| !status.is_valid()) {
                let problem =
                    "is not a status: write a number such as 404, a class such as \"5xx\", or a list of them";
                return Err(invalid_option(&format!("errorRules/{index}/status"), problem));
            }
            if rule.status.is_none() && rule.contains.is_none() {
                return Err(invalid_option(
                    &format!("errorRules/{index}"),
                    "needs `status`, `contains` or both",
                ));
            }
        }
        Ok(Self(rules))
    }

    /// The first rule that fits an answer. One without a status is for failures only.
    fn find(&self, status: StatusCode, is_failure: bool, body: impl Fn(&str) -> bool) -> Option<ErrorAction> {
        let fits = |rule: &&ErrorRule| {
            let is_meant = rule.status.as_ref().map_or(is_failure, |statuses| statuses.has(status));
            is_meant && rule.contains.as_ref().is_none_or(|text| body(text))
        };
        self.0.iter().find(fits).map(|rule| rule.action)
    }

    /// An answer of success that a rule names all the same.
    pub(super) fn judge_success(&self, answer: Answer, quote: impl Fn(&str) -> String) -> Result<Answer> {
        let holds = |text: &str| match &answer.body {
            Body::Whole { bytes, .. } => memchr::memmem::find(bytes, text.as_bytes()).is_some(),
            Body::Stream { .. } => false,
        };
        match self.find(answer.status, false, holds) {
            None => Ok(answer),
            Some(ErrorAction::Ignore) => {
                let Answer { url, status, headers, .. } = answer;
                Ok(Answer::without_records(url, status, headers, EndReason::Ignored))
            }
            Some(action) => {
                let quote = quote(&answer.body.beginning());
                let error = answer_error(&answer.url, answer.status, &answer.headers, quote);
                Err(with_action_kind(action, error))
            }
        }
    }

    /// An answer of failure: the error that it is, or nothing where it is to be ignored.
    pub(super) fn judge_failure(&self, status: StatusCode, body: &str, error: Error) -> Result<()> {
        match self.find(status, true, |text| body.contains(text)) {
            None => Err(error),
            Some(ErrorAction::Ignore) => Ok(()),
            Some(action) => Err(with_action_kind(action, error)),
        }
    }
}

fn with_action_kind(action: ErrorAction, error: Error) -> Error {
    error.with_kind(match action {
        ErrorAction::Retry => ErrorKind::Unavailable,
        ErrorAction::RateLimited => ErrorKind::RateLimited,
        ErrorAction::Fail | ErrorAction::Ignore => ErrorKind::Api,
    })
}
