//! The command line: one file a command. Answers go to standard output, all else to standard error.

mod apply;
mod check;
mod cleanup;
mod conflicts;
mod drive;
mod exit;
mod foreground;
mod inspect;
mod logging;
mod migrate;
mod open;
mod output;
mod preview;
mod progress;
mod rejects;
mod replay;
mod request;
mod runs;
mod schedule;
mod schema;
mod serve;
mod show;
mod signals;
mod source_type;
mod stdin;
mod summary;
mod sync;
mod syncs;
mod table;
mod targets;
mod volume_watch;
mod volumes;

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use anyhow::Context as _;
use catchment_core::{Error, Registry};
use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::config::{Config, Flags, ServeFlags};
use exit::{Exit, exit_of, report};
use logging::start_logging;
use open::Context;
use output::Verbosity;
use signals::Signals;

/// Keeps the tables of your database in step with sources outside it, every row accounted for.
///
/// Exit codes: 0 done, 1 the run failed, 2 wrong usage, 3 completed with rejects, with duplicates that differ, with new
/// conflicts or truncated, 4 the database or another thing that it needs is not there, 5 waiting (--no-wait), 129, 130, 143 ended by
/// SIGHUP, SIGINT, SIGTERM.
#[derive(Parser)]
#[command(name = "catchment", version, max_term_width = 110)]
struct Cli {
    #[command(flatten, next_help_heading = "Global")]
    flags: Flags,

    #[command(flatten, next_help_heading = "Global")]
    verbosity: Verbosity,

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
    /// List volumes, such as USB sticks, that are plugged in or known, or forget one
    Volumes(volumes::VolumesArgs),
    /// List saved syncs, run, pause or delete them
    Syncs(syncs::SyncsArgs),
    /// Make the saved syncs as a file says, and show the difference
    Apply(apply::ApplyArgs),
    /// Log in to Google Drive
    Drive(drive::DriveArgs),
    /// List runs, or show one with its errors
    Runs(runs::RunsArgs),
    /// List conflicts between source and table, or settle them
    Conflicts(conflicts::ConflictsArgs),
    /// Show rows of a target table
    Show(show::ShowArgs),
    /// List the tables that can be written, or show what one takes
    Targets(targets::TargetsArgs),
    /// Print the options of a type of source as a JSON schema
    Schema(schema::SchemaArgs),
    /// Print a script that completes this command in a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Delete old runs, or content that is no longer seen
    Cleanup(cleanup::CleanupArgs),
    /// Show when the daily job of `serve` is due next
    Schedule(schedule::ScheduleArgs),
    /// Bring the tables of the database up to date (every command that needs them does it too)
    Migrate,
}

/// Runs the command that the process was called with, with the sources that Catchment brings along.
pub fn main() -> ExitCode {
    main_with(catchment_sources::builtin())
}

/// The same with these sources: a binary with sources of one's own is this call.
///
/// ```no_run
/// # use async_trait::async_trait;
/// # use catchment_core::{Adapter, Host, Page, Reading, Result, Source};
/// # use futures::stream::BoxStream;
/// # struct Mine;
/// # impl Adapter for Mine {
/// #     const TYPE: &'static str = "mine";
/// #     type Options = std::collections::BTreeMap<String, String>;
/// #     fn new(_: &str, _: Self::Options, _: &Host) -> Result<Self> { Ok(Self) }
/// # }
/// # #[async_trait]
/// # impl Source for Mine {
/// #     async fn test_connection(&self) -> Result<()> { Ok(()) }
/// #     fn read(&self, _: Reading) -> BoxStream<'_, Result<Page>> { Box::pin(futures::stream::empty()) }
/// # }
/// fn main() -> std::process::ExitCode {
///     catchment_cli::main_with(catchment_cli::builtin().with::<Mine>())
/// }
/// ```
pub fn main_with(registry: Registry) -> ExitCode {
    // Whoever asked for JSON gets errors as JSON, those of the flags themselves as well.
    let as_json = std::env::args_os().any(|arg| arg == "--json");
    let Cli { flags, verbosity, command } = match parse(&registry) {
        Ok(cli) => cli,
        Err(error) if as_json && error.use_stderr() => {
            report(&usage_error(&error).into(), true);
            return ExitCode::from(Exit::Usage as u8);
        }
        Err(error) => error.exit(),
    };
    let serve_flags = match &command {
        Command::Serve(flags) => flags.clone(),
        Command::Schedule(args) => args.serve.clone(),
        _ => ServeFlags::default(),
    };
    let exit = Config::resolve(flags, serve_flags).map_err(anyhow::Error::from).and_then(|config| {
        start_logging(config.log_format, matches!(command, Command::Serve(_)), verbosity.verbose);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let exit = runtime.block_on(run(config, registry, command, verbosity));
        // A thread that hangs in a file system does not keep the process.
        runtime.shutdown_background();
        exit
    });
    match exit {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) => {
            report(&error, as_json);
            ExitCode::from(exit_of(&error) as u8)
        }
    }
}

/// The command line, which knows the source types that there are.
fn command_line(registry: &Registry) -> clap::Command {
    let types: Vec<_> = registry.types().collect();
    let with_types = |command: clap::Command| {
        let types = types.clone();
        command.mut_arg("source_type", |arg| arg.value_parser(PossibleValuesParser::new(types)))
    };
    let commands = ["sync", "check", "inspect", "schema"].into_iter();
    commands.fold(Cli::command(), |cli, name| cli.mut_subcommand(name, with_types))
}

fn parse(registry: &Registry) -> Result<Cli, clap::Error> {
    Cli::from_arg_matches(&command_line(registry).try_get_matches()?)
}

/// Ends work at a signal in order: what it keeps in temporary files goes with it.
async fn interruptible(work: impl Future<Output = anyhow::Result<Exit>>) -> anyhow::Result<Exit> {
    let mut signals = Signals::new()?;
    tokio::select! {
        done = work => done,
        signal = signals.next() => Ok(signal),
    }
}

/// What clap says of wrong flags, without its layout.
fn usage_error(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let parts = text.split("\n\n").take_while(|part| !part.starts_with("Usage:"));
    let parts: Vec<_> =
        parts.map(|part| part.trim().trim_start_matches("error: ").replace('\n', " ")).collect();
    Error::config("usage", parts.join("; "))
}

async fn run(
    config: Config,
    registry: Registry,
    command: Command,
    verbosity: Verbosity,
) -> anyhow::Result<Exit> {
    let context = Context { settings: config.settings.clone(), registry };
    match command {
        Command::Serve(_) => serve::run(config, context.registry).await,
        Command::Sync(args) => sync::run(&context, args, verbosity.quiet).await,
        Command::Check(args) => interruptible(check::run(&context, args)).await,
        Command::Inspect(args) => interruptible(inspect::run(&context, args)).await,
        Command::Volumes(args) => volumes::run(&context, &args).await,
        Command::Syncs(args) => syncs::run(&context, args).await,
        Command::Apply(args) => apply::run(&context, args).await,
        Command::Drive(args) => interruptible(drive::run(&context, args)).await,
        Command::Conflicts(args) => conflicts::run(&context, args).await,
        Command::Runs(args) => runs::run(&context, args, verbosity.quiet).await,
        Command::Show(args) => show::run(&context, args).await,
        Command::Targets(args) => targets::run(&context, args).await,
        Command::Schema(args) => schema::run(&context, &args),
        Command::Completions { shell } => completions(shell, &context.registry),
        Command::Cleanup(args) => cleanup::run(&context, args).await,
        Command::Schedule(args) => schedule::run(&context.settings, &args),
        Command::Migrate => migrate::run(&context).await,
    }
}

/// Into memory first: clap_complete panics where it cannot write.
fn completions(shell: clap_complete::Shell, registry: &Registry) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command_line(registry), "catchment", &mut script);
    let mut stdout = std::io::stdout();
    match stdout.write_all(&script).and_then(|()| stdout.flush()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        written => written.context("writing the completions to standard output")?,
    }
    Ok(Exit::Done)
}
