//! Errors as programs read them, the same over HTTP and with `--json`.

use catchment_core::Detail;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::time::iso;

/// `{"success": false, "error": {"code", "message", "details"}, "timestamp"}`.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ErrorAnswer {
    success: bool,
    error: ErrorDetails,
    timestamp: String,
}

/// What went wrong.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorDetails {
    /// A stable name for programs.
    code: String,
    /// What failed, why, and what to do, for people.
    message: String,
    /// What is wrong where in the request.
    details: Vec<Detail>,
}

impl ErrorAnswer {
    /// An error of now.
    pub(crate) fn new(code: &str, message: impl Into<String>, details: Vec<Detail>) -> Self {
        let error = ErrorDetails { code: code.to_owned(), message: message.into(), details };
        Self { success: false, error, timestamp: iso(Timestamp::now()) }
    }
}
