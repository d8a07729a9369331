//! `catchment migrate`: the tables, and nothing else.

use super::Exit;
use super::table::say;
use catchment::Settings;
use catchment::Store;

pub(super) async fn run(settings: &Settings) -> anyhow::Result<Exit> {
    let store = Store::open(&settings.database_url, settings.connections())?;
    let applied = store.migrate().await?;
    match applied.as_slice() {
        [] => say!("The tables are up to date."),
        applied => say!("Applied: {}", applied.join(", ")),
    }
    store.close().await;
    Ok(Exit::Done)
}
