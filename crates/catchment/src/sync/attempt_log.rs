//! What the log says of an attempt: how it began and how it ended, with run, source, target and time as fields.

use std::time::{Duration, Instant};

use catchment_core::{log_error, mask_url_query};

use crate::run::SyncRun;
use crate::store::Verdict;

/// An attempt whose end is still to be told.
pub(super) struct AttemptLog {
    began: Instant,
    /// Without what a query may hold of secrets.
    source: String,
}

impl AttemptLog {
    /// Tells that an attempt at a run begins.
    pub(super) fn begin(run: &SyncRun) -> Self {
        let source = mask_url_query(&run.request.source_identifier);
        let (target_table, attempt, pages) = (run.target_table.as_str(), run.attempt, run.pages);
        tracing::info!(run = run.id, source, target_table, attempt, pages, "sync begins");
        Self { began: Instant::now(), source }
    }

    /// Tells how it ended.
    pub(super) fn end(&self, run: &SyncRun, verdict: &Verdict<'_>) {
        let (id, seconds) = (run.id, self.seconds());
        let (source, target_table) = (self.source.as_str(), run.target_table.as_str());
        match verdict {
            Verdict::Completed { .. } => self.completed(run),
            // Told by its caller.
            Verdict::Lost => {}
            Verdict::Released => {
                let pages = run.pages;
                tracing::info!(
                    run = id,
                    source,
                    target_table,
                    seconds,
                    pages,
                    "sync released; it resumes later"
                );
            }
            Verdict::Retry { error, delay_ms, .. } => {
                let next_attempt = in_words(*delay_ms);
                log_error!(
                    target: "catchment::end",
                    WARN,
                    error,
                    run = id,
                    source,
                    target_table,
                    seconds,
                    next_attempt,
                    "attempt failed"
                );
            }
            Verdict::Failed(error) => {
                log_error!(target: "catchment::end", ERROR, error, run = id, source, target_table, seconds, "sync failed");
            }
        }
    }

    fn completed(&self, run: &SyncRun) {
        let (counts, seconds) = (run.metadata.counts, self.seconds());
        let (source, target_table) = (self.source.as_str(), run.target_table.as_str());
        if run.metadata.truncated {
            let (processed, warning) = (counts.processed(), run.metadata.effective_warning());
            tracing::warn!(
                target: "catchment::end",
                run = run.id,
                source,
                target_table,
                seconds,
                processed,
                warning,
                "sync completed in part"
            );
            return;
        }
        tracing::info!(
            run = run.id,
            source,
            target_table,
            seconds,
            inserted = counts.inserted,
            updated = counts.updated,
            unchanged = counts.unchanged,
            skipped = counts.skipped,
            failed = counts.failed,
            "sync completed"
        );
    }

    /// How long it took, to a tenth.
    fn seconds(&self) -> f64 {
        (self.began.elapsed().as_secs_f64() * 10.0).round() / 10.0
    }
}

/// When something is to be, as people say it.
fn in_words(delay_ms: i64) -> String {
    let seconds = Duration::from_millis(u64::try_from(delay_ms).unwrap_or_default()).as_secs_f64().ceil();
    match seconds {
        ..120.0 => format!("in {seconds} s"),
        ..7200.0 => format!("in {} min", (seconds / 60.0).ceil()),
        _ => format!("in {:.1} h", seconds / 3600.0),
    }
}

/// Findings that quote values of the source, which no log does.
const QUOTING: [&str; 3] = ["encoding", "header", "decimal"];

/// Nobody may read the summary of a run of the service.
pub(super) fn log_findings(run: &SyncRun) {
    for finding in &run.metadata.findings {
        let told = if QUOTING.contains(&&*finding.topic) {
            format!("{}: see `catchment runs show {}`", finding.topic, run.id)
        } else {
            finding.to_string()
        };
        if finding.is_unsure {
            tracing::warn!(target: "catchment::found", run = run.id, "unsure: {told}");
        } else {
            tracing::info!(target: "catchment::found", run = run.id, "{told}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_attempt_is_told_in_words() {
        let told = [0, 9_100, 119_000, 270_000, 3_600_000, 9_000_000].map(in_words);
        assert_eq!(told, ["in 0 s", "in 10 s", "in 119 s", "in 5 min", "in 60 min", "in 2.5 h"]);
    }
}
