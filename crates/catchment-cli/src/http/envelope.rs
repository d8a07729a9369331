//! The form of all answers, good and bad.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use catchment_core::{Detail, Error, ErrorKind};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

/// A good answer: `{"success": true, "data": …, "message": …, "timestamp": …}`.
#[derive(Debug, Default, Serialize)]
pub(super) struct Answer {
    success: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    timestamp: String,
}

impl Answer {
    pub(super) fn data(data: Value) -> Self {
        Self { data: Some(data), ..Self::message_only(None) }
    }

    pub(super) fn with_message(data: Option<Value>, message: &'static str) -> Self {
        Self { data, ..Self::message_only(Some(message)) }
    }

    fn message_only(message: Option<&'static str>) -> Self {
        Self { success: true, data: None, message, timestamp: iso(Timestamp::now()) }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        Json(self).into_response()
    }
}

/// A time as the contract shows it: `2026-01-24T14:30:00.000Z`.
pub(super) fn iso(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// A bad answer: `{"success": false, "error": {"code", "message", "details"}, "timestamp"}`.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    code: String,
    message: String,
    details: Vec<Detail>,
}

impl Failure {
    pub(super) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), details: Vec::new() }
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method_not_allowed",
            "this address does not take this method",
        )
    }

    pub(super) fn starting() -> Self {
        let message = "the database does not answer yet; try again in a moment";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "starting", message)
    }
}

impl From<Error> for Failure {
    /// Which status an error has.
    fn from(error: Error) -> Self {
        let status = match (error.kind(), error.code()) {
            (ErrorKind::Config, "no_such_run") => StatusCode::NOT_FOUND,
            (ErrorKind::Config, "wrong_state") => StatusCode::CONFLICT,
            // The operator's to mend, and not the caller's.
            (ErrorKind::Config, "bad_key") => StatusCode::SERVICE_UNAVAILABLE,
            (ErrorKind::Config | ErrorKind::Validation | ErrorKind::Parsing, _) => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            (ErrorKind::Database | ErrorKind::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
            (ErrorKind::RateLimited, _) => StatusCode::TOO_MANY_REQUESTS,
            (ErrorKind::Network | ErrorKind::Api | ErrorKind::Authentication, _) => StatusCode::BAD_GATEWAY,
            (ErrorKind::System, _) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(kind = %error.kind(), code = error.code(), %error, "a request failed");
        }
        Self {
            status,
            code: error.code().to_owned(),
            message: error.full_message(),
            details: error.details().to_vec(),
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { status, code, message, details } = self;
        let body = json!({
            "success": false,
            "error": {"code": code, "message": message, "details": details},
            "timestamp": iso(Timestamp::now()),
        });
        (status, Json(body)).into_response()
    }
}
