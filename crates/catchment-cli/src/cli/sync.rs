//! `catchment sync`: schedule, execute, watch, tell.

use std::time::{Duration, Instant};

use catchment::{
    App, Execution, Principal, RunProgress, RunStatus, StoredError, StoredSkip, SyncResult, SyncRun,
};
use catchment_core::{Error, mask_url_query};
use clap::Args;
use tokio::sync::watch;

use super::exit::{Exit, report};
use super::open::{Context, caller, unopened};
use super::progress::show;
use super::request::{SourceArgs, TargetArgs, request};
use super::signals::Signals;
use super::table::{DIM, WARN, number, say, say_findings, say_json, style};
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

    /// Print the run as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(context: &Context, mut args: SyncArgs, is_quiet: bool) -> anyhow::Result<Exit> {
    let spool = args.source.spool()?;
    if spool.is_some() && args.run.no_wait {
        let message =
            "--no-wait: standard input cannot be read again by whoever takes the run up; leave it out";
        return Err(Error::config("invalid_options", message).into());
    }
    let request = request(args.source, args.target)?;
    let (app, who) = (unopened(context)?, caller());
    let (service, began) = (app.service(), Instant::now());
    // What is wrong with the request is told before anything is made.
    service.preflight(&who, request.clone()).await?;
    app.begin().await?;
    let id = service.schedule_sync(&who, request).await?;
    let RunArgs { max_attempts, no_wait, json } = args.run;
    let execution = Execution { max_attempts, fails_fast: true, no_wait };
    let result = match watched(&app, &who, id, execution, json || is_quiet).await? {
        Ok(result) => result,
        Err(signal) => {
            let kept = match &spool {
                // It is read again from its beginning, if it can be.
                Some(_) => {
                    service.cancel(&who, id).await.ok();
                    format!("run {id} is cancelled, as standard input cannot be read again")
                }
                None => format!("run the same command again to resume run {id} after its last page"),
            };
            let message = format!("interrupted; {kept}");
            report(&Error::config("interrupted", message).into(), json);
            return Ok(signal);
        }
    };
    let run = service.run(&who, result.sync_run_id).await?;
    tell(&app, &who, &run, began.elapsed(), json, is_quiet).await?;
    app.close().await;
    Ok(match run.status {
        RunStatus::Completed if run.metadata.needs_attention() => Exit::Attention,
        RunStatus::Completed => Exit::Done,
        RunStatus::Pending | RunStatus::InProgress => Exit::Waiting,
        RunStatus::Failed | RunStatus::Cancelled => Exit::Failed,
    })
}

/// Executes the run and shows how it is getting on; or which signal interrupted it.
async fn watched(
    app: &App,
    who: &Principal,
    id: i64,
    execution: Execution,
    is_quiet: bool,
) -> anyhow::Result<Result<SyncResult, Exit>> {
    let (progress, seen) = watch::channel(RunProgress { run_id: id, ..RunProgress::default() });
    let shower = (!is_quiet).then(|| tokio::spawn(show(seen)));
    let result = interruptible(app, who, id, execution, &progress).await;
    drop(progress);
    if let Some(shower) = shower {
        shower.await?;
    }
    result
}

async fn interruptible(
    app: &App,
    who: &Principal,
    id: i64,
    execution: Execution,
    progress: &watch::Sender<RunProgress>,
) -> anyhow::Result<Result<SyncResult, Exit>> {
    let (service, mut signals) = (app.service(), Signals::new()?);
    let execution = service.execute(who, id, execution, progress);
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
        say_json(&RunView::new(run, &errors, &service.attempts(who, run.id).await?));
        return Ok(());
    }
    if is_quiet && !matches!(run.status, RunStatus::Failed | RunStatus::Cancelled) {
        return Ok(());
    }
    print_summary(run, elapsed);
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
        mask_url_query(&run.request.source_identifier),
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
