//! Which volumes, such as USB sticks, sources may read.

/// The code of the error of a volume that is not plugged in: a run waits for it, and no attempt counts.
pub const VOLUME_AWAY: &str = "volume_away";

/// Which volumes a run may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeAccess {
    /// All that the process can: for a request of somebody who could read them anyway, as on the CLI.
    Anywhere,
    /// Those that are named: `volume:ID`, `label:NAME`, or `*` for all that are removable.
    Only(Vec<String>),
}

impl Default for VolumeAccess {
    fn default() -> Self {
        Self::Only(Vec::new())
    }
}
