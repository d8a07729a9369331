//! `catchment sync`: schedule, execute, watch, tell.

use std::time::{Duration, Instant};

use catchment::{
    App, Execution, Principal, RunProgress, RunStatus, StoredError, StoredSkip, SyncRequest, SyncResult,
    SyncRun, SyncService, TableProposal,
};
use catchment_core::Error;
use clap::Args;
use tokio::sync::watch;

use super::exit::{Exit, exit_of_refusal, report};
use super::open::{Context, caller, patiently, unopened};
use super::progress::show;
use super::request::{SourceArgs, TargetArgs, request};
use super::signals::Signals;
use super::stdin::{STANDARD_NAME, Spool};
use super::table::{DIM, WARN, number, say, say_findings, say_json, source_of, style};
use crate::view::{RunView, SHOWN_ERRORS};

/// Rejects, and duplicates that differ, shown after a run.
const SHOWN: u32 = 10;

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

    /// Show the statement that would make the table, and make nothing
    #[arg(long, requires = "create")]
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
    let began = Instant::now();
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
        app.service().schedule_sync(&who, prepared.request).await
    });
    let id = tokio::select! {
        id = scheduled => id?,
        signal = signals.next() => return Ok(signal),
    };
    let executed = execute(&app, &who, id, &args.run, is_quiet, &mut signals).await;
    let is_over = matches!(&executed, Ok(Ok(result)) if result.status.is_ended());
    let mut kept = format!("run the same command again to resume run {id} after its last page");
    if prepared.spool.is_some() && !is_over {
        // What came in is gone with this process.
        app.service().cancel(&who, id).await.ok();
        kept = format!("run {id} is cancelled, as standard input cannot be read again");
    }
    let result = match executed? {
        Ok(result) => result,
        Err(signal) => {
            report(&Error::config("interrupted", format!("interrupted; {kept}")).into(), args.run.json);
            return Ok(signal);
        }
    };
    let run = app.service().run(&who, result.sync_run_id).await?;
    tell(&app, &who, &run, began.elapsed(), args.run.json, is_quiet).await?;
    app.close().await;
    Ok(exit_of_run(&run))
}

fn exit_of_run(run: &SyncRun) -> Exit {
    match run.status {
        RunStatus::Completed if run.metadata.needs_attention() => Exit::Attention,
        RunStatus::Completed => Exit::Done,
        RunStatus::Pending | RunStatus::InProgress => Exit::Waiting,
        RunStatus::Failed | RunStatus::Cancelled => Exit::Failed,
    }
}

/// A request that fits, and the copy of standard input that it reads, if it does.
struct PreparedSync {
    request: SyncRequest,
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
    } else if args.run.dry_run {
        say!("The table is there already; nothing would be made");
        return Ok(None);
    }
    app.service().preflight(who, request.clone()).await?;
    Ok(Some(PreparedSync { request, spool }))
}

fn show_proposal(proposal: &TableProposal, as_json: bool) {
    if as_json {
        say_json(&serde_json::json!({ "statement": proposal.statement(), "key": proposal.key() }));
    } else {
        say!("{};", proposal.statement());
    }
}

/// Executes the run and shows how it is getting on; or which signal interrupted it.
async fn execute(
    app: &App,
    who: &Principal,
    id: i64,
    args: &RunArgs,
    is_quiet: bool,
    signals: &mut Signals,
) -> anyhow::Result<Result<SyncResult, Exit>> {
    let (progress, seen) = watch::channel(RunProgress { run_id: id, ..RunProgress::default() });
    // What it waits for is told in any case.
    let shower = tokio::spawn(show(seen, is_quiet || args.json));
    let execution = Execution { max_attempts: args.max_attempts, fails_fast: true, no_wait: args.no_wait };
    let result =
        interruptible(app.service(), app.service().execute(who, id, execution, &progress), signals).await;
    drop(progress);
    shower.await?;
    result
}

async fn interruptible(
    service: &SyncService,
    execution: impl Future<Output = catchment::Result<SyncResult>>,
    signals: &mut Signals,
) -> anyhow::Result<Result<SyncResult, Exit>> {
    tokio::pin!(execution);
    let signal = tokio::select! {
        result = &mut execution => return Ok(Ok(result?)),
        signal = signals.next() => signal,
    };
    // The page in hand is finished first; another signal ends the process at once.
    service.shut_down();
    tokio::select! {
        result = &mut execution => Ok(result.map_err(|_| signal)),
        signal = signals.next() => Ok(Err(signal)),
    }
}

/// Tells what came of the run.
async fn tell(
    app: &App,
    who: &Principal,
    run: &SyncRun,
    elapsed: Duration,
    as_json: bool,
    is_quiet: bool,
) -> anyhow::Result<()> {
    let service = app.service();
    if as_json {
        let errors = service.errors(who, run.id, 0, SHOWN_ERRORS).await?;
        let view = RunView::new(run, &errors, &service.attempts(who, run.id).await?);
        say_json(&view.with_wait(service.waits_for(who, run).await?));
        return Ok(());
    }
    if is_quiet && !matches!(run.status, RunStatus::Failed | RunStatus::Cancelled) {
        return Ok(());
    }
    print_summary(run, elapsed);
    if let Some(wait) = service.waits_for(who, run).await? {
        say!("{WARN}waits{WARN:#}: {wait}; a service (`catchment serve`) or the same command takes it up");
    }
    print_duplicates(run, &service.differing_skips(who, run.id, SHOWN).await?);
    print_rejects(run, &service.errors(who, run.id, 0, SHOWN).await?);
    Ok(())
}

fn print_summary(run: &SyncRun, elapsed: Duration) {
    let style = style(run.status);
    say!(
        "Run {}: {style}{}{style:#} in {:.1} s, {} → {}",
        run.id,
        run.status,
        elapsed.as_secs_f64(),
        source_of(run),
        run.target_table
    );
    let metadata = &run.metadata;
    if let Some(mapping) = metadata.mapping.as_ref().filter(|_| !metadata.has_found("mapping")) {
        let pairs: Vec<_> = mapping.iter().map(|(target, field)| format!("{target} ← {field}")).collect();
        say!("{DIM}mapping    {}{DIM:#}", pairs.join(", "));
    }
    say_findings(&metadata.findings);
    let counts = metadata.counts;
    for (name, count) in [
        ("read", counts.total()),
        ("inserted", counts.inserted),
        ("updated", counts.updated),
        ("unchanged", counts.unchanged),
        ("skipped", counts.skipped),
        ("failed", counts.failed),
    ] {
        say!("{name:9} {:>12}", number(count));
    }
    if let Some(warning) = metadata.effective_warning() {
        let label = if metadata.truncated { "truncated" } else { "warning" };
        say!("{WARN}{label}{WARN:#}: {warning}");
    }
    if let Some(error) = &run.error {
        say!("{style}{}{style:#}", error.message);
    }
}

fn print_duplicates(run: &SyncRun, skips: &[StoredSkip]) {
    if skips.is_empty() {
        return;
    }
    let all = number(run.metadata.duplicates_differing);
    say!("{WARN}Duplicates with other values{WARN:#} ({} of {all}); the first record counts:", skips.len());
    for skip in skips {
        say!("  {}", super::runs::describe_skip(skip));
    }
    say!("List all of them with: catchment runs skips {}", run.id);
}

fn print_rejects(run: &SyncRun, errors: &[StoredError]) {
    let rejects: Vec<_> = errors.iter().filter(|error| error.raw.is_some()).collect();
    if rejects.is_empty() {
        return;
    }
    say!("{WARN}Rejects{WARN:#} ({} of {}):", rejects.len(), number(run.items_failed));
    for reject in rejects {
        say!("  {} {DIM}({}){DIM:#}", reject.message, reject.code);
    }
    say!("List all of them with: catchment runs errors {}", run.id);
}
