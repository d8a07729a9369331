//! How a run is getting on: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use catchment::RunProgress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use super::table::number;

/// How often a line tells how far it is, where there is no terminal.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// Shows progress until its sender is gone.
pub(super) async fn show(mut seen: watch::Receiver<RunProgress>) {
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
