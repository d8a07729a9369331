//! How much a command tells.

use clap::Args;

/// The flags that say how much is told.
#[derive(Debug, Clone, Copy, Args)]
pub(super) struct Verbosity {
    /// Show no progress, and no summary of a run that did not fail
    #[arg(short, long, global = true)]
    pub(super) quiet: bool,

    /// Log more; twice for still more. RUST_LOG says it exactly
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}
