//! Token endpoints: what is asked of them, and what they answer (RFC 6749, 5).

use std::collections::BTreeMap;
use std::time::Duration;

use catchment_core::{Error, ErrorKind, Result, Secret, invalid_option, mask_url_query};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, Url};
use serde::Deserialize;
use tokio::time::Instant;

use super::credential::{Credential, authorization, base64, header_value};
use super::options::{ClientAuthentication, Scopes};
use crate::http::connections::Connections;
use crate::http::dialect::Failure;
use crate::http::limits::deadline_after;
use crate::http::status::{answer_error, clock_ahead};

/// A token is renewed so long before it expires.
const MARGIN: Duration = Duration::from_secs(30);
const MAX_TOKEN_BYTES: usize = 1 << 20;

/// An access token, and when it expires.
pub(super) struct AccessToken {
    pub(super) credential: Credential,
    pub(super) expires: Option<Instant>,
}

/// Where tokens are fetched, and what for.
pub(super) struct TokenEndpoint {
    pub(super) url: Url,
    scopes: Option<String>,
    params: BTreeMap<String, String>,
}

/// Who fetches tokens.
pub(super) struct OauthClient {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) authentication: ClientAuthentication,
}

/// What a token endpoint answers (RFC 6749, 5.1).
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    pub(super) refresh_token: Option<String>,
}

impl OauthClient {
    /// Adds the client's own credentials, to the header or to the body (RFC 6749, 2.3.1).
    fn authenticate(
        &self,
        connections: &Connections,
        form: &mut Vec<(&str, String)>,
        headers: &mut HeaderMap,
    ) -> Result<()> {
        let secret = self.secret.as_ref().map(|secret| connections.reveal(secret)).transpose()?;
        match (secret, self.authentication) {
            (Some(secret), ClientAuthentication::Basic) => {
                let encoded =
                    |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = base64(format!("{}:{}", encoded(&self.id), encoded(&secret)).as_bytes());
                connections.redactor.mask(&pair);
                headers.insert(AUTHORIZATION, header_value("Basic", &pair)?);
            }
            (secret, _) => {
                form.push(("client_id", self.id.clone()));
                form.extend(secret.map(|secret| ("client_secret", secret)));
            }
        }
        Ok(())
    }
}

impl TokenEndpoint {
    /// # Errors
    /// `config`, `invalid_options`, when `url` is not one of http or https.
    pub(super) fn new(url: &str, scopes: Option<&Scopes>, params: BTreeMap<String, String>) -> Result<Self> {
        let is_fine = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty();
        let problem = "must be an http:// or https:// URL without a user name in it";
        let url =
            Url::parse(url).ok().filter(is_fine).ok_or_else(|| invalid_option("auth/tokenUrl", problem))?;
        Ok(Self { url, scopes: scopes.map(Scopes::joined), params })
    }

    /// Asks for a token, with the credentials of a client where it takes one.
    pub(super) async fn ask(
        &self,
        connections: &Connections,
        client: Option<&OauthClient>,
        mut form: Vec<(&str, String)>,
    ) -> Result<TokenAnswer> {
        form.extend(self.scopes.iter().map(|scopes| ("scope", scopes.clone())));
        self.params.values().for_each(|value| connections.redactor.mask_query(value));
        form.extend(self.params.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(client) = client {
            client.authenticate(connections, &mut form, &mut headers)?;
        }
        let mut request = reqwest::Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = headers;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        *request.body_mut() = Some(body.into());
        let address = mask_url_query(self.url.as_str());
        self.exchange(connections, request).await.map_err(|error| {
            error.during("fetching a token").with("url", connections.redactor.clean(&address))
        })
    }

    async fn exchange(&self, connections: &Connections, request: reqwest::Request) -> Result<TokenAnswer> {
        let mut response = connections.exchange(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(connections, &mut response).await?;
        if !status.is_success() {
            let body = String::from_utf8_lossy(&body);
            let error = answer_error(&self.url, status, &headers, connections.redactor.quote(&body));
            // 400 is what a refused grant is told by (RFC 6749, 5.2).
            let error = match error.kind() {
                ErrorKind::Api => {
                    let message = error.message().to_owned();
                    error.with_meaning(ErrorKind::Authentication, "token_refused", message)
                }
                _ => error,
            };
            let failure = Failure { url: &self.url, status, body: &body, clock_ahead: clock_ahead(&headers) };
            return Err(connections.dialect.judge(&failure, error));
        }
        serde_json::from_slice(&body).map_err(|error| {
            // What serde says of it may repeat the token itself.
            let (line, column) = (error.line(), error.column());
            let message = format!(
                "{} answered {status} without a string `access_token` in a JSON object (line {line}, column \
                 {column})",
                mask_url_query(self.url.as_str())
            );
            Error::new(ErrorKind::Authentication, "bad_token", message)
        })
    }

    async fn body(&self, connections: &Connections, response: &mut Response) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        let failed = |error| connections.failure(&self.url, error);
        while let Some(chunk) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_TOKEN_BYTES {
                let message = format!(
                    "{} answered a request for a token with more than {MAX_TOKEN_BYTES} bytes",
                    mask_url_query(self.url.as_str())
                );
                return Err(Error::new(ErrorKind::Api, "bad_token", message));
            }
        }
        Ok(body)
    }
}

impl TokenAnswer {
    pub(super) fn token(self, connections: &Connections) -> Result<AccessToken> {
        connections.redactor.mask(&self.access_token);
        let lifetime = self.expires_in.and_then(|value| match value {
            serde_json::Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        });
        let lifetime = lifetime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(AccessToken {
            credential: authorization("Bearer", &self.access_token)?,
            // One that lives shorter than the margin is used for half of its life.
            expires: lifetime.map(|life| deadline_after(life.saturating_sub(MARGIN).max(life / 2))),
        })
    }
}
