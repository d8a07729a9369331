//! The client itself: a request is paced, authenticated, sent and retried, its redirects are followed, and its answer is
//! judged.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::ready;
use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Host, Pulse, Result, Secret, invalid_option, mask_url_query};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, RANGE, USER_AGENT,
};
use reqwest::{Method, Response, StatusCode, Url};

use super::answer::{self, Answer, Collector, EndReason, WHOLE_BYTES};
use super::auth::{Auth, AuthOptions, Credential};
use super::body;
use super::connections::Connections;
use super::dialect::{Dialect, Failure};
use super::limits::HttpLimits;
use super::origins::{Origins, OtherOrigins};
use super::redirect::{MAX_REDIRECTS, follow_redirect, redirect_target, too_many_redirects};
use super::request::Request;
use super::retry::Backoff;
use super::rules::{ErrorRule, Rules};
use super::secret::check_secret;
use super::status::{UNAUTHORIZED, answer_error, clock_ahead};
use super::throttle::{RateLimit, Throttle};

/// New tokens for one request.
const MAX_RENEWALS: usize = 3;

/// What a client is made from.
pub(crate) struct ClientOptions {
    /// The address of the source: credentials go to its origin.
    pub(crate) home: Url,
    /// Other addresses of the same service: credentials go to their origins as well, and nowhere else.
    pub(crate) more_homes: Vec<Url>,
    pub(crate) headers: BTreeMap<String, Secret>,
    /// Parameters of each request that may be secrets, as their names and texts; they go to that origin alone as well.
    pub(crate) params: Vec<(String, String)>,
    pub(crate) auth: Option<AuthOptions>,
    pub(crate) other_origins: OtherOrigins,
    pub(crate) limits: HttpLimits,
    pub(crate) rate_limit: RateLimit,
    pub(crate) rules: Vec<ErrorRule>,
    pub(crate) dialect: Dialect,
    /// What is asked for, such as `application/json`.
    pub(crate) accept: &'static str,
    /// Whether text of another encoding becomes UTF-8.
    pub(crate) decodes_text: bool,
}

/// An HTTP client for one source.
pub(crate) struct Client {
    origins: Origins,
    auth: Auth,
    limits: HttpLimits,
    rules: Rules,
    dialect: Dialect,
    accept: &'static str,
    decodes_text: bool,
    throttle: Throttle,
    connections: Arc<Connections>,
}

impl Client {
    /// Checks what can be checked without I/O.
    pub(crate) fn new(setup: ClientOptions, host: &Host) -> Result<Self> {
        let headers = setup.headers.into_iter().map(|(name, value)| {
            let option = format!("headers/{name}");
            check_secret(&option, &value, host)?;
            let parsed = HeaderName::try_from(name.as_str());
            Ok((parsed.map_err(|_| invalid_option(&option, "is not a valid name of an HTTP header"))?, value))
        });
        let connections = Arc::new(Connections::new(host, setup.limits, setup.dialect));
        setup.params.iter().for_each(|(_, value)| connections.redactor.mask_query(value));
        setup.home.query_pairs().for_each(|(_, value)| connections.redactor.mask_query(&value));
        let headers = headers.collect::<Result<_>>()?;
        let auth = Auth::new(setup.auth, host)?;
        Ok(Self {
            origins: Origins {
                home: setup.home,
                more: setup.more_homes.iter().map(Url::origin).collect(),
                headers,
                params: setup.params,
                key_param: auth.query_key().map(str::to_owned),
                others: setup.other_origins,
                connections: connections.clone(),
            },
            auth,
            limits: setup.limits.check()?,
            rules: Rules::new(setup.rules)?,
            dialect: setup.dialect,
            accept: setup.accept,
            decodes_text: setup.decodes_text,
            throttle: Throttle::new(&setup.rate_limit)?,
            connections,
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

    /// Redacts a text of an answer, should it repeat our secrets.
    pub(crate) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.connections.redactor.clean(text)
    }

    /// The beginning of a text of the other side, for people, redacted in the same way.
    pub(crate) fn quote(&self, text: &str) -> String {
        self.connections.redactor.quote(text)
    }

    /// An error about an answer, redacted in the same way. What leaves a source goes through here.
    pub(crate) fn redact_error(&self, error: Error) -> Error {
        error.map_text(|text| self.clean(text).into_owned())
    }

    /// The address that an answer links as the next one, judged like a redirect, and without our secrets.
    pub(crate) fn resolve_link(&self, from: &Url, link: &str) -> Result<Url> {
        self.origins.resolve_link(from, link)
    }

    /// Sends a request, with retries for hiccups, and takes its answer, one of success or one that a rule lets pass.
    ///
    /// # Errors
    /// The kind says what became of it; the message has the status, the address without secrets, and a cut of the
    /// body.
    pub(crate) async fn send(&self, request: &Request, pulse: &Pulse) -> Result<Answer> {
        self.send_for(request, pulse, |answer| ready(Ok(answer))).await
    }

    /// The same, and reads what was answered: what cannot be read is asked for once more as well, if its error is worth it.
    ///
    /// # Errors
    /// As of [`Client::send`], and of `read`.
    pub(crate) async fn send_for<T, F: Future<Output = Result<T>>>(
        &self,
        request: &Request,
        pulse: &Pulse,
        read: impl Fn(Answer) -> F,
    ) -> Result<T> {
        let mut backoff = Backoff::new(self.dialect.first_pause);
        loop {
            self.throttle.acquire().await?;
            let result = self.attempt(request, pulse).await;
            self.throttle.note(&result);
            let error = match result {
                Ok(answer) => match read(answer).await {
                    Ok(read) => return Ok(read),
                    Err(error) => error,
                },
                Err(error) => error,
            };
            // What is not idempotent is not repeated.
            let wait = backoff.wait_after(&error).filter(|_| request.method == Method::GET);
            let Some(wait) = wait else { return Err(self.located(error, &request.url)) };
            pulse.beat();
            tokio::time::sleep(wait).await;
        }
    }

    /// Says which URL an error is of, unless it is one of the options.
    fn located(&self, error: Error, url: &Url) -> Error {
        if error.kind() == ErrorKind::Config {
            return error;
        }
        error.with("url", self.clean(&mask_url_query(url.as_str())))
    }

    /// Once, and again where the token was refused and a new one is to be had: others may have used that up meanwhile.
    async fn attempt(&self, request: &Request, pulse: &Pulse) -> Result<Answer> {
        let mut credential = self.auth.credential(&self.connections, None).await?;
        for _ in 0..MAX_RENEWALS {
            match self.follow(request, &credential, pulse).await {
                Err(error) if error.code() == UNAUTHORIZED && self.auth.is_renewable() => {
                    credential = self.auth.credential(&self.connections, Some(&credential)).await?;
                }
                result => return result,
            }
        }
        self.follow(request, &credential, pulse).await
    }

    /// Follows redirects to the answer.
    async fn follow(&self, request: &Request, credential: &Credential, pulse: &Pulse) -> Result<Answer> {
        let mut request = request.clone();
        for _ in 0..=MAX_REDIRECTS {
            let sent = self.build_request(&request, credential)?;
            let response = self.connections.exchange(sent).await?;
            let Some(target) = redirect_target(&response)? else {
                return self.take(&request, response, pulse).await;
            };
            self.origins.check_target("a redirect", &request.url, &target)?;
            follow_redirect(&mut request, response.status(), target);
        }
        Err(too_many_redirects(&request.url))
    }

    /// Adds headers, and credentials where the request stays at the source's origin.
    fn build_request(&self, request: &Request, credential: &Credential) -> Result<reqwest::Request> {
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
        self.origins.apply(&mut url, (&mut headers, &request.home_headers), credential)?;
        let mut sent = reqwest::Request::new(request.method.clone(), url);
        *sent.headers_mut() = headers;
        *sent.body_mut() = request.body.clone().map(Into::into);
        Ok(sent)
    }

    /// Judges an answer by its status and takes its body.
    async fn take(&self, request: &Request, response: Response, pulse: &Pulse) -> Result<Answer> {
        let (url, status, headers) = (request.url.clone(), response.status(), response.headers().clone());
        if request.end_status.contains(&status.as_u16()) {
            return Ok(Answer::without_records(url, status, headers, EndReason::PastLast));
        }
        let is_part = status == StatusCode::PARTIAL_CONTENT && !request.headers.contains_key(RANGE);
        let is_fine = status.is_success() && !is_part;
        let was_asked =
            request.headers.contains_key(IF_NONE_MATCH) || request.headers.contains_key(IF_MODIFIED_SINCE);
        if is_fine || status == StatusCode::NOT_MODIFIED && was_asked {
            let collector = Collector {
                decodes_text: self.decodes_text,
                whole_bytes: if request.is_continued { 0 } else { WHOLE_BYTES },
                limit: request.max_bytes.unwrap_or(self.limits.page_bytes),
                pulse,
                redactor: &self.connections.redactor,
            };
            let body = collector.collect(response).await?;
            let answer = Answer { url, status, headers, body, end: None };
            return self.rules.judge_success(answer, |text| self.quote(text));
        }
        let beginning = answer::beginning(response).await;
        let error = answer_error(&url, status, &headers, self.quote(&beginning));
        let failure = Failure { url: &url, status, body: &beginning, clock_ahead: clock_ahead(&headers) };
        let error = self.dialect.judge(&failure, error);
        self.rules.judge_failure(status, &beginning, error)?;
        Ok(Answer::without_records(url, status, headers, EndReason::Ignored))
    }

    /// Judges an error that an answer of success tells of; it may be ignored by a rule.
    pub(crate) fn judge_body_error(
        &self,
        url: &Url,
        status: StatusCode,
        place: &dyn fmt::Display,
        told: &str,
    ) -> Result<()> {
        let message =
            format!("{} answered {status} with an error at `{place}`", mask_url_query(url.as_str()));
        let error = Error::new(ErrorKind::Api, "error_in_answer", message).with_quote(self.quote(told));
        self.rules.judge_failure(status, told, error)
    }
}
