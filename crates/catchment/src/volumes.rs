//! Volumes, such as USB sticks: which are there, and which are known while they are in a drawer.

use jiff::Timestamp;

/// The type of sources that are on volumes.
pub(crate) const SOURCE_TYPE: &str = "usb";
/// What the names of these sources begin with, before the id of the volume and, behind a slash, a folder in it.
pub(crate) const PREFIX: &str = "volume:";

/// A volume as a node sees it, or saw it last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeVolume {
    /// What tells it from others, as its sources name it: `ID` in `volume:ID`.
    pub id: String,
    /// Its label.
    pub label: Option<String>,
    /// Its file system, such as `vfat`.
    pub fs_type: String,
    /// How large it is, in bytes.
    pub bytes: Option<u64>,
    /// The vendor's number of the USB device that it is on, in hexadecimal.
    pub usb_vendor: Option<String>,
    /// The product's.
    pub usb_product: Option<String>,
    /// Its serial number, by its own words.
    pub usb_serial: Option<String>,
    /// Whether it is made to be taken away.
    pub is_removable: bool,
    /// Where it is mounted.
    pub mount_point: String,
    /// This plug of it: another one after it was away.
    pub plug: Option<String>,
}

impl NodeVolume {
    /// The volume for people: its label and its id.
    pub fn shown(&self) -> String {
        match &self.label {
            Some(label) => format!("`{label}` ({PREFIX}{})", self.id),
            None => format!("{PREFIX}{}", self.id),
        }
    }
}

/// A volume that some node has seen, or that some run has read.
#[derive(Debug, Clone, Default)]
pub struct KnownVolume {
    /// What was seen of it last; of one that only runs know, its id alone.
    pub volume: NodeVolume,
    /// The node that sees it, or saw it last.
    pub node: Option<String>,
    /// Whether it is there.
    pub is_present: bool,
    /// When a node saw it first.
    pub first_seen_at: Option<Timestamp>,
    /// When a node saw it last: where it is away, since then.
    pub last_seen_at: Option<Timestamp>,
    /// Its rows in tables that tell which source a row is of, but for those that are marked as gone.
    pub rows: u64,
    /// Tables that its runs have filled and that do not tell which rows are its.
    pub other_targets: Vec<String>,
    /// When its last run was completed.
    pub last_read_at: Option<Timestamp>,
}

/// What came of forgetting a volume.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ForgottenVolume {
    /// How many rows were deleted.
    pub rows: u64,
    /// Tables whose rows were left, as they do not tell which are of the volume.
    pub left_in: Vec<String>,
}

/// What came of looking at what is plugged in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeNews {
    /// Volumes that came, or whose plug was not answered yet ([`crate::SyncService::answer_volume`]).
    pub came: Vec<CameVolume>,
    /// Volumes that left.
    pub left: Vec<NodeVolume>,
}

/// A volume that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CameVolume {
    /// It.
    pub volume: NodeVolume,
    /// What the node saw of it before.
    pub before: Option<NodeVolume>,
    /// Whether it was plugged in, and not only mounted again.
    pub is_new_plug: bool,
}

/// What follows from a volume that came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VolumeAnswer {
    /// How many runs go on that waited for it, or had failed for a cause that passes.
    pub resumed: u64,
    /// The runs that were started.
    pub started: Vec<i64>,
}

/// The id of the volume that a source is on, by its name.
pub(crate) fn volume_of(source_name: &str) -> Option<&str> {
    let rest = source_name.strip_prefix(PREFIX)?;
    Some(rest.split_once('/').map_or(rest, |(id, _)| id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_volume_of_a_source_is_in_its_name() {
        assert_eq!(volume_of("volume:1234-5678/Rock/Live"), Some("1234-5678"));
        assert_eq!(volume_of("volume:1234-5678"), Some("1234-5678"));
        assert_eq!(volume_of("/srv/music"), None);
    }
}
