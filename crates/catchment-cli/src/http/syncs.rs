//! `/v1/syncs`: saved syncs; and what a schedule comes to.

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use catchment::{
    Precondition, Principal, RunMode, Saved, SavedSync, SyncDraft, SyncSchedule, SyncService, next_times,
};
use catchment_core::{Error, ErrorKind};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::body::{JsonBody, NoBody};
use super::envelope::{ErrorResponse, SuccessResponse};
use super::query::{limit_of, query};
use super::shared::Shared;
use crate::view::{NextTimesView, SavedSyncView, SavedSyncsView, StartedView, SyncRunView, iso};

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route("/v1/syncs", get(list).post(create))
        .route("/v1/syncs/{name}", get(show).put(replace).patch(change).delete(remove))
        .route("/v1/syncs/{name}/run", post(run))
        .route("/v1/syncs/{name}/preview", post(preview))
        .route("/v1/syncs/{name}/pause", post(pause))
        .route("/v1/syncs/{name}/resume", post(resume))
        .route("/v1/syncs/{name}/runs", get(runs))
        .route("/v1/schedules/preview", post(schedule))
}

/// Which part of the list is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ListQuery {
    #[serde(default)]
    after: String,
    limit: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunsQuery {
    before: Option<i64>,
    limit: Option<u32>,
}

type Caller = Extension<Principal>;
type Name = Result<Path<String>, PathRejection>;
type Answer = Result<Response, ErrorResponse>;

async fn list(
    shared: State<Shared>,
    who: Caller,
    part: Result<Query<ListQuery>, QueryRejection>,
) -> Result<SuccessResponse<SavedSyncsView>, ErrorResponse> {
    let part = query(part, "`after` (a name) and `limit` (1 to 1000)")?;
    let limit = limit_of(part.limit);
    let syncs = shared.service()?.saved_syncs(&who, &part.after, limit).await?;
    Ok(SuccessResponse::data(SavedSyncsView::new(&syncs, limit)))
}

async fn show(shared: State<Shared>, who: Caller, name: Name) -> Answer {
    let sync = shared.service()?.saved_sync(&who, &path(name)?).await?;
    Ok(answer(StatusCode::OK, &sync))
}

async fn create(shared: State<Shared>, who: Caller, JsonBody(body): JsonBody) -> Answer {
    let draft = SyncDraft::from_json(body)?;
    let (sync, _) = shared.service()?.save_sync(&who, draft, Precondition::Absent).await?;
    let location = [(LOCATION, format!("/v1/syncs/{}", sync.name))];
    Ok((location, answer(StatusCode::CREATED, &sync)).into_response())
}

/// Makes it with `If-None-Match: *`, or changes it with `If-Match`.
async fn replace(
    shared: State<Shared>,
    who: Caller,
    name: Name,
    headers: HeaderMap,
    JsonBody(body): JsonBody,
) -> Answer {
    let condition = match headers.get(IF_NONE_MATCH) {
        Some(value) if value.as_bytes() == b"*" => Precondition::Absent,
        _ => must_match(&headers)?,
    };
    save(&shared, &who, named(&path(name)?, body)?, condition).await
}

/// A merge patch (RFC 7396) of what GET shows of it, as far as it can be changed.
async fn change(
    shared: State<Shared>,
    who: Caller,
    name: Name,
    headers: HeaderMap,
    JsonBody(patch): JsonBody,
) -> Answer {
    let (name, condition) = (path(name)?, must_match(&headers)?);
    let before = shared.service()?.saved_sync(&who, &name).await?;
    let mut body = serde_json::json!({
        "name": before.name,
        "sourceType": before.request.source_type,
        "sourceIdentifier": before.request.source_identifier,
        "options": before.request.options,
        "schedule": before.schedule,
        "paused": before.is_paused,
    });
    merge(&mut body, patch);
    save(&shared, &who, named(&name, body)?, condition).await
}

async fn save(shared: &Shared, who: &Principal, draft: SyncDraft, condition: Precondition) -> Answer {
    let (service, name) = (shared.service()?, draft.name.clone());
    match service.save_sync(who, draft, condition).await {
        Ok((sync, Saved::Created)) => Ok(answer(StatusCode::CREATED, &sync)),
        Ok((sync, Saved::Changed | Saved::Unchanged)) => Ok(answer(StatusCode::OK, &sync)),
        Err(error) => Err(refusal(service, who, &name, error).await),
    }
}

async fn remove(shared: State<Shared>, who: Caller, name: Name, headers: HeaderMap) -> Answer {
    let (name, condition) = (path(name)?, must_match(&headers)?);
    let service = shared.service()?;
    match service.delete_sync(&who, &name, condition).await {
        Ok(()) => Ok(SuccessResponse::message("Saved sync deleted; its runs and rows stay").into_response()),
        Err(error) => Err(refusal(service, &who, &name, error).await),
    }
}

async fn run(shared: State<Shared>, who: Caller, name: Name, _: NoBody) -> Answer {
    start(&shared, &who, &path(name)?, RunMode::Sync).await
}

async fn preview(shared: State<Shared>, who: Caller, name: Name, _: NoBody) -> Answer {
    start(&shared, &who, &path(name)?, RunMode::Preview).await
}

async fn start(shared: &Shared, who: &Principal, name: &str, mode: RunMode) -> Answer {
    let ids = shared.service()?.run_sync(who, name, mode).await?;
    let view = StartedView { sync_run_id: ids.first().copied(), sync_run_ids: ids.clone() };
    let location = ids.first().map(|id| [(LOCATION, format!("/v1/sync/{id}"))]);
    let answer: SuccessResponse<StartedView> =
        SuccessResponse::with_message(view, "Sync scheduled successfully");
    Ok((StatusCode::ACCEPTED, location, answer).into_response())
}

async fn pause(shared: State<Shared>, who: Caller, name: Name, _: NoBody) -> Answer {
    Ok(answer(StatusCode::OK, &shared.service()?.pause_sync(&who, &path(name)?, true).await?))
}

async fn resume(shared: State<Shared>, who: Caller, name: Name, _: NoBody) -> Answer {
    Ok(answer(StatusCode::OK, &shared.service()?.pause_sync(&who, &path(name)?, false).await?))
}

async fn runs(
    shared: State<Shared>,
    who: Caller,
    name: Name,
    part: Result<Query<RunsQuery>, QueryRejection>,
) -> Result<SuccessResponse<Vec<SyncRunView>>, ErrorResponse> {
    let part = query(part, "`before` (an id) and `limit` (1 to 1000)")?;
    let runs = shared.service()?.runs_of_sync(&who, &path(name)?, part.before, limit_of(part.limit)).await?;
    Ok(SuccessResponse::data(runs.iter().map(SyncRunView::from).collect::<Vec<_>>()))
}

/// The next times of a schedule: the body is that of a saved sync, with the `name` that its jitter is of.
async fn schedule(
    shared: State<Shared>,
    JsonBody(mut body): JsonBody,
) -> Result<SuccessResponse<NextTimesView>, ErrorResponse> {
    let name = body.as_object_mut().and_then(|body| body.remove("name"));
    let name = name.as_ref().and_then(Value::as_str).unwrap_or_default();
    let schedule: SyncSchedule = catchment_core::parse("", body)?;
    let next = next_times(&schedule, name, shared.time_zone.as_deref())?;
    Ok(SuccessResponse::data(NextTimesView { next: next.into_iter().map(iso).collect() }))
}

/// A saved sync with its version as `ETag` (RFC 9110).
fn answer(status: StatusCode, sync: &SavedSync) -> Response {
    let body: SuccessResponse<SavedSyncView> = SuccessResponse::data(sync);
    (status, [(ETAG, format!("\"{}\"", sync.version))], body).into_response()
}

/// What `If-Match` asks for; a change of what is there needs it, so that nobody undoes unknowingly what somebody else did.
fn must_match(headers: &HeaderMap) -> Result<Precondition, ErrorResponse> {
    let Some(value) = headers.get(IF_MATCH) else {
        let message = "send `If-Match` with the `ETag` that GET shows (or `*` for whatever is there), or `If-None-Match: *` to make it";
        return Err(ErrorResponse::new(StatusCode::PRECONDITION_REQUIRED, "precondition_required", message));
    };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(Precondition::Present);
    }
    let version = text.trim_start_matches("W/").trim_matches('"').parse();
    // No version of ours is none that it could have.
    Ok(Precondition::Version(version.unwrap_or(-1)))
}

/// The answer to a change that is refused; where it is not as it must be for it, with its version.
async fn refusal(service: &SyncService, who: &Principal, name: &str, error: Error) -> ErrorResponse {
    if error.code() != "changed_meanwhile" {
        return error.into();
    }
    let now = service.saved_sync(who, name).await.ok();
    let version = now.map_or_else(String::new, |now| format!("; it has version {} now", now.version));
    let message = format!("{}{version}", error.message());
    ErrorResponse::new(StatusCode::PRECONDITION_FAILED, error.code(), message)
}

/// The draft of a body, whose name may be left out, and is no other than that of the path.
fn named(name: &str, mut body: Value) -> Result<SyncDraft, ErrorResponse> {
    if let Some(object) = body.as_object_mut() {
        let told = object.entry("name").or_insert_with(|| name.into());
        if told.as_str() != Some(name) {
            let message = format!("must be `{name}`, as in the path: a saved sync keeps its name");
            let error = Error::new(ErrorKind::Config, "invalid_name", format!("/name: {message}"));
            return Err(error.with_detail("/name", message).into());
        }
    }
    Ok(SyncDraft::from_json(body)?)
}

fn path(name: Name) -> Result<String, ErrorResponse> {
    name.map(|Path(name)| name).map_err(|_| ErrorResponse::not_found("there is no such saved sync"))
}

/// Merges a patch into a document (RFC 7396).
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(object) = target.as_object_mut() else { return };
    for (name, value) in patch {
        if value.is_null() {
            object.remove(&name);
        } else {
            merge(object.entry(name).or_insert(Value::Null), value);
        }
    }
}
