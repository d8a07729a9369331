//! How commands end: exit codes, and errors as people and programs read them.

use catchment_core::{Error, ErrorKind};

use super::table::{BAD, say_json};
use crate::view::ErrorAnswer;

/// How a command ended. The codes are documented in the README; what they mean does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// All went well.
    Done = 0,
    /// The run failed.
    Failed = 1,
    /// What was asked for cannot be done as it was asked for: a flag, an option, a mapping, no such file.
    Usage = 2,
    /// The run is completed, and people should look at it: records were rejected, repeat others with other values, are in
    /// conflict with the table, or the source may not have been read to its end.
    Attention = 3,
    /// What the program needs is not there: the database, its tables, the key, room on the disk.
    Environment = 4,
    /// The run waits in the queue, as `--no-wait` asked for.
    Waiting = 5,
    /// Ended by SIGHUP; as shells have it, 128 and the number of the signal.
    HungUp = 129,
    /// Ended by SIGINT (Ctrl-C).
    Interrupted = 130,
    /// Ended by SIGTERM.
    Terminated = 143,
}

impl Exit {
    /// Whether a signal ended the command.
    pub(super) fn is_of_signal(self) -> bool {
        matches!(self, Self::HungUp | Self::Interrupted | Self::Terminated)
    }
}

/// Tells an error: on standard error, or as one line of JSON on standard output. Ours say all in their message; others keep
/// the reason behind it.
pub(super) fn report(error: &anyhow::Error, as_json: bool) {
    let own = error.downcast_ref::<Error>();
    let message = own.map_or_else(|| format!("{error:#}"), Error::full_message);
    if as_json {
        let (code, details) = own.map_or(("failed", &[][..]), |error| (error.code(), error.details()));
        say_json(&ErrorAnswer::new(code, message, details.to_vec()));
    } else {
        anstream::eprintln!("{}error:{:#} {message}", BAD, BAD);
    }
}

/// Which exit code an error has that ended a command before it made anything: wrong usage, unless it is of the surroundings.
pub(super) fn exit_of_refusal(error: &anyhow::Error) -> Exit {
    match exit_of(error) {
        Exit::Environment => Exit::Environment,
        _ => Exit::Usage,
    }
}

/// Which exit code an error has.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    let Some(error) = error.downcast_ref::<Error>() else { return Exit::Environment };
    match (error.kind(), error.code()) {
        (
            _,
            "database_refused" | "foreign_table" | "newer_tables" | "not_migrated" | "no_database"
            | "tables_missing" | "bad_key",
        )
        | (ErrorKind::Database | ErrorKind::System, _) => Exit::Environment,
        (ErrorKind::Config, _) => Exit::Usage,
        _ => Exit::Failed,
    }
}
