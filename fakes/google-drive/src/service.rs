//! A request's way through the fake: hooks, faults, the method itself, damage, hooks, record.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Instant, SystemTime};

use crate::api::changes::{get_start_token, list_changes};
use crate::api::content::get_content;
use crate::api::drives::{get_about, get_drive, list_drives};
use crate::api::exchange::{Caller, Exchange};
use crate::api::export::export_file;
use crate::api::listing::list_files;
use crate::api::metadata::{KNOWN, get_file, get_revision};
use crate::call::{Call, Route, route};
use crate::docs::links::{follow_link, send_download};
use crate::faults::damage::{Damage, pack};
use crate::faults::fault::{Effect, Fault};
use crate::faults::rules::Rules;
use crate::faults::twists::Twists;
use crate::http::reply::Reply;
use crate::http::request::Request;
use crate::origin::Origin;
use crate::problem::{Answer, Problem};
use crate::record::Seen;
use crate::refusals;
use crate::sheets::spreadsheets::{get_spreadsheet, get_values, require_enabled};
use crate::token::grants::grant_token;
use crate::world::access::Viewer;
use crate::world::credentials::{CLIENT_SECRET, REFRESH_TOKEN};
use crate::world::state::World;

/// What a test does to the world at a request.
pub(crate) type Hook = Box<dyn FnMut(&mut World) + Send>;

/// All that is behind the lock.
pub(crate) struct Service {
    pub(crate) world: World,
    pub(crate) faults: Rules<Fault>,
    pub(crate) before: Rules<Hook>,
    pub(crate) after: Rules<Hook>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) leaks: Vec<Seen>,
}

/// Longer addresses are not taken.
const MAX_TARGET_BYTES: usize = 8192;

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Service").field("seen", &self.seen.len()).finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn new(world: World) -> Self {
        let (before, after) = (Rules::new(), Rules::new());
        Self { world, faults: Rules::new(), before, after, seen: Vec::new(), leaks: Vec::new() }
    }

    /// Answers a request; with the time that goes into its `Date`.
    pub(crate) fn handle(&mut self, origin: Origin, request: &Request) -> (Reply, String) {
        let at = Instant::now();
        let route = route(origin, request);
        self.before.fire(&route).for_each(|hook| hook(&mut self.world));
        let effects: Vec<Effect> = self.faults.fire(&route).map(|fault| fault.0.clone()).collect();
        let reply = self.reply(origin, request, &route, effects);
        self.after.fire(&route).for_each(|hook| hook(&mut self.world));
        let seen = Seen {
            call: route.call,
            about: route.about,
            method: request.method.clone(),
            path_and_query: request.target.clone(),
            origin,
            had_token: request.header("authorization").is_some(),
            range: request.header("range").map(str::to_owned),
            status: reply.status,
            at,
        };
        if shows_credential(origin, request) {
            self.leaks.push(seen.clone());
        }
        self.seen.push(seen);
        let date = SystemTime::from(self.world.now());
        (reply, httpdate::fmt_http_date(date))
    }

    /// The first fault that answers does so; all that damage do that too.
    fn reply(&mut self, origin: Origin, request: &Request, route: &Route, effects: Vec<Effect>) -> Reply {
        let mut twists = Twists::default();
        let mut damages: Vec<Damage> = Vec::new();
        let mut answer: Option<Reply> = None;
        for effect in effects {
            match effect {
                Effect::Refuse(problem) => {
                    answer.get_or_insert_with(|| problem.render(origin));
                }
                Effect::Answer(reply) => {
                    answer.get_or_insert(reply);
                }
                Effect::Damage(damage) => damages.push(damage),
                Effect::Twist(twist) => twists.add(twist),
            }
        }
        let reply = answer.unwrap_or_else(|| {
            let answer = self.answer(origin, request, route, &twists);
            answer.unwrap_or_else(|problem| problem.render(origin))
        });
        let accepts_gzip =
            request.header("accept-encoding").is_some_and(|accepted| accepted.contains("gzip"));
        let reply = damages.iter().fold(reply, |reply, damage| damage.apply(reply));
        if self.world.settings.compresses_json && accepts_gzip && reply.is_json() {
            pack(reply)
        } else {
            reply
        }
    }

    fn answer(&mut self, origin: Origin, request: &Request, route: &Route, twists: &Twists) -> Answer {
        if request.target.len() > MAX_TARGET_BYTES {
            return Err(Box::new(Problem::html(414, "The requested URL is too large to process.")));
        }
        let world = &mut self.world;
        let id = route.about.as_deref().unwrap_or_default();
        match route.call {
            Call::Unknown => Err(Box::new(refusals::no_such_page())),
            Call::Token => grant_token(world, request),
            Call::Content => send_download(world, request, &route.detail),
            Call::ExportLink => {
                let caller = authenticate(world, request).ok();
                follow_link(world, caller.as_ref(), request, id)
            }
            _ => {
                let caller = authenticate(world, request)?;
                check_project(world, origin)?;
                let mut exchange = Exchange { world, caller: &caller, request, twists };
                call_api(&mut exchange, route, id)
            }
        }
    }
}

fn call_api(exchange: &mut Exchange<'_>, route: &Route, id: &str) -> Answer {
    match route.call {
        Call::List => list_files(exchange),
        Call::Get => get_file(exchange, id),
        Call::Media => get_content(exchange, id, &KNOWN),
        Call::Revision => get_revision(exchange, id, &route.detail),
        Call::Export => export_file(exchange, id),
        Call::StartToken => get_start_token(exchange),
        Call::Changes => list_changes(exchange),
        Call::Drives => list_drives(exchange),
        Call::DriveGet => get_drive(exchange, id),
        Call::About => get_about(exchange),
        Call::SheetGet => get_spreadsheet(exchange, id),
        Call::Values => get_values(exchange, id, &route.detail),
        Call::Token | Call::ExportLink | Call::Content | Call::Unknown => {
            Err(Box::new(refusals::no_such_page()))
        }
    }
}

/// Whom a request is from. No header at all is another refusal than a bad one.
fn authenticate(world: &mut World, request: &Request) -> Answer<Caller> {
    if request.header("authorization").is_none() {
        return Err(Box::new(refusals::unregistered()));
    }
    let now = world.now();
    let access = request.bearer().and_then(|token| world.credentials.spend(token, now));
    let access = access.ok_or_else(refusals::auth_error)?;
    let viewer = Viewer { principal: access.principal, resource_keys: read_resource_keys(request) };
    Ok(Caller { viewer, scopes: access.scopes })
}

/// `X-Goog-Drive-Resource-Keys: ID/KEY,…`
fn read_resource_keys(request: &Request) -> BTreeMap<String, String> {
    let header = request.header("x-goog-drive-resource-keys").unwrap_or_default();
    let pairs = header.split(',').filter_map(|pair| pair.trim().split_once('/'));
    pairs.map(|(id, key)| (id.to_owned(), key.to_owned())).collect()
}

/// What the project's and the domain's administrators have decided.
fn check_project(world: &World, origin: Origin) -> Answer<()> {
    if origin == Origin::Sheets {
        return require_enabled(world.settings.is_sheets_api_enabled);
    }
    if !world.settings.is_drive_api_enabled {
        return Err(Box::new(refusals::api_disabled("Google Drive API", "drive.googleapis.com")));
    }
    if world.settings.is_forbidden_by_domain {
        return Err(Box::new(refusals::domain_policy()));
    }
    Ok(())
}

/// Whether a host saw what it must not: a token where none is needed, or what only the token endpoint should see.
fn shows_credential(origin: Origin, request: &Request) -> bool {
    let takes_no_token = matches!(origin, Origin::Content | Origin::Token);
    let body = String::from_utf8_lossy(&request.body);
    let shows = |secret: &str| {
        body.contains(secret)
            || request.target.contains(secret)
            || request.headers.values().any(|value| value.contains(secret))
    };
    (takes_no_token && request.header("authorization").is_some())
        || (origin != Origin::Token && (shows(CLIENT_SECRET) || shows(REFRESH_TOKEN)))
        || request.target.contains("ya29.")
}
