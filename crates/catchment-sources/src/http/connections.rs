//! Connection pools: one request and the head of its response, to addresses that the operator allows and no others.

use std::io;
use std::sync::{Arc, OnceLock};

use catchment_core::{
    Error, ErrorKind, Host, NetworkAccess, Result, Secret, SecretAccess, invalid_option, mask_url_query,
};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::address::check_address;
use super::dialect::Dialect;
use super::error_chain::{find, root_cause};
use super::limits::HttpLimits;
use super::redaction::Redactor;
use super::resolve::DnsResolver;
use super::tls::{certificate_refused, client_config};

/// The pools of connections, and the secrets that are sent over them, which are masked in what is quoted of answers.
pub(super) struct Connections {
    network: NetworkAccess,
    access: SecretAccess,
    limits: HttpLimits,
    pub(super) dialect: Dialect,
    /// One for the ports that are not ours, and one for the port that is.
    clients: [OnceLock<reqwest::Client>; 2],
    pub(super) redactor: Redactor,
}

impl Connections {
    pub(super) fn new(host: &Host, limits: HttpLimits, dialect: Dialect) -> Self {
        Self {
            network: host.network.clone(),
            access: host.secrets.clone(),
            limits,
            dialect,
            clients: Default::default(),
            redactor: Redactor::default(),
        }
    }

    /// The text of a secret, which is masked from now on.
    pub(super) fn reveal(&self, secret: &Secret) -> Result<String> {
        let text = secret.resolve(&self.access)?;
        self.redactor.mask(&text);
        Ok(text)
    }

    /// A header whose value is a secret.
    pub(super) fn header(&self, name: &str, secret: &Secret) -> Result<HeaderValue> {
        let text = self.reveal(secret)?;
        let mut value = HeaderValue::from_str(&text).map_err(|_| {
            invalid_option(
                &format!("headers/{name}"),
                "has characters that a header cannot have, such as a line break",
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }

    /// One request and the head of its response, if its address is allowed.
    pub(super) async fn exchange(&self, request: reqwest::Request) -> Result<reqwest::Response> {
        let url = request.url().clone();
        check_address(&url, &self.network)?;
        let client = self.client(&url)?;
        client.execute(request).await.map_err(|error| self.failure(&url, error))
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client> {
        let is_own_port = url.port_or_known_default().is_some_and(|port| self.network.is_own_port(port));
        let slot = &self.clients[usize::from(is_own_port)];
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let port = url.port_or_known_default().unwrap_or_default();
        let client = self
            .limits
            .apply(reqwest::Client::builder())
            .tls_backend_preconfigured(client_config()?)
            // Redirects and proxies would go around the policy.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(DnsResolver::new(self.network.clone(), port)))
            .build()
            .map_err(|error| {
                let message = format!("setting up the HTTP client: {}", root_cause(&error));
                Error::new(ErrorKind::System, "http_client", message).with_source(error)
            })?;
        Ok(slot.get_or_init(|| client))
    }

    /// The kind of error that a request failed with, short of an answer: timeout, TLS, connect or broken off.
    pub(super) fn failure(&self, url: &Url, error: reqwest::Error) -> Error {
        if let Some(refusal) = find::<Error>(&error) {
            return Error::new(refusal.kind(), refusal.code().to_owned(), refusal.message())
                .during(url.host_str().unwrap_or_default());
        }
        if let Some(rustls::Error::InvalidCertificate(reason)) = find::<rustls::Error>(&error) {
            return certificate_refused(url, reason);
        }
        let (code, what) = if error.is_timeout() {
            ("timeout", format!("no answer in time ({})", self.limits.shown()))
        } else if find::<rustls::Error>(&error).is_some() {
            ("tls", root_cause(&error))
        } else if find::<io::Error>(&error).is_some_and(|it| it.kind() == io::ErrorKind::ConnectionRefused) {
            let why = "the connection was refused: nothing listens there; check the address and the port";
            ("connection_refused", why.to_owned())
        } else if error.is_connect() {
            ("connect", root_cause(&error))
        } else {
            ("broken_off", root_cause(&error))
        };
        let shown = format!("{}: {what}", mask_url_query(url.as_str()));
        let message = self.redactor.clean(&shown).into_owned();
        Error::new(ErrorKind::Network, code, message).with_source(error.without_url())
    }
}
