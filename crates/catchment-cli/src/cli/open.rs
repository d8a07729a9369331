//! What commands work on: the service, as whoever called the command.

use catchment::{App, Door, Principal, Settings};
use catchment_core::{Registry, Result};

/// What every command works with.
pub(super) struct Context {
    pub(super) settings: Settings,
    /// The source types of this binary.
    pub(super) registry: Registry,
}

/// The service on a database with tables. Where there are none, none are made: a name may be mistyped.
pub(super) async fn open_existing(context: &Context) -> Result<App> {
    App::open_existing(&context.settings, context.registry.clone()).await
}

/// The service, without touching the database.
pub(super) fn unopened(context: &Context) -> Result<App> {
    App::unopened(&context.settings, context.registry.clone())
}

/// Whoever called the command. They may do what they could do to the database anyway.
pub(super) fn caller() -> Principal {
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    Principal::administrator(user.unwrap_or_else(|| "the command line".to_owned()), Door::Cli)
}
