//! `/v1/conflicts`: fields in which both the source and somebody by hand have changed what a run last wrote.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::routing::{get, post};
use axum::{Extension, Router};
use catchment::{ConflictFilter, ConflictState, Principal, Settlement};
use serde::Deserialize;

use super::body::JsonBody;
use super::envelope::{ErrorResponse, SuccessResponse};
use super::query::{limit_of, query};
use super::shared::Shared;
use crate::view::{ConflictsView, SettledView};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/v1/conflicts", get(list))
        .route("/v1/conflicts/settle", post(settle_all))
        .route("/v1/conflicts/{id}", post(settle))
}

/// Which conflicts are asked for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ConflictsQuery {
    state: Option<ConflictState>,
    target_table: Option<String>,
    column: Option<String>,
    run_id: Option<i64>,
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

type Caller = Extension<Principal>;

async fn list(
    shared: State<Shared>,
    who: Caller,
    part: Result<Query<ConflictsQuery>, QueryRejection>,
) -> Result<SuccessResponse<ConflictsView>, ErrorResponse> {
    let takes = "`state` (open or settled), `targetTable`, `column`, `runId`, `after` (an id) and `limit` (1 to 1000)";
    let ConflictsQuery { state, target_table, column, run_id, after, limit } = query(part, takes)?;
    let filter = ConflictFilter { target_table, column, run_id, ..ConflictFilter::default() };
    let (service, limit) = (shared.service()?, limit_of(limit));
    let state = state.unwrap_or(ConflictState::Open);
    let conflicts = service.conflicts(&who, &filter, Some(state), after, limit).await?;
    let open = service.count_open_conflicts(&who, &filter).await?;
    Ok(SuccessResponse::data(ConflictsView::new(&conflicts, open, limit)))
}

async fn settle(
    shared: State<Shared>,
    who: Caller,
    id: Result<Path<i64>, PathRejection>,
    JsonBody(body): JsonBody,
) -> Result<SuccessResponse<SettledView>, ErrorResponse> {
    let Ok(Path(id)) = id else {
        return Err(ErrorResponse::not_found("the id of a conflict must be a number"));
    };
    let (filter, settlement) = Settlement::from_json(body, &[id])?;
    let settled = shared.service()?.settle_conflicts(&who, &filter, &settlement).await?;
    match settled.left.first() {
        Some(left) => Err(ErrorResponse::conflict(left.reason.clone())),
        None => Ok(SuccessResponse::data(SettledView::from(&settled))),
    }
}

async fn settle_all(
    shared: State<Shared>,
    who: Caller,
    JsonBody(body): JsonBody,
) -> Result<SuccessResponse<SettledView>, ErrorResponse> {
    let (filter, settlement) = Settlement::from_json(body, &[])?;
    let settled = shared.service()?.settle_conflicts(&who, &filter, &settlement).await?;
    Ok(SuccessResponse::data(SettledView::from(&settled)))
}
