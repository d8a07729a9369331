//! OAuth 2.0: grants are exchanged for access tokens (RFC 6749), and refresh tokens that replace others are kept.

use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Result, Secret, TokenStore};

use super::endpoint::{AccessToken, OauthClient, TokenAnswer, TokenEndpoint};
use super::service_account::{Assertion, JWT_BEARER, ServiceAccount};
use crate::http::connections::Connections;

/// What is exchanged for tokens.
pub(super) enum Grant {
    /// The client's own credentials (RFC 6749, 4.4).
    Client(TokenClient),
    /// A refresh token (RFC 6749, 6).
    Refresh(TokenClient, Refresh),
    /// A signed assertion (RFC 7523).
    ServiceAccount(ServiceAccount),
}

/// A client, and where it fetches tokens.
pub(super) struct TokenClient {
    pub(super) endpoint: TokenEndpoint,
    pub(super) client: OauthClient,
}

/// The grant of refresh tokens.
pub(super) struct Refresh {
    /// The token to begin with.
    pub(super) first: Secret,
    /// Where those that replace it are kept.
    pub(super) store: Option<Arc<dyn TokenStore>>,
}

impl Grant {
    /// Its name, for people.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Client(_) => "oauth2_client_credentials",
            Self::Refresh(..) => "oauth2_refresh_token",
            Self::ServiceAccount(_) => "service_account",
        }
    }

    /// Exchanges the grant for an access token.
    pub(super) async fn fetch(&self, connections: &Connections) -> Result<AccessToken> {
        let answer = match self {
            Self::Client(client) => {
                let grant = vec![("grant_type", "client_credentials".to_owned())];
                client.ask(connections, grant).await?
            }
            Self::Refresh(client, refresh) => client.refresh_claimed(connections, refresh).await?,
            Self::ServiceAccount(account) => {
                let Assertion { endpoint, jwt } = account.assert(connections)?;
                let form = vec![("grant_type", JWT_BEARER.to_owned()), ("assertion", jwt)];
                endpoint.ask(connections, None, form).await?
            }
        };
        answer.token(connections)
    }
}

impl TokenClient {
    /// Exchanges the refresh token: one process at a time, as a server that hands out a new one with each use revokes the old one.
    async fn refresh_claimed(&self, connections: &Connections, refresh: &Refresh) -> Result<TokenAnswer> {
        let first = connections.reveal(&refresh.first)?;
        if refresh.store.is_none() && connections.dialect.keeps_refresh_tokens {
            return self.exchange(connections, &first).await;
        }
        let store = refresh.store()?;
        let key = [self.endpoint.url.as_str(), &self.client.id, &first].join("\n");
        store.claim(&key).await?;
        let answer = self.refresh(connections, store, &key, &first).await;
        store.release(&key).await;
        answer
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
            match self.exchange(connections, &used).await {
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

    /// Exchanges a refresh token for an access token.
    async fn exchange(&self, connections: &Connections, token: &str) -> Result<TokenAnswer> {
        connections.redactor.mask(token);
        let grant = vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token.to_owned())];
        self.ask(connections, grant).await
    }

    async fn ask(&self, connections: &Connections, form: Vec<(&'static str, String)>) -> Result<TokenAnswer> {
        self.endpoint.ask(connections, Some(&self.client), form).await
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
