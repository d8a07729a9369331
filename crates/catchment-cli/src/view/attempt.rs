//! Attempts, and why one or its run ended.

use catchment::{AttemptRecord, RunError};
use catchment_core::ErrorKind;
use schemars::JsonSchema;
use serde::Serialize;

use super::time::iso;

/// Why a run or an attempt ended.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct RunErrorView {
    /// Its kind; null where somebody set the state by hand.
    r#type: Option<ErrorKind>,
    /// A stable name for programs.
    code: Option<String>,
    /// What happened, for people.
    message: String,
}

impl From<&RunError> for RunErrorView {
    fn from(error: &RunError) -> Self {
        Self { r#type: error.kind, code: error.code.clone(), message: error.message.clone() }
    }
}

/// An attempt at a run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AttemptView {
    /// Its number, from 1.
    attempt: u32,
    /// When it began (RFC 3339).
    started_at: String,
    /// When it ended; null while it runs.
    ended_at: Option<String>,
    /// Pages that it committed; null while it runs.
    pages: Option<u64>,
    /// Why it ended early.
    error: Option<RunErrorView>,
}

impl From<&AttemptRecord> for AttemptView {
    fn from(attempt: &AttemptRecord) -> Self {
        Self {
            attempt: attempt.attempt,
            started_at: iso(attempt.started_at),
            ended_at: attempt.ended_at.map(iso),
            pages: attempt.pages,
            error: attempt.error.as_ref().map(RunErrorView::from),
        }
    }
}
