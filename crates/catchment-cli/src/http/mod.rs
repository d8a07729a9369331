//! The HTTP API: every route, and what stands before them.

mod body;
mod conflicts;
mod envelope;
mod guard;
mod health;
mod middleware;
mod query;
mod serve;
mod shared;
mod sync;
mod syncs;
mod targets;
mod volumes;

use axum::Router;
use axum::extract::DefaultBodyLimit;

use body::MAX_BODY_BYTES;
use envelope::ErrorResponse;

pub(crate) use guard::Guard;
pub(crate) use serve::serve;
pub(crate) use shared::Shared;

/// The whole API: one router for each resource.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .merge(sync::router())
        .merge(syncs::router())
        .merge(conflicts::router())
        .merge(targets::router())
        .merge(volumes::router())
        .merge(health::router())
        .fallback(async || ErrorResponse::not_found("there is no such endpoint"))
        .method_not_allowed_fallback(async || ErrorResponse::method_not_allowed())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(axum::middleware::from_fn(middleware::in_time))
        .layer(axum::middleware::from_fn_with_state(shared.clone(), middleware::identify))
        .with_state(shared)
}
