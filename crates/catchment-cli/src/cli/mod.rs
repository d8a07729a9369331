//! The command line: one file a command. Answers go to standard output, all else to standard error.

mod check;
mod cleanup;
mod inspect;
mod migrate;
mod request;
mod runs;
mod schedule;
mod serve;
mod sync;
mod table;

use std::process::ExitCode;

use catchment_core::{Error, ErrorKind};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use catchment::App;
use catchment::Settings;

use crate::config::{Config, Flags, LogFormat, ServeFlags};
use catchment::Door;

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
    /// Tell what a sync would do, without writing anything
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

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All went well.
    Done = 0,
    /// The command or the run failed.
    Failed = 1,
    /// The command was called in a wrong way.
    Usage = 2,
    /// The run is completed, and some records were rejected, or it cannot be sure to have seen all.
    Rejects = 3,
}

/// Runs the command that the process was called with.
pub(crate) fn main() -> ExitCode {
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

/// Tells an error. Ours say all in their message; others keep the reason behind it.
fn report(error: &anyhow::Error) {
    let message = match error.downcast_ref::<Error>() {
        Some(error) => error.full_message(),
        None => format!("{error:#}"),
    };
    anstream::eprintln!("{}error:{:#} {message}", table::BAD, table::BAD);
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

async fn open(settings: &Settings) -> catchment_core::Result<App> {
    App::open(settings, catchment_sources::builtin(), Door::Cli).await
}

/// Which exit code an error has: what was asked for wrongly is usage.
fn exit_of(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<Error>() {
        Some(error) if error.kind() == ErrorKind::Config => Exit::Usage,
        _ => Exit::Failed,
    }
}

/// Logs go to standard error: all that `serve` does, and warnings of the other commands, which tell the end of a run
/// themselves.
fn start_logging(format: LogFormat, is_service: bool) {
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
            use std::io::IsTerminal;
            let has_colour = std::io::stderr().is_terminal()
                && std::env::var_os("NO_COLOR").is_none_or(|no| no.is_empty());
            builder.with_ansi(has_colour).init();
        }
    }
}
