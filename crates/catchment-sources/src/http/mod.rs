//! The one HTTP client: where it connects, what it sends to whom, how long it waits, how much it takes, and what the
//! status of an answer means.
//!
//! `client` is the door: it asks `throttle` for a turn, `auth` for a credential and `origins` for what may go where,
//! sends by `connections`, repeats by `retry`, and judges by `status` and `rules`.

mod address;
mod answer;
mod auth;
mod body;
mod client;
mod connections;
mod dialect;
mod download;
mod error_chain;
mod limits;
mod origins;
mod redaction;
mod redirect;
mod request;
mod resolve;
mod retry;
mod rules;
mod secret;
mod status;
mod throttle;
mod tls;

pub(crate) use address::{check_address, source_url};
pub(crate) use answer::{Answer, Body, EndReason, Stream};
pub use auth::{AuthOptions, ClientAuthentication, KeyLocation, Scopes};
pub(crate) use auth::{CodeGrant, account_of, exchange_code};
pub(crate) use client::{Client, ClientOptions};
pub(crate) use dialect::{Dialect, Failure, Meaning};
pub(crate) use download::{Saved, save, writing};
pub(crate) use limits::HttpLimits;
pub use limits::Timeouts;
pub use origins::OtherOrigins;
pub(crate) use request::Request;
pub use rules::{ErrorAction, ErrorRule, Statuses};
pub use throttle::RateLimit;
