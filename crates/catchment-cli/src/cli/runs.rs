//! `catchment runs`: the runs of the database.

use catchment::{App, AttemptRecord, Principal, RunStatus, Settings, SyncRun};
use catchment_core::mask_url_query;
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::exit::Exit;
use super::open::{caller, open};
use super::table::{self, DIM, number, say, say_findings, say_json, style};
use crate::view::{ErrorView, RunView, SHOWN_ERRORS, omitted_errors};

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
        /// Only runs with this status
        #[arg(long, value_parser = RunStatus::from_name)]
        status: Option<RunStatus>,
        /// How many runs to list
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Show a run with its attempts
    Show {
        /// Id of the run
        id: i64,
    },
    /// Cancel a run: at once if it is waiting, after its current page if it is in progress
    Cancel {
        /// Id of the run
        id: i64,
    },
    /// Put a failed or cancelled run back into the queue; it resumes after its last page
    Retry {
        /// Id of the run
        id: i64,
    },
    /// Print all stored errors of a run
    Errors {
        /// Id of the run
        id: i64,
    },
}

pub(super) async fn run(settings: &Settings, args: RunsArgs) -> anyhow::Result<Exit> {
    let (app, who) = (open(settings).await?, caller());
    match args.command.unwrap_or(RunsCommand::List { status: None, limit: 20 }) {
        RunsCommand::List { status, limit } => list(&app, &who, status, limit, args.json).await?,
        RunsCommand::Show { id } => show(&app, &who, id, args.json).await?,
        RunsCommand::Cancel { id } => say!("Run {id}: {}", app.service().cancel(&who, id).await?.status),
        RunsCommand::Retry { id } => say!("Run {id}: {}", app.service().retry(&who, id).await?.status),
        RunsCommand::Errors { id } => errors(&app, &who, id, args.json).await?,
    }
    app.close().await;
    Ok(Exit::Done)
}

async fn list(
    app: &App,
    who: &Principal,
    status: Option<RunStatus>,
    limit: u32,
    as_json: bool,
) -> anyhow::Result<()> {
    let runs = app.service().runs(who, status, limit).await?;
    if as_json {
        say_json(&runs.iter().map(|run| RunView::new(run, &[], &[])).collect::<Vec<_>>());
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
            mask_url_query(&run.request.source_identifier),
        ]
    };
    let header = ["id", "status", "target", "processed", "failed", "skipped", "created", "source"];
    table::print(&header, &runs.iter().map(row).collect::<Vec<_>>());
    Ok(())
}

async fn show(app: &App, who: &Principal, id: i64, as_json: bool) -> anyhow::Result<()> {
    let service = app.service();
    let run = service.run(who, id).await?;
    let attempts = service.attempts(who, id).await?;
    let waits_for = service.waits_for(who, &run).await?;
    if as_json {
        let errors = service.errors(who, id, 0, SHOWN_ERRORS).await?;
        say_json(&RunView::new(&run, &errors, &attempts).with_wait(waits_for));
    } else {
        print(&run, waits_for, attempts);
    }
    Ok(())
}

fn print(run: &SyncRun, waits_for: Option<String>, attempts: Vec<AttemptRecord>) {
    let (style, counts) = (style(run.status), run.metadata.counts);
    say!("Run {}: {style}{}{style:#}", run.id, run.status);
    let rows = format!(
        "{} inserted, {} updated, {} unchanged, {} skipped, {} failed",
        number(counts.inserted),
        number(counts.updated),
        number(counts.unchanged),
        number(counts.skipped),
        number(counts.failed)
    );
    let request = &run.request;
    for (name, value) in [
        ("source", format!("{} {}", request.source_type, mask_url_query(&request.source_identifier))),
        ("target", run.target_table.clone()),
        ("created", time(Some(run.created_at))),
        ("started", time(run.started_at)),
        ("completed", time(run.completed_at)),
        ("next", time(run.next_attempt_at)),
        ("rows", rows),
        ("waits", waits_for.unwrap_or_default()),
        ("warning", run.metadata.effective_warning().unwrap_or_default().to_owned()),
        ("error", run.error.as_ref().map(|error| error.message.clone()).unwrap_or_default()),
    ] {
        if !value.is_empty() {
            say!("{DIM}{name:9}{DIM:#} {value}");
        }
    }
    say_findings(&run.metadata.findings);
    let rows: Vec<Vec<String>> = attempts.into_iter().map(attempt_row).collect();
    table::print(&["attempt", "started", "ended", "pages", "error"], &rows);
}

fn attempt_row(attempt: AttemptRecord) -> Vec<String> {
    vec![
        attempt.attempt.to_string(),
        time(Some(attempt.started_at)),
        time(attempt.ended_at),
        attempt.pages.map(number).unwrap_or_default(),
        attempt.error.map(|error| error.message).unwrap_or_default(),
    ]
}

/// Each error on a line of its own, as there may be thousands.
async fn errors(app: &App, who: &Principal, id: i64, as_json: bool) -> anyhow::Result<()> {
    let run = app.service().run(who, id).await?;
    let mut after = 0;
    loop {
        let errors = app.service().errors(who, id, after, PART).await?;
        let Some(last) = errors.last() else { break };
        after = last.id;
        for error in &errors {
            if as_json {
                say_json(&ErrorView::from(error));
            } else {
                say!("{} {DIM}({}){DIM:#}", error.message, error.code);
            }
        }
    }
    let omitted = omitted_errors(&run);
    if omitted > 0 {
        eprintln!(
            "{} more rejects were counted, but not stored; raise the option `maxStoredErrors` to store more",
            number(omitted)
        );
    }
    Ok(())
}

fn time(time: Option<Timestamp>) -> String {
    time.map(|time| format!("{time:.0}")).unwrap_or_default()
}
