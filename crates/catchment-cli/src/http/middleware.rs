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

/// No request takes for ever. A body that comes slowly has its own, shorter limit: what is left is the database, or the
/// source that is looked at.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await.unwrap_or_else(|_| {
        let seconds = REQUEST_TIMEOUT.as_secs();
        let message = format!("the database, or the source, did not answer within {seconds} s; try again");
        ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", message).into_response()
    })
}
