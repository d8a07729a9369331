//! Authentication: bearer tokens, HTTP Basic, API keys, and OAuth 2.0.

mod credential;
mod oauth;
mod options;
mod scheme;
mod token;

pub(super) use credential::Credential;
pub use options::{AuthOptions, ClientAuthentication, KeyLocation, Scopes};
pub(super) use scheme::Auth;
