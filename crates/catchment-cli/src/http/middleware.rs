//! What every request passes: it is told who sends it, and it does not take for ever.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::envelope::ErrorResponse;
use super::shared::Shared;

/// How long a request may take, its body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Refuses who may not call, and tells the handlers who calls.
pub(super) async fn identify(State(shared): State<Shared>, mut request: Request, next: Next) -> Response {
    match shared.guard.identify(request.uri(), request.headers()) {
        Ok(principal) => {
            if let Some(principal) = principal {
                request.extensions_mut().insert(principal);
            }
            next.run(request).await
        }
        Err(failure) => failure.into_response(),
    }
}

/// No request takes for ever, whether its client sends the body slowly or the database answers slowly.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await.unwrap_or_else(|_| {
        let message = format!("the request timed out after {} s; try again", REQUEST_TIMEOUT.as_secs());
        ErrorResponse::new(StatusCode::REQUEST_TIMEOUT, "timeout", message).into_response()
    })
}
