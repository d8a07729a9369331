//! The one HTTP client: where it connects, what it sends to whom, how long it waits, how much it takes, and what the
//! status of an answer means. Redirects are followed here, so that each hop is judged like the first.

mod answer;
mod auth;
mod body;
mod limits;
mod resolve;
mod rules;
mod throttle;
mod wire;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use catchment_core::{Error, ErrorKind, Host, NetworkAccess, Pulse, Result, Secret, invalid, masked};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LOCATION, USER_AGENT,
};
use reqwest::{Method, StatusCode, Url};
use tokio::time::Instant;

pub(crate) use answer::{Answer, Body, End, Stream};
pub use auth::{AuthOptions, ClientAuthentication, KeyPlace, Scopes};
pub(crate) use limits::Limits;
pub use limits::Timeouts;
pub use rules::{ErrorAction, ErrorRule, Statuses};
pub use throttle::RateLimit;

use answer::{answer_error, collect};
use auth::{Auth, Credential};
use rules::Rules;
use throttle::Throttle;
use wire::Wire;

/// Hops of one request at most.
const MAX_REDIRECTS: usize = 10;
/// How often an idempotent request is repeated, and within what time: hiccups end sooner than an attempt.
const MAX_REPEATS: u32 = 3;
const REPEAT_WITHIN: Duration = Duration::from_secs(10);
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// Stands in addresses that are kept for a parameter that may be a secret.
const HIDDEN: &str = "catchment:hidden";

/// What happens where a redirect or a link leads to another origin than the source's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OtherOrigins {
    /// The run fails.
    #[default]
    Refuse,
    /// It is followed without credentials: no header of the options, no authentication, no key in the query.
    Bare,
}

/// What a client is made from.
pub(crate) struct Setup {
    /// The address of the source: its origin is the only one that credentials go to.
    pub(crate) home: Url,
    pub(crate) headers: BTreeMap<String, Secret>,
    /// Parameters of each request that may be secrets, as their names and texts; they go to that origin alone as well.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) auth: Option<AuthOptions>,
    pub(crate) other_origins: OtherOrigins,
    pub(crate) limits: Limits,
    pub(crate) rate_limit: RateLimit,
    pub(crate) rules: Vec<ErrorRule>,
    /// What is asked for, such as `application/json`.
    pub(crate) accept: &'static str,
    /// Whether text of another encoding becomes UTF-8.
    pub(crate) decodes_text: bool,
}

/// See the module.
pub(crate) struct Client {
    home: Url,
    headers: Vec<(HeaderName, Secret)>,
    params: Vec<(String, String)>,
    auth: Auth,
    other_origins: OtherOrigins,
    limits: Limits,
    rules: Rules,
    accept: &'static str,
    decodes_text: bool,
    throttle: Throttle,
    wire: Arc<Wire>,
}

/// A request, before credentials.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// JSON.
    pub(crate) body: Option<String>,
    /// Such as `If-None-Match`.
    pub(crate) headers: HeaderMap,
    /// Statuses that mean an answer without records.
    pub(crate) end_status: Vec<u16>,
}

impl Client {
    /// Checks what can be checked without I/O.
    pub(crate) fn new(setup: Setup, host: &Host) -> Result<Self> {
        let headers = setup.headers.into_iter().map(|(name, value)| {
            value.check(&host.secrets).map_err(|error| at(&format!("headers/{name}"), &error))?;
            let parsed = HeaderName::try_from(name.as_str());
            let parsed = parsed
                .map_err(|_| invalid(&format!("headers/{name}"), "is not the name of an HTTP header"))?;
            Ok((parsed, value))
        });
        let wire = Arc::new(Wire::new(host, setup.limits));
        setup.params.iter().for_each(|(_, value)| wire.mask_query(value));
        setup.home.query_pairs().for_each(|(_, value)| wire.mask_query(&value));
        Ok(Self {
            headers: headers.collect::<Result<_>>()?,
            params: setup.params,
            auth: Auth::new(setup.auth, host)?,
            other_origins: setup.other_origins,
            limits: setup.limits.check()?,
            rules: Rules::new(setup.rules)?,
            accept: setup.accept,
            decodes_text: setup.decodes_text,
            throttle: Throttle::new(&setup.rate_limit)?,
            wire,
            home: setup.home,
        })
    }

    /// Requests that may be under way side by side now: fewer after the server pushed back.
    pub(crate) fn concurrency(&self) -> usize {
        self.throttle.concurrency()
    }

    /// How requests are authenticated, for people.
    pub(crate) fn authentication(&self) -> &'static str {
        self.auth.name()
    }

    /// Text of an answer without our secrets, should it repeat them.
    pub(crate) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.wire.clean(text)
    }

    /// The beginning of a text of the other side, for people, in the same way.
    pub(crate) fn quote(&self, text: &str) -> String {
        self.wire.quote(text)
    }

    /// An error about an answer, in the same way. What leaves a source goes through here.
    pub(crate) fn cleaned(&self, error: Error) -> Error {
        error.map_text(|text| self.wire.clean(text).into_owned())
    }

    /// Sends a request and takes its answer, one of success or one that a rule lets pass.
    ///
    /// # Errors
    /// The kind says what became of it; the message has the status, the address without secrets, and a cut of the
    /// body.
    pub(crate) async fn send(&self, request: &Request, pulse: &Pulse) -> Result<Answer> {
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut repeats = 0;
        loop {
            self.throttle.turn().await?;
            let result = self.attempt(request, pulse).await;
            self.throttle.note(&result);
            let error = match result {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            // A server that asks for no pause gets ours.
            let wait = error.retry_after().unwrap_or_default().max(pause);
            let is_worth_it = match error.kind() {
                ErrorKind::Network | ErrorKind::Unavailable => true,
                ErrorKind::RateLimited => error.retry_after().is_some(),
                _ => false,
            };
            let is_in_time = began.elapsed().saturating_add(wait) < REPEAT_WITHIN;
            if !is_worth_it || !is_in_time || repeats == MAX_REPEATS || request.method != Method::GET {
                return Err(error);
            }
            repeats += 1;
            pause *= 4;
            pulse.beat();
            tokio::time::sleep(wait).await;
        }
    }

    /// Once, or twice where the token was refused and a new one is to be had.
    async fn attempt(&self, request: &Request, pulse: &Pulse) -> Result<Answer> {
        let credential = self.auth.credential(&self.wire, None).await?;
        match self.follow(request, &credential, pulse).await {
            Err(error) if error.code() == answer::UNAUTHORIZED && self.auth.is_renewable() => {
                let renewed = self.auth.credential(&self.wire, Some(&credential)).await?;
                self.follow(request, &renewed, pulse).await
            }
            result => result,
        }
    }

    /// Follows redirects to the answer.
    async fn follow(&self, request: &Request, credential: &Credential, pulse: &Pulse) -> Result<Answer> {
        let mut request = request.clone();
        for _ in 0..=MAX_REDIRECTS {
            let sent = self.dress(&request, credential)?;
            let response = self.wire.exchange(sent).await?;
            let Some(target) = redirect(&response)? else {
                return self.take(&request, response, pulse).await;
            };
            if !self.is_home(&target) && self.other_origins == OtherOrigins::Refuse {
                return Err(refused("a redirect", &request.url, &target));
            }
            if !matches!(response.status(), StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT) {
                (request.method, request.body) = (Method::GET, None);
            }
            request.url = target;
        }
        let message = format!("{} redirects more than {MAX_REDIRECTS} times", masked(request.url.as_str()));
        Err(Error::new(ErrorKind::Api, "too_many_redirects", message))
    }

    /// The address that an answer names as the next one, judged like a redirect.
    pub(crate) fn linked(&self, from: &Url, link: &str) -> Result<Url> {
        let mut target = from.join(link).map_err(|error| {
            let message = format!("{} names a next page that is no address ({error})", masked(from.as_str()));
            Error::new(ErrorKind::Api, "bad_link", message)
        })?;
        if !self.is_home(&target) && self.other_origins == OtherOrigins::Refuse {
            return Err(refused("the next page", from, &target));
        }
        // Some servers repeat what we sent; it is added again where it belongs, and not kept with the place.
        self.auth.strip(&mut target);
        self.hide_params(&mut target);
        if !self.wire.holds_credential(target.as_str()) {
            return Ok(target);
        }
        let message = format!(
            "{} repeats a credential in the address of its next page, which would have to be stored in the clear; say with \
             the option `pagination` how to ask for pages without it",
            masked(from.as_str())
        );
        Err(Error::new(ErrorKind::Api, "secret_in_link", message))
    }

    /// Puts a placeholder where an address repeats a parameter of ours.
    fn hide_params(&self, url: &mut Url) {
        let is_ours = |name: &str, value: &str| {
            self.params.iter().any(|(known, text)| known == name && text == value && !value.is_empty())
        };
        if !url.query_pairs().any(|(name, value)| is_ours(&name, &value)) {
            return;
        }
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().map(|(name, value)| {
            let value = if is_ours(&name, &value) { HIDDEN.to_owned() } else { value };
            (name, value)
        }));
    }

    /// Puts our parameters back where their placeholders stand: the values of a name in their order.
    fn reveal_params(&self, url: &mut Url) {
        if !url.query_pairs().any(|(_, value)| value == HIDDEN) {
            return;
        }
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let mut ours: Vec<_> = self.params.iter().map(Some).collect();
        let mut take = |name: &str| {
            let slot = ours.iter_mut().find(|slot| slot.is_some_and(|(known, _)| known == name))?;
            slot.take().map(|(_, value)| value.clone())
        };
        url.query_pairs_mut().clear().extend_pairs(pairs.into_iter().filter_map(|(name, value)| {
            let value = if value == HIDDEN { take(&name)? } else { value };
            Some((name, value))
        }));
    }

    /// Takes out of an address of another origin what the source's own address holds, and refuses what cannot be taken
    /// out.
    fn strip_for_others(&self, url: &mut Url) -> Result<()> {
        self.auth.strip(url);
        let home: Vec<_> = self.home.query_pairs().into_owned().collect();
        let is_ours = |name: &str, value: &str| {
            let is_pair = |pair: &(String, String)| pair.0 == name && pair.1 == value;
            value == HIDDEN
                || self.params.iter().chain(&home).any(is_pair)
                || self.params.iter().any(|(_, text)| text == value)
                || self.wire.holds_credential(value)
        };
        let pairs: Vec<_> = url.query_pairs().into_owned().collect();
        let rest: Vec<_> = pairs.iter().filter(|(name, value)| !is_ours(name, value)).collect();
        // What has nothing of ours stays as it is spelt, as its signature may want it.
        if rest.len() < pairs.len() {
            url.set_query(None);
            if !rest.is_empty() {
                url.query_pairs_mut().extend_pairs(rest);
            }
        }
        if !self.wire.holds_credential(url.as_str()) {
            return Ok(());
        }
        let origin = url.origin().ascii_serialization();
        let message = format!(
            "an address of another origin, {origin}, would take a credential along; it is not followed"
        );
        Err(Error::config("other_origin", message))
    }

    fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.home.origin()
    }

    /// Adds headers and credentials, where the request stays at home.
    fn dress(&self, request: &Request, credential: &Credential) -> Result<reqwest::Request> {
        let mut url = request.url.clone();
        // A name and password in a link would be sent like a credential; both fail for addresses without a host alone.
        url.set_username("").ok();
        url.set_password(None).ok();
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(self.accept));
        headers
            .insert(USER_AGENT, HeaderValue::from_static(concat!("catchment/", env!("CARGO_PKG_VERSION"))));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(body::ACCEPTED));
        headers.extend(request.headers.clone());
        if request.body.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        if self.is_home(&url) {
            for (name, secret) in &self.headers {
                headers.insert(name, self.wire.header(name.as_str(), secret)?);
            }
            self.reveal_params(&mut url);
            credential.apply(&mut url, &mut headers);
        } else {
            self.strip_for_others(&mut url)?;
        }
        let mut sent = reqwest::Request::new(request.method.clone(), url);
        *sent.headers_mut() = headers;
        *sent.body_mut() = request.body.clone().map(Into::into);
        Ok(sent)
    }

    /// Judges an answer by its status and takes its body.
    async fn take(&self, request: &Request, response: reqwest::Response, pulse: &Pulse) -> Result<Answer> {
        let (url, status, headers) = (request.url.clone(), response.status(), response.headers().clone());
        if request.end_status.contains(&status.as_u16()) {
            return Ok(Answer::without_records(url, status, headers, End::PastLast));
        }
        let is_fine = status.is_success() && status != StatusCode::PARTIAL_CONTENT;
        let was_asked =
            request.headers.contains_key(IF_NONE_MATCH) || request.headers.contains_key(IF_MODIFIED_SINCE);
        if is_fine || status == StatusCode::NOT_MODIFIED && was_asked {
            let body =
                collect(response, self.decodes_text, self.limits.page_bytes, pulse, &self.wire).await?;
            let answer = Answer { url, status, headers, body, end: None };
            return self.rules.judge_success(answer, |text| self.wire.quote(text));
        }
        let beginning = answer::beginning(response).await;
        let error = answer_error(&url, status, &headers, self.wire.quote(&beginning));
        self.rules.judge_failure(status, &beginning, error)?;
        Ok(Answer::without_records(url, status, headers, End::Ignored))
    }

    /// Judges an error that an answer of success tells of; it may be ignored by a rule.
    pub(crate) fn judge_told(
        &self,
        url: &Url,
        status: StatusCode,
        place: &dyn fmt::Display,
        told: &str,
    ) -> Result<()> {
        let message = format!("{} answered {status} with an error at `{place}`", masked(url.as_str()));
        let error = Error::new(ErrorKind::Api, "error_in_answer", message).with_quote(self.wire.quote(told));
        self.rules.judge_failure(status, told, error)
    }
}

/// Where a response redirects to.
fn redirect(response: &reqwest::Response) -> Result<Option<Url>> {
    let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let Some(location) = response.headers().get(LOCATION).filter(|_| is_redirect) else { return Ok(None) };
    let target = location.to_str().ok().and_then(|location| response.url().join(location).ok());
    let message = || format!("{} redirects to what is no address", masked(response.url().as_str()));
    target.map(Some).ok_or_else(|| Error::new(ErrorKind::Api, "bad_redirect", message()))
}

fn refused(what: &str, from: &Url, to: &Url) -> Error {
    Error::config(
        "other_origin",
        format!(
            "{what} of {} leads to another origin, {}; name that one as the source, or set the option `otherOrigins` \
             to `bare` to follow it without credentials",
            masked(from.as_str()),
            to.origin().ascii_serialization()
        ),
    )
}

/// An address that can be one of a source: http or https, without a name and password in it. Its one spelling.
pub(crate) fn source_url(identifier: &str) -> Result<Url> {
    let wrong = |problem: &str| {
        Err(Error::config("bad_address", format!("the address of the source {problem}"))
            .with_detail("/sourceIdentifier", problem))
    };
    let mut url = match Url::parse(identifier.trim()) {
        Ok(url) => url,
        Err(error) => return wrong(&format!("is none ({error}); it begins with https:// or http://")),
    };
    if !matches!(url.scheme(), "http" | "https") {
        return wrong(&format!("begins with {}:; only http and https are read", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("holds a name or password; give them as the option `auth`");
    }
    url.set_fragment(None);
    Ok(url)
}

/// Literal addresses are not asked of the resolver, so they are judged here, in whatever spelling they came.
pub(crate) fn check_address(url: &Url, network: &NetworkAccess) -> Result<()> {
    let port = url.port_or_known_default().unwrap_or_default();
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    match (url.scheme(), host.parse()) {
        ("http" | "https", Ok(ip)) => network.check(ip, port),
        ("http" | "https", Err(_)) => Ok(()),
        (scheme, _) => Err(Error::config(
            "bad_address",
            format!("{scheme}: addresses are not read; only http and https are"),
        )),
    }
}

/// An error, at the place of an option.
pub(crate) fn at(option: &str, error: &Error) -> Error {
    let pointer = format!("/options/{option}");
    Error::new(error.kind(), error.code().to_owned(), format!("{pointer}: {}", error.message()))
        .with_detail(pointer, error.message())
}
