//! `catchment cleanup`: what is old goes.

use clap::Args;

use super::exit::Exit;
use super::open::{caller, open};
use super::table::{number, say};
use catchment::Settings;

#[derive(Args)]
#[group(required = true, multiple = true)]
pub(super) struct CleanupArgs {
    /// Delete runs that ended longer ago than this, with their errors; failed ones not before 90 days
    #[arg(long, value_name = "DAYS")]
    runs: Option<u32>,

    /// Delete content that no run has seen for this long
    #[arg(long, value_name = "DAYS")]
    content: Option<u32>,
}

pub(super) async fn run(settings: &Settings, args: CleanupArgs) -> anyhow::Result<Exit> {
    let (app, caller) = (open(settings).await?, caller());
    if let Some(days) = args.runs {
        say!("{} runs deleted", number(app.service().cleanup(&caller, days).await?));
    }
    if let Some(days) = args.content {
        say!(
            "{} rows of content_index deleted",
            number(app.content_index().cleanup_old(&caller, days).await?)
        );
    }
    app.close().await;
    Ok(Exit::Done)
}
