//! `changes.list` and `changes.getStartPageToken`: the log of a user, and those of shared drives, each with tokens of
//! its own.

use serde_json::{Value, json};

use super::drives::drive_resource;
use super::exchange::Exchange;
use super::file_resource::{DEFAULT_FIELDS, file_resource, time};
use super::params::{DriveFlags, Params};
use crate::fields::schema::{CHANGE_LIST, START_PAGE_TOKEN};
use crate::http::reply::Reply;
use crate::problem::Answer;
use crate::refusals;
use crate::world::change_log::{ChangeLog, Entry, LogId, Subject};
use crate::world::item::Item;
use crate::world::page_tokens::{Place, TokenDeath};

const KNOWN: [&str; 8] = [
    "pageToken",
    "pageSize",
    "driveId",
    "includeRemoved",
    "includeItemsFromAllDrives",
    "supportsAllDrives",
    "restrictToMyDrive",
    "spaces",
];

struct Reading {
    log: LogId,
    flags: DriveFlags,
    includes_removed: bool,
    is_restricted: bool,
}

/// Answers with the token of a log's present end.
pub(crate) fn get_start_token(exchange: &mut Exchange<'_>) -> Answer {
    exchange.caller.require_metadata()?;
    let params = Params::read(exchange.request, &["driveId", "supportsAllDrives"])?;
    let mask = params.mask(&START_PAGE_TOKEN, "*")?;
    let supports = params.flag("supportsAllDrives", false)?;
    let log = find_log(exchange, &params)?;
    if matches!(log, LogId::Drive(_)) && !supports {
        return Err(Box::new(refusals::supports_all_drives_required()));
    }
    let token = token_at(exchange, &log, None);
    Ok(Reply::json(200, &mask.apply(json!({"kind": "drive#startPageToken", "startPageToken": token}))))
}

/// Answers with a page of a log.
pub(crate) fn list_changes(exchange: &mut Exchange<'_>) -> Answer {
    exchange.caller.require_metadata()?;
    let params = Params::read(exchange.request, &KNOWN)?;
    let default = format!(
        "kind,nextPageToken,newStartPageToken,changes(kind,type,changeType,time,removed,fileId,driveId,\
         file({DEFAULT_FIELDS}),drive(kind,id,name))"
    );
    let mask = params.mask(&CHANGE_LIST, &default)?;
    let size = params.number("pageSize", 1..=1000, 100)?.min(exchange.world.settings.page_limit);
    let reading = read_options(exchange, &params)?;
    let position = find_position(exchange, &params, &reading.log)?;
    let size = exchange.twists.short_page.map_or(size, |short| size.min(short));
    let size = if exchange.twists.is_empty_page { 0 } else { size };
    let mut entries = reading.entries(exchange, position, size + 1);
    let has_more = entries.len() > size || exchange.twists.is_empty_page;
    entries.truncate(size);
    let end = entries.last().map_or(position, |(position, _)| *position);
    let changes: Vec<Value> = entries.into_iter().map(|(_, change)| change).collect();
    let repeated = if exchange.twists.repeats_entries { changes.clone() } else { Vec::new() };
    let is_kept = |change: &Value| !exchange.twists.loses_removals || change["removed"] != json!(true);
    let changes: Vec<Value> = changes.into_iter().chain(repeated).filter(is_kept).collect();
    let mut body = json!({"kind": "drive#changeList", "changes": changes});
    if has_more {
        body["nextPageToken"] = json!(token_at(exchange, &reading.log, Some(end)));
    } else {
        body["newStartPageToken"] = json!(token_at(exchange, &reading.log, None));
    }
    Ok(Reply::json(200, &mask.apply(body)))
}

/// The token of a position, or of the log's end.
fn token_at(exchange: &mut Exchange<'_>, log: &LogId, position: Option<u64>) -> String {
    let end = exchange.world.logs.get(log).map_or(0, ChangeLog::end);
    exchange.page_token(Place::Changes { log: log.clone(), position: position.unwrap_or(end) })
}

fn read_options(exchange: &Exchange<'_>, params: &Params) -> Answer<Reading> {
    let flags = DriveFlags::read(params)?;
    let log = find_log(exchange, params)?;
    if matches!(log, LogId::Drive(_)) {
        flags.require_both()?;
    }
    if params.text("spaces").is_some_and(|space| space != "drive") {
        return Err(Box::new(refusals::invalid_value("spaces")));
    }
    let includes_removed = params.flag("includeRemoved", true)?;
    Ok(Reading { log, flags, includes_removed, is_restricted: params.flag("restrictToMyDrive", false)? })
}

/// The user's log, or that of a drive: for its members.
fn find_log(exchange: &Exchange<'_>, params: &Params) -> Answer<LogId> {
    let principal = exchange.caller.viewer.principal;
    let Some(drive) = params.text("driveId") else { return Ok(LogId::User(principal)) };
    if exchange.world.is_member(principal, drive) {
        return Ok(LogId::Drive(drive.to_owned()));
    }
    let is_in_drive = |item: &&Item| item.drive.as_deref() == Some(drive);
    let mut items = exchange.world.items.values().filter(is_in_drive);
    let has_some = items.any(|item| exchange.world.has_permission(principal, &item.id));
    Err(Box::new(if has_some { refusals::membership() } else { refusals::drive_not_found(drive) }))
}

/// A token of another log is as bad as none.
fn find_position(exchange: &Exchange<'_>, params: &Params, log: &LogId) -> Answer<u64> {
    let token = params.text("pageToken").ok_or_else(|| refusals::required("pageToken"))?;
    match exchange.world.page_tokens.find(token) {
        Ok(Place::Changes { log: known, position }) if known == log => Ok(*position),
        Ok(_) => Err(Box::new(refusals::stale_token(TokenDeath::Invalid))),
        Err(death) => Err(Box::new(refusals::stale_token(death))),
    }
}

impl Reading {
    /// So many entries after a position, with theirs, as things are now.
    fn entries(&self, exchange: &Exchange<'_>, position: u64, count: usize) -> Vec<(u64, Value)> {
        let log = exchange.world.logs.get(&self.log);
        let entries = log.into_iter().flat_map(|log| log.after(position));
        let shown = entries.filter_map(|entry| Some((entry.position, self.change(exchange, &entry)?)));
        shown.take(count).collect()
    }

    /// An entry as it is answered; `None` where it is not.
    fn change(&self, exchange: &Exchange<'_>, entry: &Entry) -> Option<Value> {
        match &entry.subject {
            Subject::File(id) => self.file_change(exchange, id, entry),
            Subject::Drive(id) => self.drive_change(exchange, id, entry),
        }
    }

    fn file_change(&self, exchange: &Exchange<'_>, id: &str, entry: &Entry) -> Option<Value> {
        let world = &*exchange.world;
        let item = world.items.get(id).filter(|_| world.logs_of(id).contains(&self.log));
        let mut change = json!({
            "kind": "drive#change",
            "type": "file",
            "changeType": "file",
            "time": time(entry.time),
            "removed": item.is_none(),
            "fileId": id,
        });
        let Some(item) = item else { return self.includes_removed.then_some(change) };
        let is_in_my_drive = || {
            let root = &world.roots[&exchange.caller.viewer.principal];
            world.chain(id).any(|above| above.id == *root)
        };
        if (self.is_restricted && !is_in_my_drive()) || (item.drive.is_some() && !self.flags.includes) {
            return None;
        }
        change["file"] = file_resource(world, item, &exchange.caller.viewer);
        Some(change)
    }

    fn drive_change(&self, exchange: &Exchange<'_>, id: &str, entry: &Entry) -> Option<Value> {
        let is_member = exchange.world.is_member(exchange.caller.viewer.principal, id);
        if self.is_restricted || !self.flags.includes || (!is_member && !self.includes_removed) {
            return None;
        }
        let mut change = json!({
            "kind": "drive#change",
            "type": "drive",
            "changeType": "drive",
            "time": time(entry.time),
            "removed": !is_member,
            "driveId": id,
            "teamDriveId": id,
        });
        if let Some(drive) = exchange.world.drives.get(id).filter(|_| is_member) {
            change["drive"] = drive_resource(id, drive);
        }
        Some(change)
    }
}
