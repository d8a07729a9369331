//! The handle that a test holds: addresses, credentials, faults, hooks and what came in.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use crate::call::Call;
use crate::faults::fault::Fault;
use crate::faults::matcher::Matcher;
use crate::faults::rules::RuleId;
use crate::http::request::Request;
use crate::http::server::{Handler, Server};
use crate::origin::Origin;
use crate::principal::Principal;
use crate::record::{Comeback, Seen, find_comebacks};
use crate::service::Service;
use crate::token::jwt::{PRIVATE_KEY, PRIVATE_KEY_ID};
use crate::world::credentials::{CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN};
use crate::world::settings::Addresses;
use crate::world::state::World;

/// A running fake. It stops when the last handle is dropped.
#[derive(Debug, Clone)]
pub struct FakeDrive {
    service: Arc<Mutex<Service>>,
    addresses: Addresses,
    /// Held, as the fake stops with them.
    _servers: Arc<Vec<Server>>,
}

/// The seed of ids where a test does not mind.
const SEED: u64 = 20_261_124;

impl FakeDrive {
    /// Starts on free ports of loopback.
    pub async fn start() -> Self {
        Self::start_with_seed(SEED).await
    }

    /// Starts with other ids.
    pub async fn start_with_seed(seed: u64) -> Self {
        let service = Arc::new(Mutex::new(Service::new(World::new(seed))));
        let mut servers = Vec::new();
        for origin in [Origin::Drive, Origin::Sheets, Origin::Token, Origin::Docs, Origin::Content] {
            let shared = service.clone();
            let handler: Arc<Handler> =
                Arc::new(move |request: &Request| lock(&shared).handle(origin, request));
            servers.push(Server::start(handler).await);
        }
        let base = |index: usize| format!("http://{}", servers[index].address);
        let addresses = Addresses {
            drive: base(0) + "/drive/v3/",
            sheets: base(1) + "/v4/spreadsheets/",
            token: base(2) + "/token",
            docs: base(3),
            content: base(4),
        };
        lock(&service).world.addresses = addresses.clone();
        Self { service, addresses, _servers: Arc::new(servers) }
    }

    /// The base of the Drive API, with a slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.addresses.drive
    }

    /// The base of the Sheets API, with a slash at its end.
    #[must_use]
    pub fn sheets_url(&self) -> &str {
        &self.addresses.sheets
    }

    /// The token endpoint.
    #[must_use]
    pub fn token_url(&self) -> &str {
        &self.addresses.token
    }

    /// Where export links point to.
    #[must_use]
    pub fn docs_url(&self) -> &str {
        &self.addresses.docs
    }

    /// Where export links redirect to.
    #[must_use]
    pub fn content_url(&self) -> &str {
        &self.addresses.content
    }

    /// The service account's key file.
    #[must_use]
    pub fn service_account_key(&self) -> String {
        self.key_file(PRIVATE_KEY)
    }

    /// The key file as it comes from Windows: CRLF in the file, and in the PEM in it.
    #[must_use]
    pub fn service_account_key_crlf(&self) -> String {
        self.key_file(&PRIVATE_KEY.replace('\n', "\r\n")).replace('\n', "\r\n")
    }

    fn key_file(&self, private_key: &str) -> String {
        let key = json!({
            "type": "service_account",
            "project_id": "fake-project",
            "private_key_id": PRIVATE_KEY_ID,
            "private_key": private_key,
            "client_email": Principal::ServiceAccount.email(),
            "client_id": "109876543210987654321",
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": self.token_url(),
            "universe_domain": "googleapis.com",
        });
        serde_json::to_string_pretty(&key).unwrap()
    }

    /// The person's own client: its id, its secret, and a refresh token.
    #[must_use]
    pub fn refresh_client(&self) -> (String, String, String) {
        (CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned(), REFRESH_TOKEN.to_owned())
    }

    /// The person's address.
    #[must_use]
    pub const fn user_email(&self) -> &'static str {
        Principal::User.email()
    }

    /// The service account's address, which files are shared with.
    #[must_use]
    pub const fn service_account_email(&self) -> &'static str {
        Principal::ServiceAccount.email()
    }

    /// Reads or changes the world under its lock. The fake's methods of the same names do so for one change each.
    pub fn with_world<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        change(&mut self.lock().world)
    }

    /// Lets something go wrong. Rules count on their own; of several that answer a request the first made does, and
    /// all that damage it do.
    pub fn fail(&self, matcher: Matcher, fault: Fault) -> RuleId {
        self.lock().faults.add(matcher, fault)
    }

    /// Ends a fault.
    pub fn stop_failing(&self, rule: RuleId) {
        self.lock().faults.end(rule);
    }

    /// Ends all faults and hooks.
    pub fn clear_rules(&self) {
        let mut service = self.lock();
        service.faults.clear();
        service.before.clear();
        service.after.clear();
    }

    /// Runs a mutation before the n-th request from now on is answered, counted from 1, whatever it is.
    pub fn at_request(&self, number: usize, hook: impl FnMut(&mut World) + Send + 'static) {
        self.before(Matcher::any().nth(number), hook);
    }

    /// Runs a mutation before requests are answered.
    pub fn before(&self, matcher: Matcher, hook: impl FnMut(&mut World) + Send + 'static) {
        self.lock().before.add(matcher, Box::new(hook));
    }

    /// Runs a mutation after requests were answered, before their answers are sent.
    pub fn after(&self, matcher: Matcher, hook: impl FnMut(&mut World) + Send + 'static) {
        self.lock().after.add(matcher, Box::new(hook));
    }

    /// What came in since the counts were reset.
    #[must_use]
    pub fn requests(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// How many requests of a method came in.
    #[must_use]
    pub fn count(&self, call: Call) -> usize {
        self.lock().seen.iter().filter(|seen| seen.call == call).count()
    }

    /// Forgets what came in; leaks are kept.
    pub fn reset_counts(&self) {
        self.lock().seen.clear();
    }

    /// Requests that showed a credential to a host that must not see it, since the start.
    #[must_use]
    pub fn leaks(&self) -> Vec<Seen> {
        self.lock().leaks.clone()
    }

    /// How soon the client came back after each refusal that is to be tried again.
    #[must_use]
    pub fn comebacks(&self) -> Vec<Comeback> {
        find_comebacks(&self.lock().seen)
    }

    /// The scopes of all requests for tokens.
    #[must_use]
    pub fn asked_scopes(&self) -> Vec<String> {
        self.with_world(|world| world.credentials.asked_scopes.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Service> {
        lock(&self.service)
    }
}

/// A test that failed in a hook has said so already.
fn lock(service: &Mutex<Service>) -> MutexGuard<'_, Service> {
    service.lock().unwrap_or_else(PoisonError::into_inner)
}
