//! `catchment migrate`: the tables, and nothing else.

use super::exit::Exit;
use super::open::unopened;
use super::table::say;
use catchment::Settings;

pub(super) async fn run(settings: &Settings) -> anyhow::Result<Exit> {
    let app = unopened(settings)?;
    let applied = app.migrate().await?;
    match applied.as_slice() {
        [] => say!("The tables are up to date"),
        applied => say!("Applied: {}", applied.join(", ")),
    }
    app.close().await;
    Ok(Exit::Done)
}
