//! `catchment cleanup`: what is old goes, after a question where somebody is there to answer it.

use std::io::{BufRead, IsTerminal};

use catchment::{App, Principal};
use clap::Args;

use super::exit::Exit;
use super::open::{Context, caller, open_existing};
use super::table::{number, say};
use crate::config::retention_days;

#[derive(Args)]
pub(super) struct CleanupArgs {
    /// Delete runs that ended longer ago than this, with their errors; failed ones not before 90 days
    #[arg(long, value_name = "DAYS", value_parser = retention_days, required_unless_present_any = ["content", "forget"])]
    runs: Option<u32>,

    /// Delete content of sources that have had no completed run for this long
    #[arg(long, value_name = "DAYS", value_parser = retention_days)]
    content: Option<u32>,

    /// Delete all content of this source, as of a file that is known by another name
    #[arg(long, value_name = "NAME")]
    forget: Option<String>,

    /// Only content of this source, as `source_identifier` in `content_index` has it
    #[arg(long, value_name = "NAME", requires = "content")]
    source: Option<String>,

    /// Show how much would be deleted, and delete nothing
    #[arg(long)]
    dry_run: bool,

    /// Delete without asking [default: ask on a terminal, and do not elsewhere]
    #[arg(long)]
    yes: bool,
}

pub(super) async fn run(context: &Context, args: CleanupArgs) -> anyhow::Result<Exit> {
    let (app, who) = (open_existing(context).await?, caller());
    let exit = if args.dry_run {
        say!("{} would be deleted", count(&app, &who, &args).await?.1);
        Exit::Done
    } else if is_asked(args.yes) && !is_confirmed(count(&app, &who, &args).await?)? {
        say!("Nothing was deleted");
        Exit::Failed
    } else {
        delete(&app, &who, &args).await?;
        Exit::Done
    };
    app.close().await;
    Ok(exit)
}

/// How much would be deleted, and that in words.
async fn count(app: &App, who: &Principal, args: &CleanupArgs) -> anyhow::Result<(u64, String)> {
    let (mut total, mut parts) = (0, Vec::new());
    if let Some(days) = args.runs {
        let runs = app.service().count_old_runs(who, days).await?;
        total += runs;
        parts.push(format!("{} runs", number(runs)));
    }
    if let Some(days) = args.content {
        let rows = app.content_index().count_old(who, days, args.source.as_deref()).await?;
        total += rows;
        parts.push(format!("{} rows of content_index", number(rows)));
    }
    if let Some(source) = &args.forget {
        let rows = app.content_index().count_of(who, source).await?;
        total += rows;
        parts.push(format!("{} rows of content_index, all of `{source}`", number(rows)));
    }
    Ok((total, parts.join(" and ")))
}

/// Whether there is somebody to be asked, who has not agreed in advance.
pub(super) fn is_asked(yes: bool) -> bool {
    !yes && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether somebody agrees. Nothing to delete needs nobody's consent.
pub(super) fn is_confirmed((total, what): (u64, String)) -> anyhow::Result<bool> {
    if total == 0 {
        return Ok(true);
    }
    eprint!("Delete {what}? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

async fn delete(app: &App, who: &Principal, args: &CleanupArgs) -> anyhow::Result<()> {
    if let Some(days) = args.runs {
        say!("{} runs deleted", number(app.service().cleanup(who, days).await?));
    }
    if let Some(days) = args.content {
        let rows = app.content_index().cleanup_old_of(who, days, args.source.as_deref()).await?;
        say!("{} rows of content_index deleted", number(rows));
    }
    if let Some(source) = &args.forget {
        let rows = app.content_index().forget(who, source).await?;
        say!("{} rows of content_index deleted, all of `{source}`", number(rows));
    }
    Ok(())
}
