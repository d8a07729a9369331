//! A cache of one access token: fetched once for all requests that wait for it, and renewed before it expires or when
//! the server refuses it.

use std::sync::Arc;

use catchment_core::{Result, task_panicked};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::credential::Credential;
use super::endpoint::AccessToken;
use super::oauth::Grant;
use crate::http::connections::Connections;

/// A grant, and the token that it was last exchanged for.
pub(super) struct TokenCache {
    grant: Arc<Grant>,
    token: Mutex<Option<AccessToken>>,
}

impl TokenCache {
    pub(super) fn new(grant: Grant) -> Self {
        Self { grant: Arc::new(grant), token: Mutex::default() }
    }

    /// The name of the grant, for people.
    pub(super) fn grant_name(&self) -> &'static str {
        self.grant.name()
    }

    /// A token that has not expired and is not `refused`.
    pub(super) async fn credential(
        &self,
        connections: &Arc<Connections>,
        refused: Option<&Credential>,
    ) -> Result<Credential> {
        // Held while a token is fetched: requests side by side wait for the one.
        let mut token = self.token.lock().await;
        if let Some(AccessToken { credential, expires }) = &*token {
            let is_fresh = expires.is_none_or(|expires| Instant::now() < expires);
            if is_fresh && !refused.is_some_and(|refused| refused.is_same(credential)) {
                return Ok(credential.clone());
            }
        }
        // To its end, whatever becomes of whoever asks: a token that was replaced is of no more use.
        let (grant, connections) = (self.grant.clone(), connections.clone());
        let fetching = tokio::spawn(async move { grant.fetch(&connections).await });
        let fetched = fetching.await.map_err(|_| task_panicked())??;
        let credential = fetched.credential.clone();
        *token = Some(fetched);
        Ok(credential)
    }
}
