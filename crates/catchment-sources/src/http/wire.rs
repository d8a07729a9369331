//! The connections, and what must not be shown of what goes over them.

use std::error::Error as StdError;
use std::sync::{Arc, Mutex, OnceLock};

use catchment_core::{Error, ErrorKind, Host, NetworkAccess, Result, Secret, SecretAccess, masked};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::limits::Limits;
use super::resolve::Resolver;
use super::{check_address, invalid};

/// The connections, and what must not be shown of what goes over them.
pub(super) struct Wire {
    network: NetworkAccess,
    access: SecretAccess,
    limits: Limits,
    /// One for the ports that are not ours, and one for the port that is.
    clients: [OnceLock<reqwest::Client>; 2],
    /// Secrets in use, in the forms in which an answer may repeat them.
    secrets: Mutex<Vec<String>>,
}

impl Wire {
    pub(super) fn new(host: &Host, limits: Limits) -> Self {
        Self {
            network: host.network.clone(),
            access: host.secrets.clone(),
            limits,
            clients: Default::default(),
            secrets: Mutex::default(),
        }
    }

    /// The text of a secret, which is masked from now on.
    pub(super) fn reveal(&self, secret: &Secret) -> Result<String> {
        let text = secret.resolve(&self.access)?;
        self.mask(&text);
        Ok(text)
    }

    pub(super) fn mask(&self, text: &str) {
        // Shorter ones would mask half of any message.
        if text.len() >= 4
            && let Ok(mut secrets) = self.secrets.lock()
            && !secrets.iter().any(|known| known == text)
        {
            secrets.push(text.to_owned());
        }
    }

    pub(super) fn clean(&self, text: &str) -> String {
        let secrets = self.secrets.lock().map(|secrets| secrets.clone()).unwrap_or_default();
        secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    pub(super) fn header(&self, name: &str, secret: &Secret) -> Result<HeaderValue> {
        let text = self.reveal(secret)?;
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| invalid(&format!("headers/{name}"), "holds characters that no header can"))?;
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
            .tls_backend_preconfigured(tls()?)
            // Redirects and proxies would go around the policy.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Resolver::new(self.network.clone(), port)))
            .build()
            .map_err(|error| {
                let message = format!("making the HTTP client: {}", deepest(&error));
                Error::new(ErrorKind::System, "http_client", message).with_source(error)
            })?;
        Ok(slot.get_or_init(|| client))
    }

    /// What a request failed with, short of an answer.
    pub(super) fn failure(&self, url: &Url, error: reqwest::Error) -> Error {
        if let Some(refusal) = find::<Error>(&error) {
            return Error::new(refusal.kind(), refusal.code().to_owned(), refusal.message())
                .context(url.host_str().unwrap_or_default());
        }
        let code = match () {
            () if error.is_timeout() => "timeout",
            () if find::<rustls::Error>(&error).is_some() => "tls",
            () if error.is_connect() => "connect",
            () => "broken_off",
        };
        let what = match code {
            "timeout" => format!("no answer in time ({})", self.limits.shown()),
            _ => deepest(&error),
        };
        let message = self.clean(&format!("{}: {what}", masked(url.as_str())));
        Error::new(ErrorKind::Network, code, message).with_source(error.without_url())
    }
}

/// Roots are the system's (and those that `SSL_CERT_FILE` names); the cryptography is ring's.
fn tls() -> Result<rustls::ClientConfig> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: rustls::Error| {
        Error::new(ErrorKind::System, "tls", format!("setting up TLS: {error}")).with_source(error)
    };
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(failed)?;
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The innermost cause that says something.
pub(super) fn deepest(error: &dyn StdError) -> String {
    let mut shown = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        shown = inner.to_string();
        cause = inner.source();
    }
    shown
}

/// A cause of a certain type.
fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<E>() {
            return Some(found);
        }
        // What was an I/O error's own is not among its sources.
        if let Some(found) = inner
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref)
            .and_then(|inner| find::<E>(inner))
        {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}
