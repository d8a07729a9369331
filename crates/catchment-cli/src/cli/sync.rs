//! `catchment sync`: schedule, execute, watch, tell.

use std::time::{Duration, Instant};

use catchment::{App, Principal, RunProgress, Settings, StoredError, SyncResult, SyncRun};
use catchment_core::mask_url_query;
use clap::Args;
use tokio::sync::watch;

use super::exit::Exit;
use super::open::{caller, open};
use super::progress::show;
use super::request::{SourceArgs, TargetArgs, request};
use super::table::{DIM, WARN, number, say, say_findings, say_json, style};
use crate::view::{RunView, SHOWN_ERRORS};

/// Rejects shown after a run.
const SHOWN_REJECTS: u32 = 10;

#[derive(Args)]
pub(super) struct SyncArgs {
    #[command(flatten)]
    source: SourceArgs,

    #[command(flatten)]
    target: TargetArgs,

    /// Print the run as JSON, and nothing else
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: &Settings, args: SyncArgs) -> anyhow::Result<Exit> {
    let request = request(args.source, Some(args.target))?;
    let (app, who) = (open(settings).await?, caller());
    let (service, began) = (app.service(), Instant::now());
    let id = service.schedule_sync(&who, request).await?;
    let Some(result) = watched(&app, &who, id, args.json).await? else {
        eprintln!("interrupted; run the same command again to resume run {id} after its last page");
        return Ok(Exit::Failed);
    };
    let run = service.run(&who, result.sync_run_id).await?;
    let shown = if args.json { SHOWN_ERRORS } else { SHOWN_REJECTS };
    let errors = service.errors(&who, run.id, 0, shown).await?;
    if args.json {
        say_json(&RunView::new(&run, &errors, &service.attempts(&who, run.id).await?));
    } else {
        print_summary(&run, &errors, began.elapsed());
    }
    app.close().await;
    Ok(match (result.success, result.items_failed) {
        (false, _) => Exit::Failed,
        (true, 0) if run.metadata.warning.is_none() => Exit::Done,
        (true, _) => Exit::Rejects,
    })
}

/// Executes the run and shows how it is getting on; `None` when it was interrupted.
async fn watched(app: &App, who: &Principal, id: i64, is_quiet: bool) -> anyhow::Result<Option<SyncResult>> {
    let (progress, seen) = watch::channel(RunProgress::default());
    let shower = (!is_quiet).then(|| tokio::spawn(show(seen)));
    let result = interruptible(app, who, id, &progress).await;
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
    progress: &watch::Sender<RunProgress>,
) -> anyhow::Result<Option<SyncResult>> {
    let service = app.service();
    let execution = service.execute_watched(who, id, progress);
    tokio::pin!(execution);
    tokio::select! {
        result = &mut execution => return Ok(Some(result?)),
        signal = tokio::signal::ctrl_c() => signal?,
    }
    // The page in hand is finished first; another signal ends the process at once.
    service.shut_down();
    tokio::select! {
        result = &mut execution => Ok(result.ok()),
        _ = tokio::signal::ctrl_c() => Ok(None),
    }
}

fn print_summary(run: &SyncRun, errors: &[StoredError], elapsed: Duration) {
    let style = style(run.status);
    say!(
        "Run {}: {style}{}{style:#} in {:.1} s, {} → {}",
        run.id,
        run.status,
        elapsed.as_secs_f64(),
        mask_url_query(&run.request.source_identifier),
        run.target_table
    );
    if let Some(mapping) = &run.metadata.mapping {
        let pairs: Vec<_> = mapping.iter().map(|(target, field)| format!("{target} ← {field}")).collect();
        say!("{DIM}mapping    {}{DIM:#}", pairs.join(", "));
    }
    say_findings(&run.metadata.findings);
    let counts = run.metadata.counts;
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
    if let Some(warning) = run.metadata.effective_warning() {
        say!("{WARN}truncated{WARN:#}: {warning}");
    }
    if let Some(error) = &run.error {
        say!("{style}{}{style:#}", error.message);
    }
    let rejects: Vec<_> = errors.iter().filter(|error| error.raw.is_some()).collect();
    if !rejects.is_empty() {
        say!("{WARN}Rejects{WARN:#} ({} of {}):", rejects.len(), number(run.items_failed));
        for reject in rejects {
            say!("  {} {DIM}({}){DIM:#}", reject.message, reject.code);
        }
        say!("List all of them with: catchment runs errors {}", run.id);
    }
}
