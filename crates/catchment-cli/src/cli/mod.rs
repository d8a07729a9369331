//! The command line: one file a command. Answers go to standard output, all else to standard error.

mod check;
mod cleanup;
mod exit;
mod inspect;
mod logging;
mod migrate;
mod open;
mod progress;
mod request;
mod runs;
mod schedule;
mod serve;
mod sync;
mod table;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags, ServeFlags};
use exit::{Exit, exit_of, report};
use logging::start_logging;

/// Keeps the tables of your database in step with sources outside it, every row accounted for.
///
/// Exit codes: 0 all rows applied, 1 failed, 2 wrong usage, 3 completed with rejects or with a warning.
#[derive(Parser)]
#[command(name = "catchment", version, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    flags: Flags,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve the HTTP API and work on the queue
    Serve(ServeFlags),
    /// Sync a source into its table now, and wait for the end
    Sync(sync::SyncArgs),
    /// Show what a sync would do, without writing anything
    Check(check::CheckArgs),
    /// Find out what a file or an API looks like, and print options that fit
    Inspect(inspect::InspectArgs),
    /// List runs, or show one with its errors
    Runs(runs::RunsArgs),
    /// Delete old runs, or content that is no longer seen
    Cleanup(cleanup::CleanupArgs),
    /// Show when the daily job of `serve` is due next
    Schedule(schedule::ScheduleArgs),
    /// Bring the tables of the database up to date (every command that needs them does it too)
    Migrate,
}

/// Runs the command that the process was called with.
pub fn main() -> ExitCode {
    let Cli { flags, command } = Cli::parse();
    let serve_flags = match &command {
        Command::Serve(flags) => flags.clone(),
        Command::Schedule(args) => args.serve.clone(),
        _ => ServeFlags::default(),
    };
    let exit = Config::resolve(flags, serve_flags).map_err(anyhow::Error::from).and_then(|config| {
        start_logging(config.log_format, matches!(command, Command::Serve(_)));
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let exit = runtime.block_on(run(config, command));
        // A thread that hangs in a file system does not keep the process.
        runtime.shutdown_background();
        exit
    });
    match exit {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            report(&error);
            ExitCode::from(exit_of(&error) as u8)
        }
    }
}

async fn run(config: Config, command: Command) -> anyhow::Result<Exit> {
    let settings = config.settings.clone();
    match command {
        Command::Serve(_) => serve::run(config).await,
        Command::Sync(args) => sync::run(&settings, args).await,
        Command::Check(args) => check::run(&settings, args).await,
        Command::Inspect(args) => inspect::run(&settings, args).await,
        Command::Runs(args) => runs::run(&settings, args).await,
        Command::Cleanup(args) => cleanup::run(&settings, args).await,
        Command::Schedule(args) => schedule::run(&settings, &args),
        Command::Migrate => migrate::run(&settings).await,
    }
}
