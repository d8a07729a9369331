//! What commands work on: the service, as whoever called the command.

use catchment::{App, Door, Principal, Settings};
use catchment_core::Result;

/// The service on the database of the settings.
pub(super) async fn open(settings: &Settings) -> Result<App> {
    App::open(settings, catchment_sources::builtin()).await
}

/// The same, for commands that look at what is there.
pub(super) async fn open_existing(settings: &Settings) -> Result<App> {
    open(settings).await
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
