//! The proof that a volume is there still: asked after something was read of it, and before that is given out.

use std::fs::File;
use std::path::Path;

use catchment_core::{Coverage, Result};

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

    pub(super) fn is_alive(&self) -> bool {
        self.disk.is_alive(self.held.as_ref())
    }

    /// # Errors
    /// `unavailable`, `volume_away`.
    pub(super) fn prove(&self) -> Result<()> {
        if self.is_alive() { Ok(()) } else { Err(away(&self.volume)) }
    }

    /// How much of the volume was read, with so many folders that were not; and why nothing is marked as gone, where that is so.
    pub(super) fn coverage(&self, holes: u64) -> (Coverage, Option<String>) {
        match holes {
            // An empty folder is what a volume shows as well that was just pulled out.
            0 if self.held.is_none() => {
                let message = format!(
                    "nothing could be read of {} that proves that it was all there, so that nothing is marked as gone",
                    self.volume
                );
                (Coverage::Truncated, Some(message))
            }
            0 if self.disk.faults() > 0 => {
                let message = format!(
                    "the system has found faults in the file system of {}, which may hide what is on it, so that nothing is marked as gone; \
                     check it (`fsck`)",
                    self.volume
                );
                (Coverage::Truncated, Some(message))
            }
            0 => (Coverage::Complete, None),
            holes => {
                let message = format!(
                    "{holes} folders of {} could not be read, or have something mounted over them, so that nothing is marked as gone",
                    self.volume
                );
                (Coverage::Truncated, Some(message))
            }
        }
    }
}
