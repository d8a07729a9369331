//! Queries of lists: which part, and of what.

use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use axum::http::StatusCode;

use super::envelope::ErrorResponse;
use crate::view::SHOWN_ERRORS;

/// Items in one answer at most.
const MAX_ITEMS: u32 = 1000;

/// How much is answered at once.
pub(super) fn limit_of(asked: Option<u32>) -> u32 {
    asked.unwrap_or(SHOWN_ERRORS).clamp(1, MAX_ITEMS)
}

/// What a query says; it takes this.
pub(super) fn query<T>(part: Result<Query<T>, QueryRejection>, takes: &str) -> Result<T, ErrorResponse> {
    part.map(|Query(part)| part).map_err(|_| {
        let message = format!("the query is not valid; it takes {takes}");
        ErrorResponse::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query", message)
    })
}
