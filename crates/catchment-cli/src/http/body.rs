//! The bodies of requests: JSON that says so, or none.

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;

use super::envelope::ErrorResponse;

/// Larger bodies are refused. Requests are options, not data.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;

/// How long a client may take to send one.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// A body that is JSON and says so. A form or plain text would be what another site's page can send unasked.
pub(super) struct JsonBody(pub(super) Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorResponse> {
        check_type(request.headers())?;
        parse(&read(request, state).await?).map(Self)
    }
}

/// No body is needed. One that comes all the same must be JSON, as everywhere.
pub(super) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorResponse> {
        let checked = check_type(request.headers());
        let body = read(request, state).await?;
        if !body.is_empty() {
            checked?;
            parse(&body)?;
        }
        Ok(Self)
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mime = content_type.split(';').next().unwrap_or_default().trim();
    let is_json = ["application/json", "application/merge-patch+json"]
        .iter()
        .any(|json| mime.eq_ignore_ascii_case(json));
    if is_json {
        return Ok(());
    }
    let message = "the body is not declared as JSON; send `Content-Type: application/json`";
    Err(ErrorResponse::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message))
}

async fn read(request: Request, state: &(impl Send + Sync)) -> Result<Bytes, ErrorResponse> {
    let body = tokio::time::timeout(BODY_TIMEOUT, Bytes::from_request(request, state));
    let body = body.await.map_err(|_| {
        let message = format!("the body was not complete after {} s; send it again", BODY_TIMEOUT.as_secs());
        ErrorResponse::new(StatusCode::REQUEST_TIMEOUT, "timeout", message)
    })?;
    body.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the body is too large; send at most {MAX_BODY_BYTES} bytes");
            ErrorResponse::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        }
        status => ErrorResponse::new(status, "body", error.body_text()),
    })
}

fn parse(body: &[u8]) -> Result<Value, ErrorResponse> {
    serde_json::from_slice(body).map_err(|error| {
        ErrorResponse::new(
            StatusCode::BAD_REQUEST,
            "bad_json",
            format!("the body is not valid JSON: {error}"),
        )
    })
}
