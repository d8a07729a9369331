//! `/v1/sync`: the contract's endpoints, and what goes beyond them.

use axum::body::Bytes;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{FromRequest, Path, Query, Request, State};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use catchment_core::masked;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::envelope::{Answer, Failure, iso};
use super::{MAX_BODY_BYTES, Shared};
use catchment::Checked;
use catchment::{AttemptRecord, StoredError, StoredSkip};
use catchment::{SyncRequest, SyncRun};

/// Errors that stand in the answer about a run.
const SHOWN_ERRORS: u32 = 100;
/// Errors in one answer at most.
const MAX_ERRORS: u32 = 1000;

/// Which part of a list is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    /// The id after which it begins.
    #[serde(default)]
    after: i64,
    limit: Option<u32>,
}

impl Part {
    fn limit(&self) -> u32 {
        self.limit.unwrap_or(SHOWN_ERRORS).clamp(1, MAX_ERRORS)
    }
}

type Id = Result<Path<i64>, PathRejection>;
type Parts = Result<Query<Part>, QueryRejection>;

pub(super) async fn stats(State(shared): State<Shared>) -> Result<Answer, Failure> {
    let stats = shared.app()?.service().stats().await?;
    Ok(Answer::data(json!(stats)))
}

pub(super) async fn trigger(
    State(shared): State<Shared>,
    JsonBody(body): JsonBody,
) -> Result<impl IntoResponse, Failure> {
    let id = shared.app()?.service().schedule_sync(SyncRequest::from_json(body)?).await?;
    let answer = Answer::with_message(Some(json!({"syncRunId": id})), "Sync scheduled successfully");
    Ok((StatusCode::ACCEPTED, [(LOCATION, format!("/v1/sync/{id}"))], answer))
}

pub(super) async fn check(State(shared): State<Shared>, JsonBody(body): JsonBody) -> Result<Answer, Failure> {
    let checked = shared.app()?.service().check(SyncRequest::from_json(body)?).await?;
    Ok(Answer::data(checked_json(&checked)))
}

pub(super) async fn resume(State(shared): State<Shared>, _: NoBody) -> Result<Answer, Failure> {
    shared.app()?.service().resume_pending_syncs().await?;
    Ok(Answer::with_message(None, "Pending syncs resumed"))
}

pub(super) async fn cancel(State(shared): State<Shared>, id: Id, _: NoBody) -> Result<Answer, Failure> {
    let run = shared.app()?.service().cancel(run_id(id)?).await?;
    Ok(changed(&run, "Sync cancelled"))
}

pub(super) async fn retry(State(shared): State<Shared>, id: Id, _: NoBody) -> Result<Answer, Failure> {
    let run = shared.app()?.service().retry(run_id(id)?).await?;
    Ok(changed(&run, "Sync scheduled again"))
}

fn changed(run: &SyncRun, message: &'static str) -> Answer {
    Answer::with_message(Some(json!({"syncRunId": run.id, "status": run.status})), message)
}

pub(super) async fn show(State(shared): State<Shared>, id: Id) -> Result<Answer, Failure> {
    let service = shared.app()?.service();
    let run = service.run(run_id(id)?).await?;
    let errors = service.store().errors(run.id, 0, SHOWN_ERRORS).await?;
    let attempts = service.store().attempts(run.id).await?;
    let mut data = run_json(&run, &errors, &attempts);
    data["waitsFor"] = json!(service.waits_for(&run).await?);
    Ok(Answer::data(data))
}

pub(super) async fn errors(State(shared): State<Shared>, id: Id, part: Parts) -> Result<Answer, Failure> {
    let (service, part) = (shared.app()?.service(), query(part)?);
    let run = service.run(run_id(id)?).await?;
    let errors = service.store().errors(run.id, part.after, part.limit()).await?;
    Ok(Answer::data(json!({
        "syncRunId": run.id,
        "errors": errors.iter().map(error_json).collect::<Vec<_>>(),
        "errorsStored": run.metadata.errors_stored,
        "errorsOmitted": run.items_failed.saturating_sub(run.metadata.errors_stored),
        "nextAfter": next_after(errors.len(), &part, errors.last().map(|error| error.id)),
    })))
}

pub(super) async fn skips(State(shared): State<Shared>, id: Id, part: Parts) -> Result<Answer, Failure> {
    let (service, part) = (shared.app()?.service(), query(part)?);
    let run = service.run(run_id(id)?).await?;
    let skips = service.store().skips(run.id, part.after, part.limit()).await?;
    Ok(Answer::data(json!({
        "syncRunId": run.id,
        "skips": skips.iter().map(skip_json).collect::<Vec<_>>(),
        "skipsStored": run.metadata.skips_stored,
        "skipsOmitted": run.items_skipped.saturating_sub(run.metadata.skips_stored),
        "nextAfter": next_after(skips.len(), &part, skips.last().map(|skip| skip.id)),
    })))
}

/// Where the next part begins; null after the last.
fn next_after(count: usize, part: &Part, last: Option<i64>) -> Option<i64> {
    last.filter(|_| u32::try_from(count) == Ok(part.limit()))
}

fn run_id(id: Id) -> Result<i64, Failure> {
    id.map(|Path(id)| id).map_err(|_| Failure::not_found("the id of a sync run is a number"))
}

fn query(part: Parts) -> Result<Part, Failure> {
    part.map(|Query(part)| part).map_err(|_| {
        let message = "the query takes `after` (an id) and `limit` (1 to 1000)";
        Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query", message)
    })
}

/// A body that is JSON and says so. A form or plain text would be what another site's page can send unasked.
pub(super) struct JsonBody(Value);

impl<S: Send + Sync> FromRequest<S> for JsonBody {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        check_type(request.headers())?;
        parse(&read(request, state).await?).map(Self)
    }
}

/// No body is needed. One that comes all the same must be JSON, as everywhere.
pub(super) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let checked = check_type(request.headers());
        let body = read(request, state).await?;
        if !body.is_empty() {
            checked?;
            parse(&body)?;
        }
        Ok(Self)
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Failure> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mime = content_type.split(';').next().unwrap_or_default().trim();
    if mime.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    let message = "send the body as `Content-Type: application/json`";
    Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json", message))
}

async fn read(request: Request, state: &(impl Send + Sync)) -> Result<Bytes, Failure> {
    Bytes::from_request(request, state).await.map_err(|error| match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the body has more than {MAX_BODY_BYTES} bytes");
            Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        }
        status => Failure::new(status, "body", error.body_text()),
    })
}

fn parse(body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|error| {
        Failure::new(StatusCode::BAD_REQUEST, "bad_json", format!("the body is no JSON: {error}"))
    })
}

/// What a check found.
pub(crate) fn checked_json(checked: &Checked) -> Value {
    let rejects: Vec<_> = checked
        .rejects
        .iter()
        .map(|reject| {
            json!({"place": reject.position.to_string(), "code": reject.code, "message": reject.message})
        })
        .collect();
    let mut findings: Map<_, _> = checked
        .inspection
        .findings
        .iter()
        .map(|finding| (finding.about.to_owned(), Value::from(finding.message.as_str())))
        .collect();
    if let Some(decimal) = &checked.decimal {
        findings.insert("decimal".to_owned(), decimal.to_string().into());
    }
    let first_row: Map<_, _> =
        checked.first_row.iter().map(|(column, value)| ((*column).to_owned(), value.clone())).collect();
    json!({
        "findings": findings,
        "source": checked.inspection.found,
        "decimal": checked.decimal.as_ref().and_then(|decimal| decimal.sign),
        "columnMapping": checked.mapping,
        "firstRow": first_row,
        "fitting": checked.fitting,
        "rejects": rejects,
    })
}

/// A run as the API shows it: the contract's fields, and more.
pub(crate) fn run_json(run: &SyncRun, errors: &[StoredError], attempts: &[AttemptRecord]) -> Value {
    let counts = run.metadata.counts;
    json!({
        "syncRunId": run.id,
        "status": run.status,
        "itemsRead": counts.total(),
        "itemsProcessed": run.items_processed,
        "itemsFailed": run.items_failed,
        "itemsSkipped": run.items_skipped,
        "errors": errors.iter().map(error_json).collect::<Vec<_>>(),
        "errorsStored": run.metadata.errors_stored,
        "errorsOmitted": run.items_failed.saturating_sub(run.metadata.errors_stored),
        "sourceType": run.request.source_type,
        "sourceIdentifier": masked(&run.request.source_identifier),
        "targetTable": run.target_table,
        "truncated": run.metadata.truncated,
        "warning": run.metadata.shown_warning(),
        "itemsInserted": counts.inserted,
        "itemsUpdated": counts.updated,
        "itemsUnchanged": counts.unchanged,
        "columnMapping": run.metadata.mapping,
        "replaces": run.metadata.replaces,
        "replacedBy": run.metadata.replaced_by,
        "error": run.error.as_ref().map(|error| json!({
            "type": error.kind, "code": error.code, "message": error.message
        })),
        "attempts": attempts.iter().map(attempt_json).collect::<Vec<_>>(),
        "nextAttemptAt": run.next_attempt_at.map(iso),
        "createdAt": iso(run.created_at),
        "startedAt": run.started_at.map(iso),
        "completedAt": run.completed_at.map(iso),
    })
}

pub(crate) fn error_json(error: &StoredError) -> Value {
    json!({
        "id": error.id,
        "type": error.kind,
        "code": error.code,
        "message": error.message,
        "item": error.item,
        "line": error.line,
        "byte": error.byte,
        "page": error.page,
        "path": error.path,
        "column": error.column,
        "raw": error.raw,
        "createdAt": iso(error.created_at),
    })
}

fn skip_json(skip: &StoredSkip) -> Value {
    json!({
        "id": skip.id,
        "reason": skip.reason,
        "item": skip.item,
        "line": skip.line,
        "page": skip.page,
        "path": skip.path,
    })
}

fn attempt_json(attempt: &AttemptRecord) -> Value {
    json!({
        "attempt": attempt.attempt,
        "startedAt": iso(attempt.started_at),
        "endedAt": attempt.ended_at.map(iso),
        "pages": attempt.pages,
        "error": attempt.error.as_ref().map(|error| json!({
            "type": error.kind, "code": error.code, "message": error.message
        })),
    })
}
