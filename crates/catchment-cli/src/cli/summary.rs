//! What came of a run, for people and as JSON.

use std::time::Duration;

use catchment::{Principal, RunMode, RunStatus, StoredError, StoredSkip, SyncRun, SyncService};

use super::preview::tell_preview;
use super::rejects::{describe_gone, describe_kept, describe_skip};
use super::table::{DIM, WARN, number, say, say_findings, say_json, source_of, style};
use crate::view::{RunView, SHOWN_ERRORS};

/// Rejects, and duplicates that differ, shown after a run.
const SHOWN: u32 = 10;

/// How what came of a run is told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Telling {
    pub(super) as_json: bool,
    pub(super) is_quiet: bool,
    /// Whether what the run reads is gone with this process.
    pub(super) is_spooled: bool,
}

/// Tells what came of a run.
pub(super) async fn tell_run(
    service: &SyncService,
    who: &Principal,
    run: &SyncRun,
    elapsed: Duration,
    telling: Telling,
) -> anyhow::Result<()> {
    let Telling { as_json, is_quiet, is_spooled } = telling;
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
    tell_preview(service, who, run, is_spooled).await
}

fn print_summary(run: &SyncRun, elapsed: Duration) {
    let style = style(run.status);
    let (what, done) = match run.mode {
        RunMode::Sync | RunMode::Approve | RunMode::Release | RunMode::Replay => {
            ("Run", ["inserted", "updated", "gone"])
        }
        RunMode::Preview => ("Preview", ["to insert", "to update", "gone"]),
    };
    say!(
        "{what} {}: {style}{}{style:#} in {:.1} s, {} → {}",
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
        (done[0], counts.inserted),
        (done[1], counts.updated),
        ("unchanged", counts.unchanged),
        ("skipped", counts.skipped),
        ("failed", counts.failed),
    ] {
        say!("{name:9} {:>12}", number(count));
    }
    print_remarks(run, done[2]);
}

/// What people should know of a run beside its counts.
fn print_remarks(run: &SyncRun, gone: &str) {
    let (metadata, style) = (&run.metadata, style(run.status));
    if metadata.gone > 0 {
        say!("{:9} {:>12}", gone, number(metadata.gone));
    }
    if metadata.fields_kept > 0 {
        say!("{:9} {:>12}", "kept", describe_kept(run));
    }
    if metadata.gone_held.is_some() {
        say!("{WARN}gone{WARN:#}: {}", describe_gone(run));
    }
    if let Some(replay) = metadata.replay.as_ref().filter(|_| metadata.counts.failed > 0) {
        say!(
            "{WARN}still rejected{WARN:#}: with their new reasons in `catchment runs errors {} --open`",
            replay.run
        );
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
        say!("  {}", describe_skip(skip));
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
