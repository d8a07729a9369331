//! Standard input as a source: copied to a file, which can be read again from any place in it.

use std::io::IsTerminal;
use std::path::Path;

use catchment_core::{Error, Result, task_panicked};
use tempfile::NamedTempFile;

/// What stands for it on the command line.
pub(super) const STANDARD_INPUT: &str = "-";
/// What its rows are identified by where nothing names their source.
pub(super) const STANDARD_NAME: &str = "stdin";

/// All that came in. The file is deleted when this is dropped.
pub(super) struct Spool(NamedTempFile);

impl Spool {
    /// Reads standard input to its end. Where this is dropped before, the copy is deleted.
    ///
    /// # Errors
    /// `config` where it is a terminal; `system` where it cannot be copied.
    pub(super) async fn read() -> Result<Self> {
        if std::io::stdin().is_terminal() {
            let message = "standard input is a terminal; pipe a file into it, or name a path or a URL";
            return Err(Error::config("no_input", message));
        }
        let dir = std::env::temp_dir();
        let failed =
            move |error| Error::io(format!("copying standard input to a file in {}", dir.display()), error);
        let made = tempfile::Builder::new().prefix("catchment-stdin-").tempfile();
        let file = made.map_err(&failed)?;
        let mut copy = file.reopen().map_err(&failed)?;
        // It waits for whoever writes, which a signal must be able to end.
        let copied = tokio::task::spawn_blocking(move || std::io::copy(&mut std::io::stdin(), &mut copy));
        copied.await.map_err(|_| task_panicked())?.map_err(failed)?;
        Ok(Self(file))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}
