//! `drives.list`, `drives.get` and `about.get`.

use serde_json::{Value, json};

use super::exchange::Exchange;
use super::file_resource::{time, user};
use super::params::Params;
use crate::fields::schema::{ABOUT, DRIVE, DRIVE_LIST};
use crate::http::reply::Reply;
use crate::problem::Answer;
use crate::query::condition::{Candidate, Condition};
use crate::query::parser::parse;
use crate::refusals;
use crate::world::native::{NativeKind, SHEET_EXPORTS, SPREADSHEET};
use crate::world::page_tokens::{Place, SortKey, TokenDeath};
use crate::world::state::SharedDrive;

/// Answers with the shared drives that the user is a member of, ten at a time unless asked otherwise.
pub(crate) fn list_drives(exchange: &mut Exchange<'_>) -> Answer {
    exchange.caller.require_content()?;
    let params = Params::read(exchange.request, &["pageSize", "pageToken", "q", "useDomainAdminAccess"])?;
    let mask = params.mask(&DRIVE_LIST, "kind,nextPageToken,drives(kind,id,name)")?;
    let size = params.number("pageSize", 1..=100, 10)?;
    if params.flag("useDomainAdminAccess", false)? {
        return Err(Box::new(refusals::insufficient_file_permissions("drives")));
    }
    let condition = params.text("q").map(parse).transpose().map_err(|_| refusals::invalid_value("q"))?;
    let principal = exchange.caller.viewer.principal;
    let binding = format!("drives of {principal:?}: {:?}", params.text("q"));
    let after = find_start(exchange, &params, &binding)?;
    let world = &*exchange.world;
    let mine = world.drives.iter().filter(|(id, _)| world.is_member(principal, id) && **id > after);
    let mut found: Vec<_> = mine
        .filter(|(_, drive)| condition.as_ref().is_none_or(|condition| is_named(drive, condition)))
        .map(|(id, drive)| (id.clone(), drive_resource(id, drive)))
        .collect();
    let has_more = found.len() > size;
    found.truncate(size);
    let end = found.last().map(|(id, _)| SortKey::Text(id.clone()));
    let drives: Vec<Value> = found.into_iter().map(|(_, drive)| drive).collect();
    let mut body = json!({"kind": "drive#driveList", "drives": drives});
    if let Some(end) = end.filter(|_| has_more) {
        body["nextPageToken"] = json!(exchange.page_token(Place::Listing { binding, after: vec![end] }));
    }
    Ok(Reply::json(200, &mask.apply(body)))
}

fn find_start(exchange: &Exchange<'_>, params: &Params, binding: &str) -> Answer<String> {
    let Some(token) = params.text("pageToken") else { return Ok(String::new()) };
    match exchange.world.page_tokens.find(token) {
        Ok(Place::Listing { binding: known, after }) if known == binding => match after.as_slice() {
            [SortKey::Text(id)] => Ok(id.clone()),
            _ => Ok(String::new()),
        },
        Ok(_) => Err(Box::new(refusals::stale_token(TokenDeath::Invalid))),
        Err(death) => Err(Box::new(refusals::stale_token(death))),
    }
}

fn is_named(drive: &SharedDrive, condition: &Condition) -> bool {
    condition.holds(&Candidate {
        parent: None,
        name: &drive.name,
        mime: "",
        created: drive.created,
        modified: drive.created,
        is_trashed: false,
        is_shared_with_me: false,
        owners: Vec::new(),
        readers: Vec::new(),
    })
}

/// Answers with a shared drive.
pub(crate) fn get_drive(exchange: &Exchange<'_>, id: &str) -> Answer {
    exchange.caller.require_content()?;
    let params = Params::read(exchange.request, &["useDomainAdminAccess"])?;
    let mask = params.mask(&DRIVE, "kind,id,name")?;
    let drive = exchange.world.drives.get(id);
    let drive = drive.filter(|_| exchange.world.is_member(exchange.caller.viewer.principal, id));
    let drive = drive.ok_or_else(|| refusals::drive_not_found(id))?;
    Ok(Reply::json(200, &mask.apply(drive_resource(id, drive))))
}

/// All fields of a shared drive.
pub(crate) fn drive_resource(id: &str, drive: &SharedDrive) -> Value {
    json!({
        "kind": "drive#drive",
        "id": id,
        "name": drive.name,
        "createdTime": time(drive.created),
        "hidden": false,
        "capabilities": {"canReadRevisions": true, "canListChildren": true, "canDownload": true},
    })
}

/// Answers with the user; `fields` is required.
pub(crate) fn get_about(exchange: &Exchange<'_>) -> Answer {
    exchange.caller.require_metadata()?;
    let params = Params::read(exchange.request, &[])?;
    let mask = match params.text("fields") {
        Some(_) => params.mask(&ABOUT, "*")?,
        None => {
            let mut problem = refusals::required("fields");
            "The 'fields' parameter is required for this method.".clone_into(&mut problem.message);
            return Err(Box::new(problem));
        }
    };
    let formats = |exports: &[(&'static str, &'static str)]| -> Vec<&str> {
        exports.iter().map(|(mime, _)| *mime).collect()
    };
    let principal = exchange.caller.viewer.principal;
    let body = json!({
        "kind": "drive#about",
        "user": user(principal, principal),
        "exportFormats": {
            SPREADSHEET: formats(SHEET_EXPORTS),
            (NativeKind::Doc.mime()): formats(NativeKind::Doc.exports()),
            (NativeKind::Slides.mime()): formats(NativeKind::Slides.exports()),
        },
        "canCreateDrives": false,
    });
    Ok(Reply::json(200, &mask.apply(body)))
}
