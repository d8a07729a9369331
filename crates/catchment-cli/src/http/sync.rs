//! `/v1/sync`: the contract's endpoints, and what goes beyond them.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use catchment::{
    ChangeFilter, ChangeKind, Ignore, Principal, RejectSelection, RejectState, Replay, SyncRequest,
};
use serde::Deserialize;

use super::body::{JsonBody, NoBody};
use super::envelope::{ErrorResponse, SuccessResponse};
use super::query::{limit_of, query};
use super::shared::Shared;
use crate::view::{
    ChangedView, ChangesView, CheckView, ErrorsView, IgnoredView, RunView, SHOWN_ERRORS, ScheduledView,
    SkipsView, StatsView,
};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/v1/sync/stats", get(stats))
        .route("/v1/sync/trigger", post(trigger))
        .route("/v1/sync/preview", post(preview))
        .route("/v1/sync/check", post(check))
        .route("/v1/sync/resume", post(resume))
        .route("/v1/sync/{id}", get(show))
        .route("/v1/sync/{id}/cancel", post(cancel))
        .route("/v1/sync/{id}/retry", post(retry))
        .route("/v1/sync/{id}/approve", post(approve))
        .route("/v1/sync/{id}/release", post(release))
        .route("/v1/sync/{id}/changes", get(changes))
        .route("/v1/sync/{id}/errors", get(errors))
        .route("/v1/sync/{id}/errors/replay", post(replay))
        .route("/v1/sync/{id}/errors/ignore", post(ignore))
        .route("/v1/sync/{id}/skips", get(skips))
}

/// Which part of a list is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PageQuery {
    /// The id after which it begins.
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

impl PageQuery {
    fn limit(&self) -> u32 {
        limit_of(self.limit)
    }
}

/// Which part of the errors of a run is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ErrorsQuery {
    state: Option<RejectState>,
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

/// Which part of the changes of a preview is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangesQuery {
    kind: Option<ChangeKind>,
    column: Option<String>,
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

type SharedState = State<Shared>;
type Caller = Extension<Principal>;
type Id = Result<Path<i64>, PathRejection>;
type Parts = Result<Query<PageQuery>, QueryRejection>;

async fn stats(shared: SharedState, who: Caller) -> Result<SuccessResponse<StatsView>, ErrorResponse> {
    Ok(SuccessResponse::data(shared.service()?.stats(&who).await?))
}

async fn trigger(
    shared: SharedState,
    who: Caller,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, ErrorResponse> {
    let id = shared.service()?.schedule_sync(&who, SyncRequest::from_json(body)?).await?;
    Ok(scheduled(id, "Sync scheduled successfully"))
}

async fn preview(
    shared: SharedState,
    who: Caller,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, ErrorResponse> {
    let id = shared.service()?.preview(&who, SyncRequest::from_json(body)?).await?;
    Ok(scheduled(id, "Preview scheduled"))
}

async fn approve(
    shared: SharedState,
    who: Caller,
    id: Id,
    _: NoBody,
) -> Result<impl IntoResponse, ErrorResponse> {
    let id = shared.service()?.approve(&who, run_id(id)?).await?;
    Ok(scheduled(id, "Preview approved; its sync is scheduled"))
}

async fn release(
    shared: SharedState,
    who: Caller,
    id: Id,
    _: NoBody,
) -> Result<impl IntoResponse, ErrorResponse> {
    let id = shared.service()?.release(&who, run_id(id)?).await?;
    Ok(scheduled(id, "Rows that left the source are released"))
}

/// The answer to what puts a run into the queue.
fn scheduled(sync_run_id: i64, message: &'static str) -> impl IntoResponse {
    let answer: SuccessResponse<ScheduledView> =
        SuccessResponse::with_message(ScheduledView { sync_run_id }, message);
    (StatusCode::ACCEPTED, [(LOCATION, format!("/v1/sync/{sync_run_id}"))], answer)
}

async fn check(
    shared: SharedState,
    who: Caller,
    JsonBody(body): JsonBody,
) -> Result<SuccessResponse<CheckView>, ErrorResponse> {
    let checked = shared.service()?.check(&who, SyncRequest::from_json(body)?).await?;
    let view = CheckView::from(&checked);
    match checked.refusal {
        Some(refusal) => Err(refusal.into()),
        None => Ok(SuccessResponse::data(view)),
    }
}

async fn resume(shared: SharedState, who: Caller, _: NoBody) -> Result<SuccessResponse<()>, ErrorResponse> {
    shared.service()?.resume_pending_syncs(&who).await?;
    Ok(SuccessResponse::message("Pending syncs resumed"))
}

async fn cancel(
    shared: SharedState,
    who: Caller,
    id: Id,
    _: NoBody,
) -> Result<SuccessResponse<ChangedView>, ErrorResponse> {
    let run = shared.service()?.cancel(&who, run_id(id)?).await?;
    Ok(SuccessResponse::with_message(&run, "Sync cancelled"))
}

async fn retry(
    shared: SharedState,
    who: Caller,
    id: Id,
    _: NoBody,
) -> Result<SuccessResponse<ChangedView>, ErrorResponse> {
    let run = shared.service()?.retry(&who, run_id(id)?).await?;
    Ok(SuccessResponse::with_message(&run, "Sync scheduled again"))
}

async fn show(shared: SharedState, who: Caller, id: Id) -> Result<SuccessResponse<RunView>, ErrorResponse> {
    let service = shared.service()?;
    let run = service.run(&who, run_id(id)?).await?;
    let errors = service.errors(&who, run.id, 0, SHOWN_ERRORS).await?;
    let attempts = service.attempts(&who, run.id).await?;
    let waits_for = service.waits_for(&who, &run).await?;
    Ok(SuccessResponse::data(RunView::new(&run, &errors, &attempts).with_wait(waits_for)))
}

async fn errors(
    shared: SharedState,
    who: Caller,
    id: Id,
    part: Result<Query<ErrorsQuery>, QueryRejection>,
) -> Result<SuccessResponse<ErrorsView>, ErrorResponse> {
    let part = query(part, "`state` (open, replayed or ignored), `after` (an id) and `limit` (1 to 1000)")?;
    let (service, limit) = (shared.service()?, limit_of(part.limit));
    let run = service.run(&who, run_id(id)?).await?;
    let errors = match part.state {
        Some(state) => service.rejects(&who, run.id, state, part.after, limit).await?,
        None => service.errors(&who, run.id, part.after, limit).await?,
    };
    Ok(SuccessResponse::data(ErrorsView::new(&run, &errors, limit)))
}

async fn replay(
    shared: SharedState,
    who: Caller,
    id: Id,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, ErrorResponse> {
    let id = shared.service()?.replay(&who, run_id(id)?, Replay::from_json(body)?).await?;
    Ok(scheduled(id, "Replay scheduled"))
}

async fn ignore(
    shared: SharedState,
    who: Caller,
    id: Id,
    JsonBody(body): JsonBody,
) -> Result<SuccessResponse<IgnoredView>, ErrorResponse> {
    let Ignore { ids, filter, reason } = Ignore::from_json(body)?;
    let selection = RejectSelection { ids, filter };
    let ignored = shared.service()?.ignore_rejects(&who, run_id(id)?, &selection, &reason).await?;
    Ok(SuccessResponse::data(IgnoredView { ignored }))
}

async fn changes(
    shared: SharedState,
    who: Caller,
    id: Id,
    part: Result<Query<ChangesQuery>, QueryRejection>,
) -> Result<SuccessResponse<ChangesView>, ErrorResponse> {
    let part = query(
        part,
        "`kind` (insert, update, gone or reject), `column`, `after` (an id) and `limit` (1 to 1000)",
    )?;
    let (service, limit) = (shared.service()?, limit_of(part.limit));
    let run = service.run(&who, run_id(id)?).await?;
    let filter = ChangeFilter { kind: part.kind, column: part.column };
    let changes = service.changes(&who, run.id, &filter, part.after, limit).await?;
    Ok(SuccessResponse::data(ChangesView::new(&run, &changes, limit)))
}

async fn skips(
    shared: SharedState,
    who: Caller,
    id: Id,
    part: Parts,
) -> Result<SuccessResponse<SkipsView>, ErrorResponse> {
    let (service, part) = (shared.service()?, query(part, "`after` (an id) and `limit` (1 to 1000)")?);
    let run = service.run(&who, run_id(id)?).await?;
    let skips = service.skips(&who, run.id, part.after, part.limit()).await?;
    Ok(SuccessResponse::data(SkipsView::new(&run, &skips, part.limit())))
}

fn run_id(id: Id) -> Result<i64, ErrorResponse> {
    id.map(|Path(id)| id).map_err(|_| ErrorResponse::not_found("the id of a sync run must be a number"))
}
