//! `files.export`: a native file in another format, up to the limit, in chunks and without a length.

use super::exchange::Exchange;
use super::params::Params;
use crate::exports::export::{exported, is_native};
use crate::http::reply::Reply;
use crate::problem::Answer;
use crate::refusals;

/// Answers with an export. The method has no `supportsAllDrives`: what is in a shared drive is found all the same.
pub(crate) fn export_file(exchange: &Exchange<'_>, id: &str) -> Answer {
    exchange.caller.require_content()?;
    let params = Params::read(exchange.request, &["mimeType"])?;
    let mime = params.text("mimeType").ok_or_else(|| refusals::required("mimeType"))?;
    let item = exchange.find(id, true)?;
    if !is_native(item) {
        return Err(Box::new(refusals::not_exportable()));
    }
    if !item.traits.can_download {
        return Err(Box::new(refusals::cannot_download()));
    }
    let bytes = exported(item, mime, None).ok_or_else(refusals::conversion_not_supported)?;
    if bytes.len() > exchange.world.settings.export_limit {
        // So the real one does: other formats say why.
        let is_pdf = mime == "application/pdf";
        return Err(Box::new(if is_pdf {
            refusals::backend_error(500)
        } else {
            refusals::export_too_large()
        }));
    }
    let mut reply = Reply::bytes(200, bytes).header("content-type", mime);
    reply.is_chunked = true;
    Ok(reply)
}
