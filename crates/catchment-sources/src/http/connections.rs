//! The connections, and what must not be shown of what goes over them.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, OnceLock};

use catchment_core::{
    Error, ErrorKind, Host, NetworkAccess, Result, Secret, SecretAccess, cut, invalid, masked,
};
use reqwest::Url;
use reqwest::header::HeaderValue;

use super::check_address;
use super::limits::Limits;
use super::resolve::Resolver;

/// The connections, and what must not be shown of what goes over them.
pub(super) struct Wire {
    network: NetworkAccess,
    access: SecretAccess,
    limits: Limits,
    /// One for the ports that are not ours, and one for the port that is.
    clients: [OnceLock<reqwest::Client>; 2],
    /// Secrets in use, in the forms in which an answer may repeat them; the longest first.
    secrets: Mutex<Vec<Masked>>,
}

/// A text that is not shown.
struct Masked {
    text: String,
    /// It is one of authentication, and not merely the value of a parameter.
    is_credential: bool,
}

/// Shorter secrets are not masked: they would mask half of any message.
const MIN_SECRET: usize = 4;
/// The same for values of a query, most of which are none.
const MIN_QUERY_SECRET: usize = 8;
/// Bytes of the other side's words that are quoted.
const QUOTE_BYTES: usize = 500;

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

    /// Masks a secret from now on, as it is and as URLs, JSON and HTML spell it.
    pub(super) fn mask(&self, text: &str) {
        if text.len() >= MIN_SECRET {
            self.mask_spellings(text, true);
        }
    }

    /// The same for the value of a parameter, if it is long enough to be a secret.
    pub(super) fn mask_query(&self, value: &str) {
        if value.len() >= MIN_QUERY_SECRET {
            self.mask_spellings(value, false);
        }
    }

    fn mask_spellings(&self, text: &str, is_credential: bool) {
        let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let json = serde_json::Value::from(text).to_string();
        let html =
            text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let percent = form.replace('+', "%20");
        let lower = percent.to_ascii_lowercase();
        let spellings = [text, &form, &percent, &lower, json.trim_matches('"'), &html];
        let Ok(mut secrets) = self.secrets.lock() else { return };
        for spelling in spellings {
            if !secrets.iter().any(|known| known.text == spelling && known.is_credential >= is_credential) {
                secrets.push(Masked { text: spelling.to_owned(), is_credential });
            }
        }
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.text.len()));
    }

    /// Whether a text repeats a credential.
    pub(super) fn holds_credential(&self, text: &str) -> bool {
        let holds = |secrets: &Vec<Masked>| {
            secrets.iter().any(|secret| secret.is_credential && text.contains(&secret.text))
        };
        self.secrets.lock().is_ok_and(|secrets| holds(&secrets))
    }

    /// A text without the secrets in use. Everything that repeats the other side goes through here.
    pub(super) fn clean<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let Ok(secrets) = self.secrets.lock() else { return Cow::Borrowed("***") };
        secrets.iter().fold(Cow::Borrowed(text), |text, Masked { text: secret, .. }| {
            if text.contains(secret) { text.replace(secret, "***").into() } else { text }
        })
    }

    /// The beginning of words of the other side, redacted before they are cut.
    pub(super) fn quote(&self, text: &str) -> String {
        cut(self.clean(text.trim()).trim(), QUOTE_BYTES)
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
        if let Some(rustls::Error::InvalidCertificate(reason)) = find::<rustls::Error>(&error) {
            return certificate_refused(url, reason);
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
        let shown = format!("{}: {what}", masked(url.as_str()));
        let message = self.clean(&shown).into_owned();
        Error::new(ErrorKind::Network, code, message).with_source(error.without_url())
    }
}

/// Another attempt would meet the same certificate.
fn certificate_refused(url: &Url, reason: &rustls::CertificateError) -> Error {
    use rustls::CertificateError as Reason;
    let why = match reason {
        Reason::Expired | Reason::ExpiredContext { .. } => "it has expired".to_owned(),
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock of this machine right?".to_owned()
        }
        Reason::UnknownIssuer => {
            "nobody whom this machine trusts has signed it; if it is signed by an authority of yours, name that one's \
             certificates with the environment variable SSL_CERT_FILE"
                .to_owned()
        }
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            "it is for another name; use the name that it is for".to_owned()
        }
        Reason::Revoked => "it has been revoked".to_owned(),
        other => format!("{other}; have the server use one that an authority has signed for its name"),
    };
    let host = url.host_str().unwrap_or_default();
    Error::config("certificate_refused", format!("the certificate of {host} is refused: {why}"))
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
pub(super) fn find<'e, E: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e E> {
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
