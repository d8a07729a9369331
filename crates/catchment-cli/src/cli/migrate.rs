//! `catchment migrate`: the tables, and nothing else.

use super::exit::Exit;
use super::open::{Context, unopened};
use super::table::say;

pub(super) async fn run(context: &Context) -> anyhow::Result<Exit> {
    let app = unopened(context)?;
    let applied = app.migrate().await?;
    match applied.as_slice() {
        [] => say!("The tables are up to date"),
        applied => say!("Applied: {}", applied.join(", ")),
    }
    app.close().await;
    Ok(Exit::Done)
}
