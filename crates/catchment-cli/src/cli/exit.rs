//! How commands end: exit codes, and errors as people read them.

use catchment_core::{Error, ErrorKind};

use super::table::BAD;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// All went well.
    Done = 0,
    /// The command or the run failed.
    Failed = 1,
    /// The command was called in a wrong way.
    Usage = 2,
    /// The run is completed, and some records were rejected, or it cannot be sure to have seen all.
    Rejects = 3,
}

/// Tells an error. Ours say all in their message; others keep the reason behind it.
pub(super) fn report(error: &anyhow::Error) {
    let message = match error.downcast_ref::<Error>() {
        Some(error) => error.full_message(),
        None => format!("{error:#}"),
    };
    anstream::eprintln!("{}error:{:#} {message}", BAD, BAD);
}

/// Which exit code an error has: what was asked for wrongly is usage.
pub(super) fn exit_of(error: &anyhow::Error) -> Exit {
    match error.downcast_ref::<Error>() {
        Some(error) if error.kind() == ErrorKind::Config => Exit::Usage,
        _ => Exit::Failed,
    }
}
