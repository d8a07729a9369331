//! Tokens that outlive a run.

use std::fmt;

use async_trait::async_trait;

use crate::Result;

/// Keeps tokens that the other side hands out in exchange for older ones, from one run to the next. What is kept is
/// encrypted.
#[async_trait]
pub trait TokenStore: fmt::Debug + Send + Sync {
    /// The token that was kept last under a key.
    async fn token(&self, key: &str) -> Result<Option<String>>;

    /// Keeps a token; it must not be lost once this returns.
    async fn keep_token(&self, key: &str, token: &str) -> Result<()>;

    /// Claims the use of the token of a key, waiting for whoever has it. A claim runs out by itself, as its holder may
    /// die.
    async fn claim(&self, key: &str) -> Result<()>;

    /// Gives a claim back.
    async fn release(&self, key: &str);
}
