//! `catchment runs`: the runs of the database.

use catchment::{
    App, AttemptRecord, ChangeFilter, ChangeKind, Execution, Principal, RunMode, RunStatus, StoredChange,
    SyncRun,
};
use clap::{Args, Subcommand};
use jiff::Timestamp;

use super::exit::Exit;
use super::foreground::Foreground;
use super::open::{Context, caller, open_existing};
use super::preview::{changes, describe_change};
use super::rejects::{describe_gone, describe_kept, errors, skips};
use super::replay::{Mending, Which, print_csv};
use super::signals::Signals;
use super::summary::Telling;
use super::table::{self, DIM, number, say, say_findings, say_json, source_of, style};
use crate::view::{ChangeView, ChangedView, IgnoredView, RunView, SHOWN_ERRORS};

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
        /// Only rejects that are neither replayed nor ignored
        #[arg(long)]
        open: bool,
        /// Print the open rejects as CSV, with the reason as the last column, to be mended and replayed
        #[arg(long, requires = "open")]
        csv: bool,
    },
    /// Write rejected records that are mended, through the mapping of their run
    Replay {
        /// Id of the run whose rejects they are
        id: i64,
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        mending: Mending,
    },
    /// Note that rejects do not matter
    Ignore {
        /// Id of the run whose rejects they are
        id: i64,
        #[command(flatten)]
        which: Which,
        /// Why they do not matter
        #[arg(long)]
        reason: String,
    },
    /// Print the changes that a preview found
    Changes {
        /// Id of the preview
        id: i64,
        /// Only changes of this kind
        #[arg(long, value_parser = ChangeKind::from_name)]
        kind: Option<ChangeKind>,
        /// Only changes of this column
        #[arg(long)]
        column: Option<String>,
    },
    /// Write what a preview has shown, and nothing else; it fails before it writes where the source or the rows concerned are
    /// not what they were
    Approve {
        /// Id of the preview
        id: i64,
    },
    /// Mark or delete the rows that left the source of a run, which it held as they were too many; they are looked for again
    Release {
        /// Id of the run
        id: i64,
    },
    /// Print all stored skips of a run: duplicates, and in what they differ from the record that counts
    Skips {
        /// Id of the run
        id: i64,
    },
}

pub(super) async fn run(context: &Context, args: RunsArgs, is_quiet: bool) -> anyhow::Result<Exit> {
    let (app, who) = (open_existing(context).await?, caller());
    match args.command.unwrap_or(RunsCommand::List { status: None, limit: 20 }) {
        RunsCommand::List { status, limit } => list(&app, &who, status, limit, args.json).await?,
        RunsCommand::Show { id } => show(&app, &who, id, args.json).await?,
        RunsCommand::Cancel { id } => changed(&app.service().cancel(&who, id).await?, args.json),
        RunsCommand::Retry { id } => changed(&app.service().retry(&who, id).await?, args.json),
        RunsCommand::Errors { id, csv: true, .. } => print_csv(&app, &who, id).await?,
        RunsCommand::Errors { id, open, csv: false } => errors(&app, &who, id, open, args.json).await?,
        RunsCommand::Replay { id, which, mending } => {
            let replay = mending.replay(&app, &who, id, &which).await?;
            let id = app.service().replay(&who, id, replay).await?;
            return execute(&app, &who, id, args.json, is_quiet).await;
        }
        RunsCommand::Ignore { id, which, reason } => {
            let ignored = app.service().ignore_rejects(&who, id, &which.selection(), &reason).await?;
            if args.json {
                say_json(&IgnoredView { ignored });
            } else {
                say!("{} rejects of run {id} are ignored", number(ignored));
            }
        }
        RunsCommand::Skips { id } => skips(&app, &who, id, args.json).await?,
        RunsCommand::Changes { id, kind, column } => {
            let tell = |change: &StoredChange| {
                if args.json {
                    say_json(&ChangeView::from(change));
                } else {
                    say!("{} {}", change.kind, describe_change(change));
                }
            };
            changes(app.service(), &who, id, &ChangeFilter { kind, column }, tell).await?;
        }
        RunsCommand::Approve { id } => {
            let id = app.service().approve(&who, id).await?;
            return execute(&app, &who, id, args.json, is_quiet).await;
        }
        RunsCommand::Release { id } => {
            let id = app.service().release(&who, id).await?;
            return execute(&app, &who, id, args.json, is_quiet).await;
        }
    }
    app.close().await;
    Ok(Exit::Done)
}

/// Executes a run that goes on from another one.
async fn execute(app: &App, who: &Principal, id: i64, as_json: bool, is_quiet: bool) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    let execution = Execution { fails_fast: true, ..Execution::default() };
    let telling = Telling { as_json, is_quiet, is_spooled: false };
    let foreground = Foreground { app, who, execution, telling };
    let kept =
        async |_| format!("the same command, or `catchment serve`, resumes run {id} after its last page");
    let exit = foreground.run(id, &mut signals, kept).await?;
    app.close().await;
    Ok(exit)
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
            format!(
                "{}{}{}",
                run.status,
                if run.mode == RunMode::Sync { String::new() } else { format!(", {}", run.mode) },
                if run.metadata.truncated { ", truncated" } else { "" }
            ),
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
        ("gone", describe_gone(run)),
        ("repeated", duplicates(run)),
        ("kept", describe_kept(run)),
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
