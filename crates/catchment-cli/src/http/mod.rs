//! The HTTP API: every route, and what stands before them.

mod envelope;
mod guard;
mod health;
mod serve;
mod sync;

pub(crate) use sync::{checked_json, error_json, run_json};

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

use crate::config::Config;
use catchment::App;
use envelope::Failure;
pub(crate) use guard::Guard;
pub(crate) use serve::serve;

/// Larger bodies are refused. Requests are options, not data.
pub(super) const MAX_BODY_BYTES: usize = 1 << 20;

/// What the handlers share. The service comes once the database answers.
#[derive(Clone)]
pub(crate) struct Shared {
    app: Arc<OnceLock<App>>,
    guard: Arc<Guard>,
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        Self { app: Arc::default(), guard: Arc::new(Guard::new(config)) }
    }

    /// From now on the API answers. Only the first call counts.
    pub(crate) fn set_app(&self, app: App) {
        self.app.get_or_init(|| app);
    }

    fn app(&self) -> Result<&App, Failure> {
        self.app.get().ok_or_else(Failure::starting)
    }
}

/// The whole API.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/v1/sync/stats", get(sync::stats))
        .route("/v1/sync/trigger", post(sync::trigger))
        .route("/v1/sync/check", post(sync::check))
        .route("/v1/sync/resume", post(sync::resume))
        .route("/v1/sync/{id}", get(sync::show))
        .route("/v1/sync/{id}/cancel", post(sync::cancel))
        .route("/v1/sync/{id}/retry", post(sync::retry))
        .route("/v1/sync/{id}/errors", get(sync::errors))
        .route("/v1/sync/{id}/skips", get(sync::skips))
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .fallback(async || Failure::not_found("there is nothing at this address"))
        .method_not_allowed_fallback(async || Failure::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(axum::middleware::from_fn(guard::in_time))
        .layer(axum::middleware::from_fn_with_state(shared.clone(), guard::check))
        .with_state(shared)
}
