//! The proof that a volume is there still: asked after something was read of it, and before that is given out.

use std::fs::File;
use std::path::Path;

use catchment_core::Result;

use super::finder::away;
use super::mounts::Disk;

/// What proves that a volume is there.
pub(super) struct Proof<'a> {
    pub(super) disk: &'a dyn Disk,
    /// The volume for people.
    pub(super) volume: String,
    /// A file of it that is held open.
    held: Option<File>,
}

impl<'a> Proof<'a> {
    pub(super) fn new(disk: &'a dyn Disk, volume: String) -> Self {
        Self { disk, volume, held: None }
    }

    /// Holds a file that proves from now on that the volume is there, if none is held yet. One that cannot be read of a volume that
    /// is there proves nothing; another one may.
    pub(super) fn hold(&mut self, sample: Option<&Path>) {
        if let Some(sample) = sample.filter(|_| self.held.is_none())
            && let Ok(file) = self.disk.open(sample)
            && (self.disk.is_alive(Some(&file)) || !self.disk.is_alive(None))
        {
            self.held = Some(file);
        }
    }

    /// Whether a file is held.
    pub(super) fn has_held(&self) -> bool {
        self.held.is_some()
    }

    pub(super) fn is_alive(&self) -> bool {
        self.disk.is_alive(self.held.as_ref())
    }

    /// # Errors
    /// `unavailable`, `volume_away`.
    pub(super) fn prove(&self) -> Result<()> {
        if self.is_alive() { Ok(()) } else { Err(away(&self.volume)) }
    }
}
