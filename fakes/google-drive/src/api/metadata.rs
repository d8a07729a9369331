//! `files.get`, of metadata, and `revisions.get`.

use serde_json::json;

use super::content::send_content;
use super::exchange::Exchange;
use super::file_resource::{DEFAULT_FIELDS, file_resource};
use super::params::Params;
use crate::fields::schema::{FILE, REVISION};
use crate::http::reply::Reply;
use crate::problem::{Answer, Problem};
use crate::refusals;

pub(crate) const KNOWN: [&str; 2] = ["supportsAllDrives", "acknowledgeAbuse"];

/// Answers with a file's metadata.
pub(crate) fn get_file(exchange: &Exchange<'_>, id: &str) -> Answer {
    exchange.caller.require_metadata()?;
    let params = Params::read(exchange.request, &KNOWN)?;
    let mask = params.mask(&FILE, DEFAULT_FIELDS)?;
    let item = exchange.find(id, params.flag("supportsAllDrives", false)?)?;
    if params.flag("acknowledgeAbuse", false)? {
        let message = "The acknowledgeAbuse parameter can only be used with alt=media.";
        return Err(Box::new(Problem::new(403, "forbidden", message).at("acknowledgeAbuse")));
    }
    let file = file_resource(exchange.world, item, &exchange.caller.viewer);
    Ok(Reply::json(200, &mask.apply(file)))
}

/// Answers with a revision's metadata, or its content as it was.
pub(crate) fn get_revision(exchange: &Exchange<'_>, id: &str, revision: &str) -> Answer {
    exchange.caller.require_content()?;
    // It takes no flag: what is in a shared drive is found all the same.
    let params = Params::read(exchange.request, &["acknowledgeAbuse"])?;
    let mask = params.mask(&REVISION, "kind,id,mimeType,modifiedTime")?;
    let item = exchange.find(id, true)?;
    if !item.traits.can_read_revisions {
        return Err(Box::new(refusals::insufficient_file_permissions(id)));
    }
    let blob = item.blob().ok_or_else(refusals::not_downloadable)?;
    let bytes = blob.revisions.get(revision).ok_or_else(|| {
        Problem::new(404, "notFound", format!("Revision not found: {revision}.")).at("revisionId")
    })?;
    if params.text("alt") == Some("media") {
        return send_content(exchange, item, bytes, &params);
    }
    let body = json!({
        "kind": "drive#revision",
        "id": revision,
        "mimeType": blob.mime,
        "modifiedTime": super::file_resource::time(item.modified),
        "size": bytes.len().to_string(),
    });
    Ok(Reply::json(200, &mask.apply(body)))
}
