//! `catchment runs`: the runs of the database.

use catchment_core::masked;
use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::Value;

use super::table::{self, DIM, number, say, style};
use super::{Exit, open};
use crate::http::{error_json, run_json};
use catchment::App;
use catchment::Settings;
use catchment::{RunStatus, SyncRun};

/// Errors that are fetched at a time.
const PART: u32 = 1000;

#[derive(Args)]
pub(super) struct RunsArgs {
    #[command(subcommand)]
    command: Option<RunsCommand>,

    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum RunsCommand {
    /// List the latest runs, the newest first
    List {
        /// Only those in this state
        #[arg(long, value_parser = RunStatus::from_name)]
        status: Option<RunStatus>,
        /// How many
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show a run with its attempts
    Show {
        /// Its id
        id: i64,
    },
    /// Call a run off: at once where it waits, at its next page where it is under way
    Cancel {
        /// Its id
        id: i64,
    },
    /// Put a failed or cancelled run back into the queue; it goes on from its last page
    Retry {
        /// Its id
        id: i64,
    },
    /// Print all stored errors of a run
    Errors {
        /// Its id
        id: i64,
    },
}

pub(super) async fn run(settings: &Settings, args: RunsArgs) -> anyhow::Result<Exit> {
    let app = open(settings).await?;
    match args.command.unwrap_or(RunsCommand::List { status: None, limit: 20 }) {
        RunsCommand::List { status, limit } => list(&app, status, limit, args.json).await?,
        RunsCommand::Show { id } => show(&app, id, args.json).await?,
        RunsCommand::Cancel { id } => say!("Run {id}: {}", app.service().cancel(id).await?.status),
        RunsCommand::Retry { id } => say!("Run {id}: {}", app.service().retry(id).await?.status),
        RunsCommand::Errors { id } => errors(&app, id, args.json).await?,
    }
    app.close().await;
    Ok(Exit::Done)
}

async fn list(app: &App, status: Option<RunStatus>, limit: u32, as_json: bool) -> anyhow::Result<()> {
    let runs = app.service().store().runs(status, limit).await?;
    if as_json {
        say!("{}", Value::from_iter(runs.iter().map(|run| run_json(run, &[], &[]))));
        return Ok(());
    }
    let row = |run: &SyncRun| {
        vec![
            run.id.to_string(),
            run.status.to_string(),
            run.target_table.clone(),
            number(run.items_processed),
            number(run.items_failed),
            number(run.items_skipped),
            time(Some(run.created_at)),
            masked(&run.request.source_identifier),
        ]
    };
    let header = ["id", "status", "target", "processed", "failed", "skipped", "created", "source"];
    table::print(&header, &runs.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

async fn show(app: &App, id: i64, as_json: bool) -> anyhow::Result<()> {
    let run = app.service().run(id).await?;
    let store = app.service().store();
    let attempts = store.attempts(id).await?;
    if as_json {
        say!("{}", run_json(&run, &store.errors(id, 0, 100).await?, &attempts));
        return Ok(());
    }
    let (style, counts) = (style(run.status), run.metadata.counts);
    say!("Run {id}: {style}{}{style:#}", run.status);
    for (name, value) in [
        ("source", format!("{} {}", run.request.source_type, masked(&run.request.source_identifier))),
        ("target", run.target_table.clone()),
        ("created", time(Some(run.created_at))),
        ("started", time(run.started_at)),
        ("completed", time(run.completed_at)),
        ("next", time(run.next_attempt_at)),
        (
            "rows",
            format!(
                "{} inserted, {} updated, {} unchanged, {} skipped, {} failed",
                number(counts.inserted),
                number(counts.updated),
                number(counts.unchanged),
                number(counts.skipped),
                number(counts.failed)
            ),
        ),
        ("waits", app.service().waits_for(&run).await?.unwrap_or_default()),
        ("warning", run.metadata.shown_warning().unwrap_or_default().to_owned()),
        ("error", run.error.map(|error| error.message).unwrap_or_default()),
    ] {
        if !value.is_empty() {
            say!("{DIM}{name:9}{DIM:#} {value}");
        }
    }
    let rows: Vec<Vec<String>> = attempts
        .into_iter()
        .map(|attempt| {
            vec![
                attempt.attempt.to_string(),
                time(Some(attempt.started_at)),
                time(attempt.ended_at),
                attempt.pages.map(number).unwrap_or_default(),
                attempt.error.map(|error| error.message).unwrap_or_default(),
            ]
        })
        .collect();
    table::print(&["attempt", "started", "ended", "pages", "error"], &rows);
    Ok(())
}

/// Each error on a line of its own, as there may be thousands.
async fn errors(app: &App, id: i64, as_json: bool) -> anyhow::Result<()> {
    let run = app.service().run(id).await?;
    let mut after = 0;
    loop {
        let errors = app.service().store().errors(id, after, PART).await?;
        let Some(last) = errors.last() else { break };
        after = last.id;
        for error in &errors {
            match as_json {
                true => say!("{}", error_json(error)),
                false => say!("{} {DIM}({}){DIM:#}", error.message, error.code),
            }
        }
    }
    let omitted = run.items_failed.saturating_sub(run.metadata.errors_stored);
    if omitted > 0 {
        eprintln!("{} more were counted and not stored (option maxStoredErrors)", number(omitted));
    }
    Ok(())
}

fn time(time: Option<Timestamp>) -> String {
    time.map(|time| format!("{time:.0}")).unwrap_or_default()
}
