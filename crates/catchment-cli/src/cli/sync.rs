//! `catchment sync`: schedule, execute, watch, tell.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use catchment_core::masked;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use super::request::{SourceArgs, TargetArgs, request};
use super::table::{DIM, WARN, number, say, style};
use super::{Exit, open};
use crate::http::run_json;
use catchment::App;
use catchment::RunProgress;
use catchment::Settings;
use catchment::StoredError;
use catchment::{SyncResult, SyncRun};

/// Rejects shown after a run.
const SHOWN_REJECTS: u32 = 10;
/// How often a line tells how far it is, where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

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
    let app = open(settings).await?;
    let began = Instant::now();
    let id = app.service().schedule_sync(request).await?;
    let result = watched(&app, id, args.json).await?;
    let Some(result) = result else {
        eprintln!("interrupted; the same command goes on with run {id} from its last page");
        return Ok(Exit::Failed);
    };
    let store = app.service().store();
    let run = app.service().run(result.sync_run_id).await?;
    let errors = store.errors(run.id, 0, if args.json { 100 } else { SHOWN_REJECTS }).await?;
    if args.json {
        say!("{}", run_json(&run, &errors, &store.attempts(run.id).await?));
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
async fn watched(app: &App, id: i64, is_quiet: bool) -> anyhow::Result<Option<SyncResult>> {
    let (progress, seen) = watch::channel(RunProgress::default());
    let shower = (!is_quiet).then(|| tokio::spawn(show(seen)));
    let result = interruptible(app, id, &progress).await;
    drop(progress);
    if let Some(shower) = shower {
        shower.await?;
    }
    result
}

async fn interruptible(
    app: &App,
    id: i64,
    progress: &watch::Sender<RunProgress>,
) -> anyhow::Result<Option<SyncResult>> {
    let service = app.service();
    let execution = service.execute_watched(id, progress);
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

/// A bar on a terminal, a line now and then elsewhere.
async fn show(mut seen: watch::Receiver<RunProgress>) {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let is_terminal = std::io::stderr().is_terminal();
    let began = Instant::now();
    let mut last_line = began;
    while seen.changed().await.is_ok() {
        let RunProgress { counts, source } = *seen.borrow_and_update();
        let rows = counts.total();
        let per_second = rate(rows, began.elapsed());
        if is_terminal {
            if let Some(total) = source.total_bytes.filter(|_| bar.length().is_none()) {
                bar.set_length(total);
                bar.set_style(bar_style());
            }
            bar.set_position(source.bytes);
            bar.set_message(format!("{} rows, {per_second} rows/s", number(rows)));
        } else if last_line.elapsed() >= LINE_INTERVAL {
            last_line = Instant::now();
            eprintln!("{} rows, {per_second} rows/s, {} bytes read", number(rows), number(source.bytes));
        }
    }
    bar.finish_and_clear();
}

fn bar_style() -> ProgressStyle {
    let template = "{bar:30} {bytes}/{total_bytes}  {msg}  ETA {eta}";
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn rate(rows: u64, elapsed: Duration) -> String {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    number(rows.saturating_mul(1000) / milliseconds)
}

fn print_summary(run: &SyncRun, errors: &[StoredError], elapsed: Duration) {
    let style = style(run.status);
    say!(
        "Run {}: {style}{}{style:#} in {:.1} s, {} → {}",
        run.id,
        run.status,
        elapsed.as_secs_f64(),
        masked(&run.request.source_identifier),
        run.target_table
    );
    if let Some(mapping) = &run.metadata.mapping {
        let pairs: Vec<_> = mapping.iter().map(|(target, field)| format!("{target} ← {field}")).collect();
        say!("{DIM}mapping    {}{DIM:#}", pairs.join(", "));
    }
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
    if let Some(warning) = run.metadata.shown_warning() {
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
        say!("All of them: catchment runs errors {}", run.id);
    }
}
