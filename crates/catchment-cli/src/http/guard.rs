//! Who may call: not another web page, not by a strange name, and only who knows the token where there is one.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, StatusCode, Uri};
use catchment::{Door, Principal};
use catchment_core::{Secret, log_error};
use subtle::ConstantTimeEq;

use super::envelope::ErrorResponse;
use crate::config::{Config, api_token};

/// What a caller is held against.
pub(crate) struct Guard {
    token: Option<Secret>,
    /// Whether the log says that the token cannot be used.
    is_token_told: AtomicBool,
    allow_hosts: Vec<String>,
}

impl Guard {
    /// By the settings of this service, which listens at `address`.
    pub(crate) fn new(config: &Config, address: SocketAddr) -> Self {
        let mut allow_hosts = config.allow_hosts.clone();
        if !address.ip().is_unspecified() {
            allow_hosts.push(address.ip().to_string());
        }
        Self { token: config.api_token.clone(), is_token_told: AtomicBool::new(false), allow_hosts }
    }

    /// Who sends a request; nobody where it is answered to everybody.
    pub(super) fn identify(
        &self,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Option<Principal>, ErrorResponse> {
        // Whoever watches over the process knows neither secrets nor its name: it calls by address, or names no host.
        if matches!(uri.path(), "/healthz" | "/readyz") {
            return Ok(None);
        }
        let host = one_host(uri, headers)?;
        self.check_host(host)?;
        check_origin(host, headers)?;
        self.check_token(headers)?;
        let who = if self.token.is_some() { "the holder of the API token" } else { "a caller on loopback" };
        Ok(Some(Principal::administrator(who, Door::Http)))
    }

    /// A page of a strange site that resolves to this machine still calls us by that site's name.
    fn check_host(&self, host: Option<&str>) -> Result<(), ErrorResponse> {
        let name = host.map(host_name).unwrap_or_default().trim_end_matches('.');
        let is_loopback = name.eq_ignore_ascii_case("localhost")
            || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if is_loopback || self.allow_hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(name)) {
            return Ok(());
        }
        let message =
            format!("the host name `{name}` is not allowed; the operator can allow it with --allow-host");
        Err(ErrorResponse::new(StatusCode::FORBIDDEN, "host_not_allowed", message))
    }

    fn check_token(&self, headers: &HeaderMap) -> Result<(), ErrorResponse> {
        let Some(token) = &self.token else { return Ok(()) };
        // Its file is read each time: a token that was replaced is of no more use, and the new one is at once.
        let token = api_token(token).inspect(|_| self.is_token_told.store(false, Ordering::Relaxed));
        let token = token.map_err(|error| {
            // Once, and not for each caller.
            if !self.is_token_told.swap(true, Ordering::Relaxed) {
                log_error!(ERROR, &error, "calls of the API are refused until its token can be used");
            }
            let message =
                "the API token of this service cannot be used; its operator finds the reason in the log";
            ErrorResponse::new(StatusCode::SERVICE_UNAVAILABLE, "bad_token", message)
        })?;
        let given = text(headers, AUTHORIZATION.as_str()).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        if given.is_some_and(|given| bool::from(given.as_bytes().ct_eq(token.as_bytes()))) {
            return Ok(());
        }
        let message = "the API token is missing or wrong; send it as `Authorization: Bearer …`";
        Err(ErrorResponse::new(StatusCode::UNAUTHORIZED, "unauthorized", message))
    }
}

/// The host that a request is for (RFC 9112, 3.2): named once, and the same in both places.
fn one_host<'r>(uri: &'r Uri, headers: &'r HeaderMap) -> Result<Option<&'r str>, ErrorResponse> {
    let host = text(headers, HOST.as_str());
    let authority = uri.authority().map(Authority::as_str);
    let differs =
        matches!((host, authority), (Some(host), Some(authority)) if !host.eq_ignore_ascii_case(authority));
    if differs || headers.get_all(HOST).iter().nth(1).is_some() {
        let message =
            "the request names more than one host; send one `Host` header, with the host of the URL";
        return Err(ErrorResponse::new(StatusCode::BAD_REQUEST, "bad_host", message));
    }
    Ok(host.or(authority))
}

/// Browsers say where a request comes from. Programs do not, and are welcome.
fn check_origin(host: Option<&str>, headers: &HeaderMap) -> Result<(), ErrorResponse> {
    let is_own = match text(headers, ORIGIN.as_str()) {
        None => true,
        Some(origin) => {
            let origin = origin.split_once("://").map(|(_, authority)| authority);
            origin.is_some() && origin == host
        }
    };
    let is_same_site = !matches!(text(headers, "sec-fetch-site"), Some("cross-site" | "same-site"));
    if is_own && is_same_site {
        return Ok(());
    }
    let message =
        "cross-site requests are refused; call the API from a program, or from a page of this service";
    Err(ErrorResponse::new(StatusCode::FORBIDDEN, "cross_site", message))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

/// A host without its port: `[::1]:3006` is `::1`.
fn host_name(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(rest),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    }
}
