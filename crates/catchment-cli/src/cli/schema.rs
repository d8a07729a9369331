//! `catchment schema`: the options of a type of source, as a JSON schema.

use clap::Args;

use super::exit::Exit;
use super::open::{Context, unopened};
use super::table::{say, say_json};

#[derive(Args)]
pub(super) struct SchemaArgs {
    /// Type of the source; all of them are listed without one
    #[arg(value_name = "TYPE")]
    source_type: Option<String>,
}

pub(super) fn run(context: &Context, args: &SchemaArgs) -> anyhow::Result<Exit> {
    let app = unopened(context)?;
    match &args.source_type {
        Some(source_type) => say_json(&app.service().options_schema(source_type)?),
        None => app.service().source_types().iter().for_each(|name| say!("{name}")),
    }
    Ok(Exit::Done)
}
