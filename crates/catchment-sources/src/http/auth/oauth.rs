//! OAuth 2.0: grants are exchanged for access tokens (RFC 6749), and refresh tokens that replace others are kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catchment_core::{Error, ErrorKind, Result, Secret, TokenStore, invalid_option, mask_url_query};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Response, Url};
use serde::Deserialize;
use tokio::time::Instant;

use super::credential::{Credential, authorization, base64, header_value};
use super::options::{ClientAuthentication, Scopes};
use crate::http::connections::Connections;
use crate::http::limits::deadline_after;
use crate::http::status::answer_error;

/// A token is renewed so long before it expires.
const MARGIN: Duration = Duration::from_secs(30);
const MAX_TOKEN_BYTES: usize = 1 << 20;

/// An access token, and when it expires.
pub(super) struct AccessToken {
    pub(super) credential: Credential,
    pub(super) expires: Option<Instant>,
}

/// How to fetch tokens.
pub(super) struct Grant {
    pub(super) endpoint: TokenEndpoint,
    pub(super) client: OauthClient,
    /// None for the grant of client credentials.
    pub(super) refresh: Option<Refresh>,
}

/// Where tokens are fetched, and what for.
pub(super) struct TokenEndpoint {
    url: Url,
    scopes: Option<String>,
    params: BTreeMap<String, String>,
}

/// Who fetches tokens.
pub(super) struct OauthClient {
    pub(super) id: String,
    pub(super) secret: Option<Secret>,
    pub(super) authentication: ClientAuthentication,
}

/// The grant of refresh tokens.
pub(super) struct Refresh {
    /// The token to begin with.
    pub(super) first: Secret,
    /// Where those that replace it are kept.
    pub(super) store: Option<Arc<dyn TokenStore>>,
}

/// What a token endpoint answers (RFC 6749, 5.1).
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

impl Grant {
    /// Exchanges the grant for an access token.
    pub(super) async fn fetch(&self, connections: &Connections) -> Result<AccessToken> {
        let Some(refresh) = &self.refresh else {
            let grant = vec![("grant_type", "client_credentials".to_owned())];
            return self.ask(connections, grant).await?.token(connections);
        };
        let (store, first) = (refresh.store()?, connections.reveal(&refresh.first)?);
        let key = [self.endpoint.url.as_str(), &self.client.id, &first].join("\n");
        // A server that hands out a new token with each use revokes the old one: one process at a time uses it.
        store.claim(&key).await?;
        let answer = self.refresh(connections, store, &key, &first).await;
        store.release(&key).await;
        answer?.token(connections)
    }

    /// Exchanges the refresh token that counts now, and keeps the one that comes in its place (refresh token rotation).
    async fn refresh(
        &self,
        connections: &Connections,
        store: &dyn TokenStore,
        key: &str,
        first: &str,
    ) -> Result<TokenAnswer> {
        let current = async || Ok::<_, Error>(store.token(key).await?.unwrap_or_else(|| first.to_owned()));
        let mut used = current().await?;
        let answer = loop {
            connections.redactor.mask(&used);
            let grant = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", used.clone())];
            match self.ask(connections, grant).await {
                // Somebody whose claim had run out may have been faster.
                Err(error) if error.kind() == ErrorKind::Authentication => match current().await? {
                    newer if newer != used => used = newer,
                    _ => return Err(error),
                },
                result => break result?,
            }
        };
        if let Some(new) = answer.refresh_token.as_ref().filter(|new| **new != used) {
            connections.redactor.mask(new);
            store.keep_token(key, new).await?;
        }
        Ok(answer)
    }

    async fn ask<'g>(
        &'g self,
        connections: &Connections,
        mut form: Vec<(&'g str, String)>,
    ) -> Result<TokenAnswer> {
        let TokenEndpoint { url, scopes, params } = &self.endpoint;
        if let Some(scopes) = scopes {
            form.push(("scope", scopes.clone()));
        }
        params.values().for_each(|value| connections.redactor.mask_query(value));
        form.extend(params.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.client.authenticate(connections, &mut form, &mut headers)?;
        let mut request = reqwest::Request::new(Method::POST, url.clone());
        *request.headers_mut() = headers;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        *request.body_mut() = Some(body.into());
        let answer = self.endpoint.exchange(connections, request).await;
        let address = mask_url_query(url.as_str());
        answer.map_err(|error| {
            error.during("fetching a token").with("url", connections.redactor.clean(&address))
        })
    }
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

    async fn exchange(&self, connections: &Connections, request: reqwest::Request) -> Result<TokenAnswer> {
        let mut response = connections.exchange(request).await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = self.body(connections, &mut response).await?;
        if !status.is_success() {
            let quote = connections.redactor.quote(&String::from_utf8_lossy(&body));
            let error = answer_error(&self.url, status, &headers, quote.clone());
            // 400 is what a refused grant is told by (RFC 6749, 5.2).
            return Err(match error.kind() {
                ErrorKind::Api => {
                    Error::new(ErrorKind::Authentication, "token_refused", error.message()).with_quote(quote)
                }
                _ => error,
            });
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
    fn token(self, connections: &Connections) -> Result<AccessToken> {
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

impl Refresh {
    /// Where new refresh tokens are kept.
    fn store(&self) -> Result<&dyn TokenStore> {
        self.store.as_deref().ok_or_else(|| {
            Error::config(
                "no_token_store",
                "the refresh token cannot be used here: the server may replace it, and there is no database to keep \
                 the new one in; use `catchment check` or `catchment sync`",
            )
        })
    }
}
