//! How requests are authenticated, and how tokens are fetched, renewed and kept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use catchment_core::{Error, ErrorKind, Host, Result, Secret, TokenStore, invalid, masked};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::at;
use super::limits::soon;
use super::wire::Wire;

/// A token is renewed so long before it expires.
const MARGIN: Duration = Duration::from_secs(30);
const MAX_TOKEN_BYTES: usize = 1 << 20;

/// How the source is authenticated with. Secrets are `"text"`, `{"env": "NAME"}` or `{"file": "path"}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum AuthOptions {
    /// `Authorization: Bearer …` (RFC 6750).
    Bearer {
        /// The token.
        token: Secret,
    },
    /// `Authorization: Basic …` (RFC 7617).
    Basic {
        /// The name.
        username: String,
        /// The password.
        password: Secret,
    },
    /// A key in a header or in the query.
    ApiKey {
        /// The name of the header or of the parameter. Default `X-API-Key`.
        name: Option<String>,
        /// The key.
        #[serde(alias = "apiKey", alias = "value")]
        key: Secret,
        /// Where it is sent. Default `header`.
        #[serde(default, rename = "in", alias = "location")]
        place: KeyPlace,
    },
    /// A token of OAuth 2.0 for a client (RFC 6749, 4.4).
    Oauth2ClientCredentials {
        /// Where tokens are fetched.
        #[serde(alias = "accessTokenUrl")]
        token_url: String,
        /// The client.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
        /// What the token is for: a list, or a text with spaces between.
        scopes: Option<Scopes>,
        /// More parameters of the request for a token, such as `audience`.
        #[serde(default)]
        token_params: BTreeMap<String, String>,
        /// How the client proves itself. Default `basic`.
        #[serde(default)]
        client_authentication: ClientAuthentication,
    },
    /// Tokens of OAuth 2.0 for a refresh token (RFC 6749, 6). Where the server hands out a new refresh token with each,
    /// it is kept, encrypted, in the database.
    Oauth2RefreshToken {
        /// Where tokens are fetched.
        #[serde(alias = "accessTokenUrl")]
        token_url: String,
        /// The client.
        client_id: String,
        /// Its secret, where it has one.
        client_secret: Option<Secret>,
        /// The refresh token to begin with.
        refresh_token: Secret,
        /// What the token is for: a list, or a text with spaces between.
        scopes: Option<Scopes>,
        /// More parameters of the request for a token.
        #[serde(default)]
        token_params: BTreeMap<String, String>,
        /// How the client proves itself. Default `basic`.
        #[serde(default)]
        client_authentication: ClientAuthentication,
    },
}

/// Where a key is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// In a header.
    #[default]
    Header,
    /// In the query, as a parameter.
    Query,
}

/// How a client proves itself to the token endpoint (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By HTTP Basic.
    #[default]
    Basic,
    /// By `client_id` and `client_secret` in the body.
    Body,
}

/// What a token is for.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Scopes {
    /// With spaces between.
    Text(String),
    /// One by one.
    List(Vec<String>),
}

impl Scopes {
    fn joined(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::List(list) => list.join(" "),
        }
    }
}

/// What is added to a request.
#[derive(Clone)]
pub(super) enum Credential {
    None,
    Header(HeaderName, HeaderValue),
    Query { name: String, value: String },
}

impl Credential {
    pub(super) fn apply(&self, url: &mut Url, headers: &mut HeaderMap) {
        match self {
            Self::None => {}
            Self::Header(name, value) => {
                headers.insert(name, value.clone());
            }
            Self::Query { name, value } => {
                strip(name, url);
                url.query_pairs_mut().append_pair(name, value);
            }
        }
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Header(name, value), Self::Header(other_name, other)) => {
                name == other_name && value == other
            }
            _ => false,
        }
    }
}

/// A token, and when it expires.
struct Token {
    credential: Credential,
    expires: Option<Instant>,
}

/// How to fetch tokens.
struct Grant {
    url: Url,
    client_id: String,
    client_secret: Option<Secret>,
    /// The one to begin with; none for a client's own grant.
    refresh_token: Option<Secret>,
    scopes: Option<String>,
    params: BTreeMap<String, String>,
    proof: ClientAuthentication,
    tokens: Option<Arc<dyn TokenStore>>,
}

enum Scheme {
    None,
    Bearer(Secret),
    Basic { username: String, password: Secret },
    Key { name: String, key: Secret, place: KeyPlace },
    Oauth { grant: Arc<Grant>, token: Mutex<Option<Token>> },
}

pub(super) struct Auth {
    scheme: Scheme,
}

impl Auth {
    /// Checks what can be checked without I/O.
    pub(super) fn new(options: Option<AuthOptions>, host: &Host) -> Result<Self> {
        let allowed = |name: &str, secret: Secret| match secret.check(&host.secrets) {
            Ok(()) => Ok(secret),
            Err(error) => Err(at(&format!("auth/{name}"), &error)),
        };
        let scheme = match options {
            None => Scheme::None,
            Some(AuthOptions::Bearer { token }) => Scheme::Bearer(allowed("token", token)?),
            Some(AuthOptions::Basic { username, password }) => {
                Scheme::Basic { username, password: allowed("password", password)? }
            }
            Some(AuthOptions::ApiKey { name, key, place }) => {
                let name = name.unwrap_or_else(|| "X-API-Key".to_owned());
                if place == KeyPlace::Header && HeaderName::try_from(name.as_str()).is_err() {
                    return Err(invalid("auth/name", "is not the name of an HTTP header"));
                }
                Scheme::Key { name, key: allowed("key", key)?, place }
            }
            Some(AuthOptions::Oauth2ClientCredentials {
                token_url,
                client_id,
                client_secret,
                scopes,
                token_params,
                client_authentication,
            }) => Scheme::oauth(Grant {
                url: token_address(&token_url)?,
                client_id,
                client_secret: Some(allowed("clientSecret", client_secret)?),
                refresh_token: None,
                scopes: scopes.as_ref().map(Scopes::joined),
                params: token_params,
                proof: client_authentication,
                tokens: None,
            }),
            Some(AuthOptions::Oauth2RefreshToken {
                token_url,
                client_id,
                client_secret,
                refresh_token,
                scopes,
                token_params,
                client_authentication,
            }) => Scheme::oauth(Grant {
                url: token_address(&token_url)?,
                client_id,
                client_secret: client_secret.map(|secret| allowed("clientSecret", secret)).transpose()?,
                refresh_token: Some(allowed("refreshToken", refresh_token)?),
                scopes: scopes.as_ref().map(Scopes::joined),
                params: token_params,
                proof: client_authentication,
                tokens: host.tokens.clone(),
            }),
        };
        Ok(Self { scheme })
    }

    pub(super) fn name(&self) -> &'static str {
        match &self.scheme {
            Scheme::None => "none",
            Scheme::Bearer(_) => "bearer",
            Scheme::Basic { .. } => "basic",
            Scheme::Key { .. } => "api_key",
            Scheme::Oauth { grant, .. } if grant.refresh_token.is_some() => "oauth2_refresh_token",
            Scheme::Oauth { .. } => "oauth2_client_credentials",
        }
    }

    /// Takes the key of the query out of an address that a server made from ours.
    pub(super) fn strip(&self, url: &mut Url) {
        if let Scheme::Key { name, place: KeyPlace::Query, .. } = &self.scheme {
            strip(name, url);
        }
    }

    /// Whether another token can be had when one is refused.
    pub(super) fn is_renewable(&self) -> bool {
        matches!(self.scheme, Scheme::Oauth { .. })
    }

    /// What is added to requests; a new one where `refused` is what the server did not take.
    pub(super) async fn credential(
        &self,
        wire: &Arc<Wire>,
        refused: Option<&Credential>,
    ) -> Result<Credential> {
        match &self.scheme {
            Scheme::None => Ok(Credential::None),
            Scheme::Bearer(token) => authorization("Bearer", &wire.reveal(token)?),
            Scheme::Basic { username, password } => {
                let pair = base64(format!("{username}:{}", wire.reveal(password)?).as_bytes());
                wire.mask(&pair);
                authorization("Basic", &pair)
            }
            Scheme::Key { name, key, place: KeyPlace::Query } => {
                let value = wire.reveal(key)?;
                let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                wire.mask(&encoded);
                Ok(Credential::Query { name: name.clone(), value })
            }
            Scheme::Key { name, key, place: KeyPlace::Header } => {
                let header = HeaderName::try_from(name.as_str())
                    .map_err(|_| invalid("auth/name", "is not the name of an HTTP header"))?;
                Ok(Credential::Header(header, header_value("", &wire.reveal(key)?)?))
            }
            Scheme::Oauth { grant, token } => {
                // Held while a token is fetched: requests side by side wait for the one.
                let mut token = token.lock().await;
                if let Some(Token { credential, expires }) = &*token {
                    let is_fresh = expires.is_none_or(|expires| Instant::now() < expires);
                    if is_fresh && !refused.is_some_and(|refused| refused.is_same(credential)) {
                        return Ok(credential.clone());
                    }
                }
                // To its end, whatever becomes of whoever asks: a token that was replaced is of no more use.
                let (grant, wire) = (grant.clone(), wire.clone());
                let fetching = tokio::spawn(async move { grant.fetch(&wire).await });
                let died = |_| {
                    Error::new(ErrorKind::System, "panic", "a task that fetches a token ended unexpectedly")
                };
                let fetched = fetching.await.map_err(died)??;
                let credential = fetched.credential.clone();
                *token = Some(fetched);
                Ok(credential)
            }
        }
    }
}

impl Scheme {
    fn oauth(grant: Grant) -> Self {
        Self::Oauth { grant: Arc::new(grant), token: Mutex::default() }
    }
}

/// What a token endpoint answers (RFC 6749, 5.1).
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: String,
    expires_in: Option<serde_json::Value>,
    refresh_token: Option<String>,
}

impl Grant {
    async fn fetch(&self, wire: &Wire) -> Result<Token> {
        let Some(first) = &self.refresh_token else {
            let grant = vec![("grant_type", "client_credentials".to_owned())];
            return self.token(wire, self.ask(wire, grant).await?);
        };
        let (store, first) = (self.store()?, wire.reveal(first)?);
        let key = [self.url.as_str(), &self.client_id, &first].join("\n");
        // A server that hands out a new token with each use revokes the old one: one process at a time uses it.
        store.claim(&key).await?;
        let answer = self.refresh(wire, store, &key, &first).await;
        store.release(&key).await;
        self.token(wire, answer?)
    }

    /// Exchanges the refresh token that counts now, and keeps the one that comes in its place.
    async fn refresh(
        &self,
        wire: &Wire,
        store: &dyn TokenStore,
        key: &str,
        first: &str,
    ) -> Result<TokenAnswer> {
        let current = async || Ok::<_, Error>(store.token(key).await?.unwrap_or_else(|| first.to_owned()));
        let mut used = current().await?;
        let answer = loop {
            wire.mask(&used);
            let grant = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", used.clone())];
            match self.ask(wire, grant).await {
                // Somebody whose claim had run out may have been faster.
                Err(error) if error.kind() == ErrorKind::Authentication => match current().await? {
                    newer if newer != used => used = newer,
                    _ => return Err(error),
                },
                result => break result?,
            }
        };
        if let Some(new) = answer.refresh_token.as_ref().filter(|new| **new != used) {
            wire.mask(new);
            store.keep_token(key, new).await?;
        }
        Ok(answer)
    }

    async fn ask<'g>(&'g self, wire: &Wire, mut form: Vec<(&'g str, String)>) -> Result<TokenAnswer> {
        if let Some(scopes) = &self.scopes {
            form.push(("scope", scopes.clone()));
        }
        self.params.values().for_each(|value| wire.mask_query(value));
        form.extend(self.params.iter().map(|(name, value)| (name.as_str(), value.clone())));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        self.prove(wire, &mut form, &mut headers)?;
        let mut request = reqwest::Request::new(Method::POST, self.url.clone());
        *request.headers_mut() = headers;
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        *request.body_mut() = Some(body.into());
        self.exchange(wire, request).await
    }

    fn token(&self, wire: &Wire, answer: TokenAnswer) -> Result<Token> {
        wire.mask(&answer.access_token);
        let lifetime = answer.expires_in.and_then(|value| match value {
            serde_json::Value::String(text) => text.trim().parse().ok(),
            value => value.as_f64(),
        });
        let lifetime = lifetime.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        Ok(Token {
            credential: authorization("Bearer", &answer.access_token)?,
            // One that lives shorter than the margin is used for half of its life.
            expires: lifetime.map(|life| soon(life.saturating_sub(MARGIN).max(life / 2))),
        })
    }

    fn prove(&self, wire: &Wire, form: &mut Vec<(&str, String)>, headers: &mut HeaderMap) -> Result<()> {
        let secret = self.client_secret.as_ref().map(|secret| wire.reveal(secret)).transpose()?;
        match (secret, self.proof) {
            (Some(secret), ClientAuthentication::Basic) => {
                let encoded =
                    |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = base64(format!("{}:{}", encoded(&self.client_id), encoded(&secret)).as_bytes());
                wire.mask(&pair);
                headers.insert(AUTHORIZATION, header_value("Basic", &pair)?);
            }
            (secret, _) => {
                form.push(("client_id", self.client_id.clone()));
                form.extend(secret.map(|secret| ("client_secret", secret)));
            }
        }
        Ok(())
    }

    async fn exchange(&self, wire: &Wire, request: reqwest::Request) -> Result<TokenAnswer> {
        let shown = masked(self.url.as_str());
        let mut response = wire.exchange(request).await.map_err(|error| error.context("fetching a token"))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| wire.failure(&self.url, error).context("fetching a token"))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_TOKEN_BYTES {
                return Err(Error::new(ErrorKind::Api, "bad_token", format!("{shown} answered without end")));
            }
        }
        if !status.is_success() {
            let quote = wire.quote(&String::from_utf8_lossy(&body));
            let error = super::answer_error(&self.url, status, &headers, quote.clone());
            // 400 is what a refused grant is told by (RFC 6749, 5.2).
            return Err(match error.kind() {
                ErrorKind::Api => {
                    Error::new(ErrorKind::Authentication, "token_refused", error.message()).with_quote(quote)
                }
                _ => error,
            }
            .context("fetching a token"));
        }
        serde_json::from_slice(&body).map_err(|error| {
            // What serde says of it may repeat the token itself.
            let (line, column) = (error.line(), error.column());
            let message = format!(
                "{shown} answered {status} without a text `access_token` in a JSON object (line {line}, column {column})"
            );
            Error::new(ErrorKind::Authentication, "bad_token", message)
        })
    }

    /// Where new refresh tokens are kept.
    fn store(&self) -> Result<&dyn TokenStore> {
        self.tokens.as_deref().ok_or_else(|| {
            Error::config(
                "no_token_store",
                "a refresh token may be replaced by a new one when it is used, which must then be kept in the \
                 database; use `catchment check` or `sync`, which have one",
            )
        })
    }
}

fn strip(name: &str, url: &mut Url) {
    if url.query_pairs().all(|(key, _)| key != *name) {
        return;
    }
    let rest: Vec<_> = url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    url.set_query(None);
    if !rest.is_empty() {
        url.query_pairs_mut().extend_pairs(rest);
    }
}

fn token_address(text: &str) -> Result<Url> {
    let is_fine = |url: &Url| matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    Url::parse(text)
        .ok()
        .filter(is_fine)
        .ok_or_else(|| invalid("auth/tokenUrl", "must be an http or https address without a name in it"))
}

fn authorization(scheme: &str, text: &str) -> Result<Credential> {
    Ok(Credential::Header(AUTHORIZATION, header_value(scheme, text)?))
}

fn header_value(scheme: &str, text: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(format!("{scheme} {text}").trim_start())
        .map_err(|_| invalid("auth", "a secret holds characters that no header can, such as a line end"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
