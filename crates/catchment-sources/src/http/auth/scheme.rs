//! The scheme that a source is authenticated with, and the credential that it yields for a request.

use std::sync::Arc;

use catchment_core::{Host, Result, Secret, invalid_option};
use reqwest::header::HeaderName;

use super::credential::{Credential, authorization, base64, header_value};
use super::endpoint::{OauthClient, TokenEndpoint};
use super::oauth::{Grant, Refresh, TokenClient};
use super::options::{AuthOptions, KeyLocation};
use super::service_account::ServiceAccount;
use super::token::TokenCache;
use crate::http::connections::Connections;
use crate::http::secret::check_secret;

/// How requests are authenticated.
pub(in crate::http) struct Auth {
    scheme: Scheme,
}

enum Scheme {
    None,
    Bearer(Secret),
    Basic { username: String, password: Secret },
    Key { name: String, key: Secret, place: KeyLocation },
    Oauth(TokenCache),
}

impl Auth {
    /// Checks what can be checked without I/O.
    pub(in crate::http) fn new(options: Option<AuthOptions>, host: &Host) -> Result<Self> {
        let scheme = options.map_or(Ok(Scheme::None), |options| Scheme::new(options, host))?;
        Ok(Self { scheme })
    }

    /// The name of the scheme, for people.
    pub(in crate::http) fn name(&self) -> &'static str {
        match &self.scheme {
            Scheme::None => "none",
            Scheme::Bearer(_) => "bearer",
            Scheme::Basic { .. } => "basic",
            Scheme::Key { .. } => "api_key",
            Scheme::Oauth(tokens) => tokens.grant_name(),
        }
    }

    /// The parameter of the query that the key is sent as, where it is sent there.
    pub(in crate::http) fn query_key(&self) -> Option<&str> {
        match &self.scheme {
            Scheme::Key { name, place: KeyLocation::Query, .. } => Some(name),
            _ => None,
        }
    }

    /// Whether another token can be had when one is refused.
    pub(in crate::http) fn is_renewable(&self) -> bool {
        matches!(self.scheme, Scheme::Oauth(_))
    }

    /// What is added to requests; a new one where `refused` is what the server did not take.
    pub(in crate::http) async fn credential(
        &self,
        connections: &Arc<Connections>,
        refused: Option<&Credential>,
    ) -> Result<Credential> {
        match &self.scheme {
            Scheme::None => Ok(Credential::None),
            Scheme::Bearer(token) => authorization("Bearer", &connections.reveal(token)?),
            Scheme::Basic { username, password } => {
                let pair = base64(format!("{username}:{}", connections.reveal(password)?).as_bytes());
                connections.redactor.mask(&pair);
                authorization("Basic", &pair)
            }
            Scheme::Key { name, key, place: KeyLocation::Query } => {
                let value = connections.reveal(key)?;
                let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
                connections.redactor.mask(&encoded);
                Ok(Credential::Query { name: name.clone(), value })
            }
            Scheme::Key { name, key, place: KeyLocation::Header } => {
                Ok(Credential::Header(header_name(name)?, header_value("", &connections.reveal(key)?)?))
            }
            Scheme::Oauth(tokens) => tokens.credential(connections, refused).await,
        }
    }
}

impl Scheme {
    fn new(options: AuthOptions, host: &Host) -> Result<Self> {
        let allowed = |name: &str, secret: Secret| {
            check_secret(&format!("auth/{name}"), &secret, host)?;
            Ok(secret)
        };
        Ok(match options {
            AuthOptions::Bearer { token } => Self::Bearer(allowed("token", token)?),
            AuthOptions::Basic { username, password } => {
                Self::Basic { username, password: allowed("password", password)? }
            }
            AuthOptions::ApiKey { name, key, place } => {
                let name = key_name(name, place)?;
                Self::Key { name, key: allowed("key", key)?, place }
            }
            AuthOptions::Oauth2ClientCredentials {
                token_url,
                client_id: id,
                client_secret,
                scopes,
                token_params,
                client_authentication: authentication,
            } => {
                let endpoint = TokenEndpoint::new(&token_url, scopes.as_ref(), token_params)?;
                let secret = Some(allowed("clientSecret", client_secret)?);
                let client = OauthClient { id, secret, authentication };
                Self::Oauth(TokenCache::new(Grant::Client(TokenClient { endpoint, client })))
            }
            AuthOptions::Oauth2RefreshToken {
                token_url,
                client_id: id,
                client_secret,
                refresh_token,
                scopes,
                token_params,
                client_authentication: authentication,
            } => {
                let endpoint = TokenEndpoint::new(&token_url, scopes.as_ref(), token_params)?;
                let secret = client_secret.map(|secret| allowed("clientSecret", secret)).transpose()?;
                let client = OauthClient { id, secret, authentication };
                let (first, store) = (allowed("refreshToken", refresh_token)?, host.tokens.clone());
                let grant = Grant::Refresh(TokenClient { endpoint, client }, Refresh { first, store });
                Self::Oauth(TokenCache::new(grant))
            }
            AuthOptions::ServiceAccount { key, scopes, subject } => {
                let key = allowed("key", key)?;
                let account = ServiceAccount { key, scopes: scopes.joined(), subject };
                Self::Oauth(TokenCache::new(Grant::ServiceAccount(account)))
            }
        })
    }
}

/// The name that a key is sent by, checked where it is that of a header.
fn key_name(name: Option<String>, place: KeyLocation) -> Result<String> {
    let name = name.unwrap_or_else(|| "X-API-Key".to_owned());
    if place == KeyLocation::Header {
        header_name(&name)?;
    }
    Ok(name)
}

fn header_name(name: &str) -> Result<HeaderName> {
    HeaderName::try_from(name)
        .map_err(|_| invalid_option("auth/name", "is not a valid name of an HTTP header"))
}
