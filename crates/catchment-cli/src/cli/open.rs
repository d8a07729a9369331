//! What commands work on: the service, as whoever called the command.

use catchment::{App, Door, Principal, Settings};
use catchment_core::Result;

/// The service on a database with tables. Where there are none, none are made: a name may be mistyped.
pub(super) async fn open_existing(settings: &Settings) -> Result<App> {
    App::open_existing(settings, catchment_sources::builtin()).await
}

/// The same without touching the database.
pub(super) fn unopened(settings: &Settings) -> Result<App> {
    App::unopened(settings, catchment_sources::builtin())
}

/// Whoever called the command. They may do what they could do to the database anyway.
pub(super) fn caller() -> Principal {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    Principal::administrator(user.unwrap_or_else(|| "the command line".to_owned()), Door::Cli)
}
