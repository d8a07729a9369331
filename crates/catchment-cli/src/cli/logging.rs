//! Logs, on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Starts logging: all that `serve` does, and warnings of the other commands, which tell the end of a run
/// themselves.
pub(super) fn start_logging(format: LogFormat, is_service: bool) {
    let default = if is_service {
        "info,sqlx=off,rustls_platform_verifier=off"
    } else {
        "warn,sqlx=off,rustls_platform_verifier=off,catchment::end=off"
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => {
            let has_colour = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            builder.with_ansi(has_colour).init();
        }
    }
}
