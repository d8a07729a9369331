//! Authentication: bearer tokens, HTTP Basic, API keys, and OAuth 2.0.

mod code;
mod credential;
mod endpoint;
mod oauth;
mod options;
mod scheme;
mod service_account;
mod token;

pub(crate) use code::{CodeGrant, exchange_code};
pub(super) use credential::Credential;
pub use options::{AuthOptions, ClientAuthentication, KeyLocation, Scopes};
pub(super) use scheme::Auth;
pub(crate) use service_account::account_of;
