//! `/v1/volumes`: which volumes are there, which are away, and what is known of them.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::routing::{delete, get};
use axum::{Extension, Router};
use catchment::Principal;
use catchment_sources::usb::volume_name;

use super::envelope::{ErrorResponse, SuccessResponse};
use super::shared::Shared;
use crate::view::{ForgottenView, VolumeView};

pub(super) fn router() -> Router<Shared> {
    Router::new().route("/v1/volumes", get(list)).route("/v1/volumes/{id}", delete(forget))
}

async fn list(
    shared: State<Shared>,
    who: Extension<Principal>,
) -> Result<SuccessResponse<Vec<VolumeView>>, ErrorResponse> {
    let known = shared.service()?.volumes(&who).await?;
    let views: Vec<_> = known.iter().map(|known| VolumeView::new(known, &shared.volumes)).collect();
    Ok(SuccessResponse::data(views))
}

async fn forget(
    shared: State<Shared>,
    who: Extension<Principal>,
    id: Result<Path<String>, PathRejection>,
) -> Result<SuccessResponse<ForgottenView>, ErrorResponse> {
    let Ok(Path(id)) = id else { return Err(ErrorResponse::not_found("there is no such volume")) };
    let forgotten = shared.service()?.forget_volume(&who, &volume_name(&id)).await?;
    Ok(SuccessResponse::with_message(forgotten, "Volume forgotten"))
}
