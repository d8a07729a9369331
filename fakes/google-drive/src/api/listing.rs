//! `files.list`.

use serde_json::{Value, json};

use super::exchange::Exchange;
use super::file_resource::{DEFAULT_FIELDS, file_resource};
use super::listing_order::ListingOrder;
use super::params::{DriveFlags, Params};
use crate::fields::schema::FILE_LIST;
use crate::http::reply::Reply;
use crate::principal::Principal;
use crate::problem::Answer;
use crate::query::condition::{Candidate, Condition};
use crate::query::parser::parse;
use crate::refusals;
use crate::world::item::Item;
use crate::world::page_tokens::{Place, SortKey, TokenDeath};
use crate::world::state::World;

const KNOWN: [&str; 8] = [
    "q",
    "pageSize",
    "pageToken",
    "orderBy",
    "corpora",
    "driveId",
    "supportsAllDrives",
    "includeItemsFromAllDrives",
];

/// `spaces` is known too; the only one that a read-only client has is `drive`.
const SPACES: &str = "spaces";

/// Where a listing looks.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Corpora {
    User,
    Drive(String),
    AllDrives,
}

struct Search {
    condition: Option<Condition>,
    /// The parents that it names.
    parents: Vec<String>,
    /// Whether nothing can be found outside of these: they are no part of an alternative, nor negated.
    needs_parent: bool,
    corpora: Corpora,
    includes_drives: bool,
    order: ListingOrder,
    /// Spells the query and the user, so that a page token of another one is refused.
    binding: String,
}

/// Answers a listing.
pub(crate) fn list_files(exchange: &mut Exchange<'_>) -> Answer {
    exchange.caller.require_metadata()?;
    let params = Params::read(exchange.request, &[KNOWN.as_slice(), &[SPACES]].concat())?;
    let mask =
        params.mask(&FILE_LIST, &format!("kind,nextPageToken,incompleteSearch,files({DEFAULT_FIELDS})"))?;
    let size = params.number("pageSize", 1..=1000, 100)?.min(exchange.world.settings.page_limit);
    let search = read_search(exchange, &params)?;
    let after = find_start(exchange, &params, &search)?;
    let size = exchange.twists.short_page.map_or(size, |short| size.min(short));
    let size = if exchange.twists.is_empty_page { 0 } else { size };
    let mut found = search.run(exchange);
    found.retain(|(key, _)| *key > after);
    let more = found.len() > size;
    let end =
        if size == 0 { after } else { found.get(size - 1).map_or_else(Vec::new, |(key, _)| key.clone()) };
    found.truncate(size);
    let mut files: Vec<Value> = found.iter().map(|(_, id)| show(exchange, id)).collect();
    let is_incomplete = exchange.twists.is_incomplete;
    if is_incomplete {
        let mut index = 0;
        files.retain(|_| {
            index += 1;
            index % 2 == 0
        });
    }
    let mut body = json!({"kind": "drive#fileList", "incompleteSearch": is_incomplete, "files": files});
    if more || exchange.twists.is_empty_page {
        let place = Place::Listing { binding: search.binding, after: end };
        body["nextPageToken"] = json!(exchange.page_token(place));
    }
    Ok(Reply::json(200, &mask.apply(body)))
}

fn show(exchange: &Exchange<'_>, id: &str) -> Value {
    file_resource(exchange.world, exchange.world.item(id), &exchange.caller.viewer)
}

fn find_start(exchange: &Exchange<'_>, params: &Params, search: &Search) -> Answer<Vec<SortKey>> {
    let Some(token) = params.text("pageToken") else { return Ok(Vec::new()) };
    match exchange.world.page_tokens.find(token) {
        Ok(Place::Listing { binding, after }) if *binding == search.binding => Ok(after.clone()),
        Ok(_) => Err(Box::new(refusals::stale_token(TokenDeath::Invalid))),
        Err(death) => Err(Box::new(refusals::stale_token(death))),
    }
}

fn read_search(exchange: &Exchange<'_>, params: &Params) -> Answer<Search> {
    let flags = DriveFlags::read(params)?;
    let corpora = read_corpora(exchange, params, flags)?;
    if params.text(SPACES).is_some_and(|space| space != "drive") {
        return Err(Box::new(refusals::invalid_value("spaces")));
    }
    let condition = params.text("q").map(parse).transpose().map_err(|_| refusals::invalid_value("q"))?;
    let mut parents: Vec<_> = condition.iter().flat_map(Condition::parents).map(str::to_owned).collect();
    parents.sort_unstable();
    parents.dedup();
    if parents.iter().any(|parent| !is_id(parent)) {
        return Err(Box::new(refusals::not_found("")));
    }
    let needs_parent = condition.as_ref().is_some_and(needs_parent);
    let order = params.text("orderBy").unwrap_or_default();
    let order = ListingOrder::parse(order).ok_or_else(|| refusals::invalid_value("orderBy"))?;
    let bound = KNOWN.iter().filter(|name| !["pageSize", "pageToken"].contains(*name));
    let bound: Vec<&str> = bound.map(|name| params.text(name).unwrap_or("-")).collect();
    let binding = format!("{:?} {}", exchange.caller.viewer.principal, bound.join("\n"));
    let includes_drives = flags.includes;
    Ok(Search { condition, parents, needs_parent, corpora, includes_drives, order, binding })
}

fn read_corpora(exchange: &Exchange<'_>, params: &Params, flags: DriveFlags) -> Answer<Corpora> {
    let drive = params.text("driveId");
    match (params.text("corpora").unwrap_or("user"), drive) {
        ("user" | "domain", None) => Ok(Corpora::User),
        ("allDrives", None) => {
            flags.require_both()?;
            Ok(Corpora::AllDrives)
        }
        ("drive", Some(drive)) => {
            flags.require_both()?;
            if !exchange.world.is_member(exchange.caller.viewer.principal, drive) {
                return Err(Box::new(refusals::drive_not_found(drive)));
            }
            Ok(Corpora::Drive(drive.to_owned()))
        }
        ("drive", None) => Err(Box::new(
            refusals::bad_request("The driveId parameter must be specified when corpora=drive.")
                .at("driveId"),
        )),
        ("user" | "domain" | "allDrives", Some(_)) => {
            let message = "The driveId parameter must be specified if and only if corpora is set to drive.";
            Err(Box::new(refusals::bad_request(message).at("corpora")))
        }
        _ => Err(Box::new(refusals::invalid_value("corpora"))),
    }
}

/// What looks like an id: of an existing file or of none.
fn is_id(text: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    text == "root" || (text.len() >= 10 && text.chars().all(is_letter))
}

impl Search {
    /// What is found, with the keys that order it.
    fn run(&self, exchange: &Exchange<'_>) -> Vec<(Vec<SortKey>, String)> {
        let world = &*exchange.world;
        let matching = world.items.values().filter(|item| self.finds(exchange, item));
        let mut found: Vec<_> = matching.map(|item| (self.order.key_of(item), item.id.clone())).collect();
        found.sort();
        if self.parents.len() > 1 {
            // As the real one: some are not found, and it does not say so.
            let mut index = 0;
            found.retain(|_| {
                index += 1;
                index % 3 != 2
            });
        }
        found
    }

    fn finds(&self, exchange: &Exchange<'_>, item: &Item) -> bool {
        let world = &*exchange.world;
        let viewer = &exchange.caller.viewer;
        let root = world.roots[&viewer.principal].as_str();
        let names = |id: &str| self.parents.iter().any(|parent| parent == id);
        let is_below_named = |parent: &str| names(parent) || (parent == root && names("root"));
        let is_below_named = item.parent.as_deref().is_some_and(is_below_named);
        // Cheap ones first: each folder's listing asks this of each item.
        if item.parent.is_none() || (self.needs_parent && !is_below_named) {
            return false;
        }
        let is_in_corpora = match (&self.corpora, &item.drive) {
            (Corpora::Drive(wanted), drive) => drive.as_ref() == Some(wanted),
            (Corpora::AllDrives, _) | (Corpora::User, None) => true,
            (Corpora::User, Some(_)) => {
                self.includes_drives && (is_below_named || item.shared_with.contains(&viewer.principal))
            }
        };
        // A link shows what is below a folder, and is no way to find it otherwise.
        let is_shown = world.has_permission(viewer.principal, &item.id)
            || (is_below_named && world.is_visible(viewer, &item.id));
        is_in_corpora
            && is_shown
            && self.condition.as_ref().is_none_or(|condition| {
                condition.holds(&candidate(world, item, viewer.principal, names("root")))
            })
    }
}

fn needs_parent(condition: &Condition) -> bool {
    match condition {
        Condition::And(one, other) => needs_parent(one) || needs_parent(other),
        Condition::In(..) => !condition.parents().is_empty(),
        _ => false,
    }
}

fn candidate<'a>(world: &'a World, item: &'a Item, principal: Principal, names_root: bool) -> Candidate<'a> {
    let is_in_root = item.parent.as_ref() == Some(&world.roots[&principal]);
    let readers = Principal::ALL.into_iter().filter(|reader| world.has_permission(*reader, &item.id));
    Candidate {
        parent: if is_in_root && names_root { Some("root") } else { item.parent.as_deref() },
        name: &item.name,
        mime: item.mime(),
        created: item.created,
        modified: item.modified,
        is_trashed: world.is_trashed(&item.id),
        is_shared_with_me: item.shared_with.contains(&principal),
        owners: item.owner.into_iter().map(Principal::email).collect(),
        readers: readers.map(Principal::email).collect(),
    }
}
