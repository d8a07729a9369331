//! Whether the process lives, and whether it can work.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use catchment_core::Error;
use serde_json::json;

use super::Shared;
use super::envelope::{Answer, Failure};

/// Whoever asks whether we are ready does not wait long.
const READY_TIMEOUT: Duration = Duration::from_secs(2);

pub(super) async fn live() -> Answer {
    Answer::data(json!({"status": "alive"}))
}

pub(super) async fn ready(State(shared): State<Shared>) -> Result<Answer, Failure> {
    let store = shared.app()?.service().store().clone();
    let away = |why: String| Failure::new(StatusCode::SERVICE_UNAVAILABLE, "database_away", why);
    match tokio::time::timeout(READY_TIMEOUT, store.ping()).await {
        Ok(Ok(())) => {
            let failed =
                |error: Error| Failure::new(StatusCode::SERVICE_UNAVAILABLE, "bad_key", error.message());
            shared.app()?.service().check_key().map_err(failed)?;
            Ok(Answer::data(json!({"status": "ready"})))
        }
        Ok(Err(error)) => Err(away(error.to_string())),
        Err(_) => Err(away(format!("the database has not answered for {} s", READY_TIMEOUT.as_secs()))),
    }
}
