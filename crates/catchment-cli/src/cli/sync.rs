//! `catchment sync`: schedule, execute, watch, tell.

use catchment::{App, Execution, Principal, SyncRequest, TableProposal};
use catchment_core::Error;
use clap::Args;

use super::exit::{Exit, exit_of_refusal, report};
use super::foreground::Foreground;
use super::open::{Context, caller, patiently, unopened};
use super::request::{SourceArgs, TargetArgs, request};
use super::signals::Signals;
use super::stdin::{STANDARD_NAME, Spool};
use super::summary::Telling;
use super::table::{say, say_json};
use super::volumes;

#[derive(Args)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    target: TargetArgs,

    #[command(flatten)]
    run: RunArgs,
}

/// How the run is executed.
#[derive(Args)]
#[command(next_help_heading = "Run")]
struct RunArgs {
    /// Fail after so many attempts [default: 5 in a row without progress]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    max_attempts: Option<u32>,

    /// End instead of waiting for another run or for the next attempt; the run stays in the queue
    #[arg(long)]
    no_wait: bool,

    /// Make the table of --target from what the source holds, where it is not there yet
    #[arg(long, requires = "target")]
    create: bool,

    /// Show what would change, row by row, and write nothing to the table; with --create and no table yet, the statement that
    /// would make it
    #[arg(long)]
    dry_run: bool,

    /// Print the run as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(context: &Context, mut args: SyncArgs, is_quiet: bool) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    if args.source.is_standard_input() && args.run.no_wait {
        let message =
            "--no-wait: standard input cannot be read again by whoever takes the run up; leave it out";
        return Err(Error::config("invalid_options", message).into());
    }
    let (app, who) = (unopened(context)?, caller());
    // Nothing is made before what is wrong with the request is told, and a signal just ends it.
    let prepared = tokio::select! {
        prepared = prepare(&app, &who, &mut args) => match prepared {
            Ok(Some(prepared)) => prepared,
            Ok(None) => return Ok(Exit::Done),
            Err(error) => {
                report(&error, args.run.json);
                return Ok(exit_of_refusal(&error));
            }
        },
        signal = signals.next() => return Ok(signal),
    };
    let scheduled = patiently(async {
        app.begin().await?;
        if prepared.requests.iter().any(|request| request.source_type == "usb")
            && let Err(error) = volumes::note(&app, context).await
        {
            tracing::debug!(error = format!("{error:#}"), "the volumes could not be noted");
        }
        let mut ids = Vec::new();
        for request in &prepared.requests {
            ids.push(schedule(&app, &who, request, args.run.dry_run).await?);
        }
        Ok::<_, Error>(ids)
    });
    let ids = tokio::select! {
        ids = scheduled => ids?,
        signal = signals.next() => return Ok(signal),
    };
    let RunArgs { max_attempts, no_wait, json: as_json, .. } = args.run;
    let execution = Execution { max_attempts, fails_fast: true, no_wait };
    let telling = Telling { as_json, is_quiet, is_spooled: prepared.spool.is_some() };
    let foreground = Foreground { app: &app, who: &who, execution, telling };
    let exit = execute(&foreground, &ids, prepared.spool.is_some(), &mut signals).await?;
    app.close().await;
    Ok(exit)
}

/// Executes runs one after the other. The first one that did not end well says how the command ends.
async fn execute(
    foreground: &Foreground<'_>,
    ids: &[i64],
    is_spooled: bool,
    signals: &mut Signals,
) -> anyhow::Result<Exit> {
    let mut first = Exit::Done;
    for &id in ids {
        let kept = async |is_over: bool| {
            if is_spooled && !is_over {
                // What came in is gone with this process.
                foreground.app.service().cancel(foreground.who, id).await.ok();
                return format!("run {id} is cancelled, as standard input cannot be read again");
            }
            format!("run the same command again to resume run {id} after its last page")
        };
        let exit = foreground.run(id, signals, kept).await?;
        if exit.is_of_signal() {
            return Ok(exit);
        }
        if first == Exit::Done {
            first = exit;
        }
    }
    Ok(first)
}

async fn schedule(app: &App, who: &Principal, request: &SyncRequest, is_dry: bool) -> catchment::Result<i64> {
    let service = app.service();
    if is_dry {
        service.preview(who, request.clone()).await
    } else {
        service.schedule_sync(who, request.clone()).await
    }
}

/// Requests that fit: one, or one for each source that it stands for. With the copy of standard input that it reads, if it does.
struct PreparedSync {
    requests: Vec<SyncRequest>,
    spool: Option<Spool>,
}

/// Checks the request, and makes its table where that is asked for; `None` where nothing was asked for but the statement.
async fn prepare(app: &App, who: &Principal, args: &mut SyncArgs) -> anyhow::Result<Option<PreparedSync>> {
    let spool = args.source.spool().await?;
    let mut request = request(&args.source, &args.target)?;
    if spool.is_some() {
        request.options.entry("sourceName").or_insert_with(|| STANDARD_NAME.into());
    }
    if args.run.create
        && let Some(proposal) = app.service().propose_table(who, request.clone()).await?
    {
        if args.run.dry_run {
            show_proposal(&proposal, args.run.json);
            return Ok(None);
        }
        app.begin().await?;
        app.service().create_table(who, &proposal).await?;
        request = proposal.request().clone();
    }
    let requests = app.service().resolve(who, request).await?;
    for request in &requests {
        app.service().preflight(who, request.clone()).await?;
    }
    Ok(Some(PreparedSync { requests, spool }))
}

fn show_proposal(proposal: &TableProposal, as_json: bool) {
    if as_json {
        say_json(&serde_json::json!({ "statement": proposal.statement(), "key": proposal.key() }));
    } else {
        say!("{};", proposal.statement());
    }
}
