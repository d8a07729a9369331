//! How a run is getting on: a bar on a terminal, a line now and then elsewhere. What it waits for is told at once.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use catchment::{RunProgress, RunWait};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use super::table::number;

/// How often a line tells how far it is, where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);
/// How often the bar moves while nothing is told.
const TICK: Duration = Duration::from_millis(120);

/// The bar that is shown, so that what is logged can be written above it.
static BAR: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// Standard error, above the bar where there is one.
pub(super) struct AboveBar;

impl Write for AboveBar {
    fn write(&mut self, text: &[u8]) -> std::io::Result<usize> {
        let write = || std::io::stderr().write_all(text).map(|()| text.len());
        match BAR.lock().ok().and_then(|bar| bar.clone()) {
            Some(bar) => bar.suspend(write),
            None => write(),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}

/// Shows progress until its sender is gone; only what the run waits for where `only_waits`.
pub(super) async fn show(mut seen: watch::Receiver<RunProgress>, only_waits: bool) {
    let mut shown = Shown::new(only_waits);
    while seen.changed().await.is_ok() {
        let progress = seen.borrow_and_update().clone();
        shown.update(&progress);
    }
    shown.end();
}

/// What has been shown so far.
struct Shown {
    bar: Option<ProgressBar>,
    only_waits: bool,
    began: Instant,
    last_line: Instant,
    wait: Option<RunWait>,
}

impl Shown {
    fn new(only_waits: bool) -> Self {
        let bar = (!only_waits && std::io::stderr().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style("{spinner} {wide_msg}"));
            bar.enable_steady_tick(TICK);
            bar
        });
        if let Ok(mut shared) = BAR.lock() {
            shared.clone_from(&bar);
        }
        Self { bar, only_waits, began: Instant::now(), last_line: Instant::now(), wait: None }
    }

    fn update(&mut self, progress: &RunProgress) {
        if let Some(wait) = progress.wait.as_ref().filter(|wait| self.wait.as_ref() != Some(wait)) {
            writeln!(AboveBar, "run {} waits: {}", progress.run_id, wait.reason).ok();
        }
        self.wait.clone_from(&progress.wait);
        let message = message(progress, self.began.elapsed());
        match &self.bar {
            Some(bar) => {
                if let Some(total) = progress.source.total_bytes.filter(|_| bar.length().is_none()) {
                    bar.set_length(total);
                    bar.set_style(style("{msg}  {wide_bar} {bytes}/{total_bytes}  ETA {eta}"));
                }
                bar.set_position(progress.source.bytes);
                bar.set_message(message);
            }
            None if !self.only_waits
                && progress.wait.is_none()
                && self.last_line.elapsed() >= LINE_INTERVAL =>
            {
                self.last_line = Instant::now();
                eprintln!("{message}");
            }
            None => {}
        }
    }

    fn end(self) {
        if let Ok(mut shared) = BAR.lock() {
            *shared = None;
        }
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Rows and their rate; pages where the source does not say how long it is; or why nothing is done.
fn message(progress: &RunProgress, elapsed: Duration) -> String {
    if let Some(RunWait { reason, until }) = &progress.wait {
        return match until {
            Some(until) => format!("waiting until {until:.0}: {reason}"),
            None => format!("waiting: {reason}"),
        };
    }
    let rows = progress.counts.total();
    let attempt =
        if progress.attempt > 1 { format!("attempt {}: ", progress.attempt) } else { String::new() };
    let rows = format!("{attempt}{} rows, {} rows/s", number(rows), rate(rows, elapsed));
    match progress.source.total_bytes {
        Some(_) => rows,
        None => format!("{} pages, {rows}, {} bytes", number(progress.pages), number(progress.source.bytes)),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn rate(rows: u64, elapsed: Duration) -> String {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
    number(rows.saturating_mul(1000) / milliseconds)
}

#[cfg(test)]
mod tests {
    use catchment::Counters;
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn a_source_of_unknown_length_tells_its_pages_and_a_wait_its_end() {
        let counts = Counters { inserted: 1500, ..Counters::default() };
        let mut progress = RunProgress { attempt: 2, counts, pages: 3, ..RunProgress::default() };
        let told = message(&progress, Duration::from_secs(1));
        assert_eq!(told, "3 pages, attempt 2: 1,500 rows, 1,500 rows/s, 0 bytes");
        let until = Some(Timestamp::UNIX_EPOCH);
        progress.wait = Some(RunWait { reason: "status 429".into(), until });
        let told = message(&progress, Duration::from_secs(1));
        assert_eq!(told, "waiting until 1970-01-01T00:00:00Z: status 429");
    }
}
