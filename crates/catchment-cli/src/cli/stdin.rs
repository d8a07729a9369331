//! Standard input as a source: copied to a file, which can be read again from any place in it.

use std::io::{IsTerminal, Seek};
use std::path::Path;

use catchment_core::{Error, Result};
use tempfile::NamedTempFile;

/// What stands for it on the command line.
pub(super) const STANDARD_INPUT: &str = "-";

/// All that came in. The file is deleted when this is dropped.
pub(super) struct Spool(NamedTempFile);

impl Spool {
    /// Reads standard input to its end.
    ///
    /// # Errors
    /// `config` where it is a terminal; `system` where it cannot be copied.
    pub(super) fn read() -> Result<Self> {
        let mut input = std::io::stdin();
        if input.is_terminal() {
            let message = "standard input is a terminal; pipe a file into it, or name a path or a URL";
            return Err(Error::config("no_input", message));
        }
        let dir = std::env::temp_dir();
        let failed =
            |error| Error::io(format!("copying standard input to a file in {}", dir.display()), error);
        let mut file =
            tempfile::Builder::new().prefix("catchment-stdin-").tempfile_in(&dir).map_err(failed)?;
        std::io::copy(&mut input, file.as_file_mut()).map_err(failed)?;
        file.rewind().map_err(failed)?;
        Ok(Self(file))
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}
