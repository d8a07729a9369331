//! Whether the process lives, and whether it can work.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use catchment_core::{Error, log_error};

use super::envelope::{ErrorResponse, SuccessResponse};
use super::shared::Shared;
use crate::view::HealthView;

/// Whoever asks whether we are ready does not wait long.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/healthz", get(live)).route("/readyz", get(ready))
}

async fn live() -> SuccessResponse<HealthView> {
    SuccessResponse::data(HealthView { status: "alive" })
}

async fn ready(State(shared): State<Shared>) -> Result<SuccessResponse<HealthView>, ErrorResponse> {
    let service = shared.opened()?;
    match tokio::time::timeout(READY_TIMEOUT, service.ping()).await {
        Ok(Ok(())) => {
            let failed = |error: Error| {
                ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, "bad_key", error.message())
            };
            service.check_key().map_err(failed)?;
            Ok(SuccessResponse::data(HealthView { status: "ready" }))
        }
        // Whoever asks may be a stranger: the server's own words, which name users and hosts, are for the log.
        Ok(Err(error)) => {
            log_error!(DEBUG, &error, "not ready");
            Err(ErrorResponse::database_away(
                "it refuses or does not answer; its operator finds the reason in the log",
            ))
        }
        Err(_) => {
            let why = format!("it did not answer within {} s", READY_TIMEOUT.as_secs());
            Err(ErrorResponse::database_away(&why))
        }
    }
}
