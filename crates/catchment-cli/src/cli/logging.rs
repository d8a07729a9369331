//! Logs, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use super::progress::AboveBar;
use crate::config::LogFormat;

/// Starts logging: all that `serve` does, and warnings of the other commands, which tell the end of a run
/// themselves.
pub(super) fn start_logging(format: LogFormat, is_service: bool, verbose: u8) {
    let level = match (is_service, verbose) {
        (false, 0) => "warn",
        (true, 0) | (false, 1) => "info",
        (true, 1) | (false, 2) => "debug",
        _ => "trace",
    };
    // What the other commands tell themselves.
    let told = if is_service {
        ""
    } else {
        ",catchment::end=off,catchment::wait=off,catchment::found=off,catchment::outage=off"
    };
    let default = format!("{level},sqlx=off,rustls_platform_verifier=off,lofty=off{told}");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| AboveBar);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => {
            let has_colour = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            builder.with_ansi(has_colour).init();
        }
    }
}
