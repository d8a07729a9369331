//! What commands work on: the service, as whoever called the command.

use std::time::Duration;

use catchment::{App, Door, Principal, Settings};
use catchment_core::{Registry, Result};

/// What every command works with.
pub(super) struct Context {
    pub(super) settings: Settings,
    /// The source types of this binary.
    pub(super) registry: Registry,
}

/// How long a database may take before whoever waits is told.
const SILENCE: Duration = Duration::from_secs(2);

/// Waits for work on the database, and says so where it takes its time.
pub(super) async fn patiently<T>(work: impl Future<Output = T>) -> T {
    tokio::pin!(work);
    match tokio::time::timeout(SILENCE, &mut work).await {
        Ok(done) => done,
        Err(_) => {
            eprintln!("waiting for the database");
            work.await
        }
    }
}

/// The service on a database with tables. Where there are none, none are made: a name may be mistyped.
pub(super) async fn open_existing(context: &Context) -> Result<App> {
    patiently(App::open_existing(&context.settings, context.registry.clone())).await
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
