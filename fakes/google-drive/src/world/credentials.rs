//! The credentials that Google has given out, and whether they are still good.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::principal::Principal;

/// The `client_id` of the user's own client.
pub(crate) const CLIENT_ID: &str = "123456789012-fakeclient.apps.googleusercontent.com";
pub(crate) const CLIENT_SECRET: &str = "GOCSPX-fake-client-secret";
/// The refresh token that the user has from the start.
pub(crate) const REFRESH_TOKEN: &str = "1//0fake-refresh-token-of-ada";

/// Whom a request is from, and what it may do.
#[derive(Debug, Clone)]
pub(crate) struct AccessToken {
    pub(crate) principal: Principal,
    pub(crate) scopes: Vec<String>,
    /// `None`: as many as it lives.
    pub(crate) requests_left: Option<u32>,
    /// By the clock of the fake.
    pub(crate) expires: Timestamp,
}

/// A code that the browser brings back from the consent screen.
#[derive(Debug, Clone)]
pub(crate) struct LoginCode {
    /// `code_challenge`, of method S256.
    pub(crate) challenge: String,
    pub(crate) redirect_uri: String,
}

#[derive(Debug)]
pub(crate) struct Credentials {
    access: BTreeMap<String, AccessToken>,
    codes: BTreeMap<String, LoginCode>,
    refresh: BTreeSet<String>,
    /// The `scope` of each request for a token that had one.
    pub(crate) asked_scopes: Vec<String>,
}

impl Credentials {
    pub(crate) fn new() -> Self {
        Self {
            access: BTreeMap::new(),
            codes: BTreeMap::new(),
            refresh: BTreeSet::from([REFRESH_TOKEN.to_owned()]),
            asked_scopes: Vec::new(),
        }
    }

    pub(crate) fn grant(&mut self, token: String, access: AccessToken) {
        self.access.insert(token, access);
    }

    /// Uses a token for one request; `None` where it is unknown, expired or used up.
    pub(crate) fn spend(&mut self, token: &str, now: Timestamp) -> Option<AccessToken> {
        let access = self.access.get_mut(token).filter(|access| access.expires > now)?;
        if let Some(left) = &mut access.requests_left {
            *left = left.checked_sub(1)?;
        }
        Some(access.clone())
    }

    /// Ends all access tokens, as `expires_in` did not say.
    pub(crate) fn end_access(&mut self) {
        self.access.clear();
    }

    pub(crate) fn add_code(&mut self, code: String, login: LoginCode) {
        self.codes.insert(code, login);
    }

    /// A code is good once.
    pub(crate) fn take_code(&mut self, code: &str) -> Option<LoginCode> {
        self.codes.remove(code)
    }

    pub(crate) fn add_refresh(&mut self, token: String) {
        self.refresh.insert(token);
    }

    pub(crate) fn revoke_refresh(&mut self) {
        self.refresh.clear();
    }

    pub(crate) fn is_refresh_good(&self, token: &str) -> bool {
        self.refresh.contains(token)
    }
}
