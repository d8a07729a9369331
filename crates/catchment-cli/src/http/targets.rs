//! `/v1/targets`: the tables that may be written over HTTP, and what they take.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::routing::get;
use axum::{Extension, Router};
use catchment::Principal;
use catchment_core::Error;

use super::envelope::{ErrorResponse, SuccessResponse};
use super::shared::Shared;
use crate::view::TargetView;

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/v1/targets", get(list)).route("/v1/targets/{name}", get(show))
}

async fn list(
    shared: State<Shared>,
    who: Extension<Principal>,
) -> Result<SuccessResponse<Vec<TargetView>>, ErrorResponse> {
    let targets = shared.service()?.targets(&who).await?;
    let views: Vec<_> = targets.iter().map(TargetView::from).collect();
    Ok(SuccessResponse::data(views))
}

async fn show(
    shared: State<Shared>,
    who: Extension<Principal>,
    name: Result<Path<String>, PathRejection>,
) -> Result<SuccessResponse<TargetView>, ErrorResponse> {
    let Ok(Path(name)) = name else { return Err(ErrorResponse::not_found("there is no such target")) };
    match shared.service()?.target(&who, &name).await {
        Ok(target) => Ok(SuccessResponse::data(TargetView::from(&target))),
        Err(error) if is_unknown(&error) => Err(ErrorResponse::not_found(error.message())),
        Err(error) => Err(error.into()),
    }
}

fn is_unknown(error: &Error) -> bool {
    error.code() == "invalid_options"
}
