//! The form of all answers, good and bad.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use catchment_core::{Detail, Error, ErrorKind, log_error};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::view::{ErrorAnswer, iso};

/// A good answer: `{"success": true, "data": …, "message": …, "timestamp": …}`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SuccessResponse<T> {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    timestamp: String,
}

impl<T> SuccessResponse<T> {
    pub(super) fn data(data: impl Into<T>) -> Self {
        Self::new(Some(data.into()), None)
    }

    pub(super) fn with_message(data: impl Into<T>, message: &'static str) -> Self {
        Self::new(Some(data.into()), Some(message))
    }

    fn new(data: Option<T>, message: Option<&'static str>) -> Self {
        Self { success: true, data, message, timestamp: iso(Timestamp::now()) }
    }
}

impl SuccessResponse<()> {
    pub(super) fn message(message: &'static str) -> Self {
        Self::new(None, Some(message))
    }
}

impl<T: Serialize> IntoResponse for SuccessResponse<T> {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// A bad answer, with its status.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    status: StatusCode,
    body: ErrorAnswer,
}

impl ErrorResponse {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self::with_details(status, code, message.into(), Vec::new())
    }

    fn with_details(status: StatusCode, code: &str, message: String, details: Vec<Detail>) -> Self {
        Self { status, body: ErrorAnswer::new(code, message, details) }
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn conflict(message: String) -> Self {
        Self::new(StatusCode::CONFLICT, "not_settled", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        let message = "this endpoint does not support this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
    }

    pub(super) fn starting() -> Self {
        let message = "the database does not answer yet; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "starting", message)
    }

    pub(super) fn database_away(why: &str) -> Self {
        let message = format!("the database cannot be used: {why}");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "database_away", message)
    }
}

impl From<Error> for ErrorResponse {
    /// Which status an error has.
    fn from(error: Error) -> Self {
        let status = match (error.kind(), error.code()) {
            (ErrorKind::Config, "no_such_run" | "no_such_conflict" | "no_such_volume" | "no_such_sync") => {
                StatusCode::NOT_FOUND
            }
            (
                ErrorKind::Config,
                "wrong_state" | "changed_meanwhile" | "source_in_use" | "nothing_to_replay"
                | "already_approved" | "expired_preview",
            ) => StatusCode::CONFLICT,
            (ErrorKind::Config, "forbidden") => StatusCode::FORBIDDEN,
            // The operator's to mend, and not the caller's.
            (ErrorKind::Config, "bad_key" | "database_refused" | "tables_missing")
            | (ErrorKind::System, "database_storage") => StatusCode::SERVICE_UNAVAILABLE,
            (ErrorKind::Config | ErrorKind::Validation | ErrorKind::Parsing, _) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            (ErrorKind::Database | ErrorKind::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
            (ErrorKind::RateLimited, _) => StatusCode::TOO_MANY_REQUESTS,
            (ErrorKind::Network | ErrorKind::Api | ErrorKind::Authentication, _) => StatusCode::BAD_GATEWAY,
            (ErrorKind::System, _) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            log_error!(ERROR, &error, "a request to the API failed");
        }
        Self::with_details(status, error.code(), error.full_message(), error.details().to_vec())
    }
}

impl IntoResponse for ErrorResponse {
    fn into_response(self) -> Response {
        (self.status, Json(self.body)).into_response()
    }
}
