//! `catchment runs`: the runs of the database.

use catchment::{App, AttemptRecord, Principal, RunStatus, StoredSkip, SyncRun};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::exit::Exit;
use super::open::{Context, caller, open_existing};
use super::table::{self, DIM, number, say, say_findings, say_json, source_of, style};
use crate::view::{ChangedView, ErrorView, RunView, SHOWN_ERRORS, SkipView, omitted_errors, omitted_skips};

/// Errors that are fetched at a time.
const PART: u32 = 1000;

#[derive(Args)]
pub(super) struct RunsArgs {
    #[command(subcommand)]
    command: Option<RunsCommand>,

    /// Print JSON, one object a line
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
    /// Print all stored skips of a run: duplicates, and in what they differ from the record that counts
    Skips {
        /// Id of the run
        id: i64,
    },
}

pub(super) async fn run(context: &Context, args: RunsArgs) -> anyhow::Result<Exit> {
    let (app, who) = (open_existing(context).await?, caller());
    match args.command.unwrap_or(RunsCommand::List { status: None, limit: 20 }) {
        RunsCommand::List { status, limit } => list(&app, &who, status, limit, args.json).await?,
        RunsCommand::Show { id } => show(&app, &who, id, args.json).await?,
        RunsCommand::Cancel { id } => changed(&app.service().cancel(&who, id).await?, args.json),
        RunsCommand::Retry { id } => changed(&app.service().retry(&who, id).await?, args.json),
        RunsCommand::Errors { id } => errors(&app, &who, id, args.json).await?,
        RunsCommand::Skips { id } => skips(&app, &who, id, args.json).await?,
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
        for run in &runs {
            let errors = app.service().errors(who, run.id, 0, SHOWN_ERRORS).await?;
            say_json(&RunView::new(run, &errors, &app.service().attempts(who, run.id).await?));
        }
        return Ok(());
    }
    let row = |run: &SyncRun| {
        vec![
            run.id.to_string(),
            format!("{}{}", run.status, if run.metadata.truncated { ", truncated" } else { "" }),
            run.target_table.clone(),
            number(run.items_processed),
            number(run.items_failed),
            number(run.items_skipped),
            time(Some(run.created_at)),
            source_of(run),
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
    for (name, value) in [
        ("source", format!("{} {}", run.request.source_type, source_of(run))),
        ("target", run.target_table.clone()),
        ("created", time(Some(run.created_at))),
        ("started", time(run.started_at)),
        ("completed", time(run.completed_at)),
        ("next", time(run.next_attempt_at)),
        ("rows", rows),
        ("waits", waits_for.unwrap_or_default()),
        (
            if run.metadata.truncated { "truncated" } else { "warning" },
            run.metadata.effective_warning().unwrap_or_default().to_owned(),
        ),
        ("repeated", duplicates(run)),
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

/// Duplicates that differ, in words; nothing where there are none.
fn duplicates(run: &SyncRun) -> String {
    match run.metadata.duplicates_differing {
        0 => String::new(),
        count => format!("{} with other values: `catchment runs skips {}`", number(count), run.id),
    }
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
    let mut after = Some(0);
    while let Some(from) = after {
        let errors = app.service().errors(who, id, from, PART).await?;
        after = errors.last().map(|error| error.id);
        for error in &errors {
            if as_json {
                say_json(&ErrorView::from(error));
            } else {
                say!("{} {DIM}({}){DIM:#}", error.message, error.code);
            }
        }
    }
    tell_omitted(omitted_errors(&run), "rejects");
    Ok(())
}

/// Each skip on a line of its own.
async fn skips(app: &App, who: &Principal, id: i64, as_json: bool) -> anyhow::Result<()> {
    let run = app.service().run(who, id).await?;
    let mut after = Some(0);
    while let Some(from) = after {
        let skips = app.service().skips(who, id, from, PART).await?;
        after = skips.last().map(|skip| skip.id);
        for skip in &skips {
            if as_json {
                say_json(&SkipView::from(skip));
            } else {
                say!("{}", describe_skip(skip));
            }
        }
    }
    tell_omitted(omitted_skips(&run), "skips");
    Ok(())
}

fn tell_omitted(count: u64, what: &str) {
    if count > 0 {
        eprintln!(
            "{} more {what} were counted, but not stored; raise the option `maxStoredErrors` to store more",
            number(count)
        );
    }
}

/// Where a skipped record stands, what it repeats, and in what it differs.
pub(super) fn describe_skip(skip: &StoredSkip) -> String {
    let place = match (skip.line, skip.page, &skip.path) {
        (Some(line), ..) => format!("line {line}"),
        (None, Some(page), Some(path)) => format!("page {page}, {path}"),
        _ => "a record".to_owned(),
    };
    let item = skip.item.as_deref().unwrap_or_default();
    let first = skip.first.as_deref().unwrap_or("an earlier record");
    if skip.differences.is_empty() {
        return format!("{place}: `{item}` repeats an earlier record ({})", skip.reason);
    }
    let value = |value: &Option<String>| value.as_ref().map_or("NULL".to_owned(), |text| format!("`{text}`"));
    let differs: Vec<_> = skip
        .differences
        .iter()
        .map(|it| format!("{} {} there, {} here", it.column, value(&it.first), value(&it.here)))
        .collect();
    format!("{place}: `{item}` repeats {first} with other values: {}", differs.join("; "))
}

fn changed(run: &SyncRun, as_json: bool) {
    if as_json {
        say_json(&ChangedView::from(run));
    } else {
        say!("Run {}: {}", run.id, run.status);
    }
}

fn time(time: Option<Timestamp>) -> String {
    time.map(|time| format!("{time:.0}")).unwrap_or_default()
}
