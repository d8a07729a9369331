//! Volumes, such as USB sticks.

use catchment::{ForgottenVolume, KnownVolume};
use catchment_sources::usb::{Volume, how_to_allow, is_volume_allowed};
use schemars::JsonSchema;
use serde::Serialize;

use super::time::iso;

/// A volume that is there, or that is known while it is away.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VolumeView {
    /// What a sync of it names, such as `volume:1234-5678`; null where nothing tells the volume from others.
    pub(crate) source_identifier: Option<String>,
    /// Its label.
    pub(crate) label: Option<String>,
    /// Its file system, such as `vfat`.
    pub(crate) file_system: Option<String>,
    /// How large it is.
    pub(crate) size_bytes: Option<u64>,
    /// The vendor's number of its USB device, in hexadecimal.
    usb_vendor: Option<String>,
    /// The product's.
    usb_product: Option<String>,
    /// Its serial number, by its own words.
    usb_serial: Option<String>,
    /// Whether it is made to be taken away.
    is_removable: bool,
    /// Whether it is there.
    pub(crate) is_present: bool,
    /// Where it is mounted.
    pub(crate) mounted_at: Option<String>,
    /// The node that sees it, or saw it last.
    node: Option<String>,
    /// When a node saw it first (RFC 3339).
    first_seen_at: Option<String>,
    /// Since when it is away, where that is known.
    pub(crate) away_since: Option<String>,
    /// Its rows, but for those that are marked as gone.
    pub(crate) rows: u64,
    /// Tables that it has filled and that do not tell which rows are its, so that these are not counted.
    other_targets: Vec<String>,
    /// When a run of it was completed last.
    pub(crate) last_read_at: Option<String>,
    /// Whether requests over HTTP may read it, and runs that a plug starts.
    pub(crate) is_allowed: bool,
    /// The flag of `serve` that allows it; null where it is allowed.
    pub(crate) allow_with: Option<String>,
}

impl VolumeView {
    /// The view of a volume, where the operator allows these.
    pub(crate) fn new(known: &KnownVolume, allowed: &[String]) -> Self {
        let KnownVolume { volume, is_present, .. } = known;
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let told = Volume {
            id: text(&volume.id),
            label: volume.label.clone(),
            is_removable: volume.is_removable,
            ..Volume::default()
        };
        let is_allowed = is_volume_allowed(allowed, &told);
        Self {
            source_identifier: text(&volume.id).map(|id| format!("volume:{id}")),
            label: volume.label.clone(),
            file_system: text(&volume.fs_type),
            size_bytes: volume.bytes,
            usb_vendor: volume.usb_vendor.clone(),
            usb_product: volume.usb_product.clone(),
            usb_serial: volume.usb_serial.clone(),
            is_removable: volume.is_removable,
            is_present: *is_present,
            mounted_at: text(&volume.mount_point).filter(|_| *is_present),
            node: known.node.clone(),
            first_seen_at: known.first_seen_at.map(iso),
            away_since: known.last_seen_at.filter(|_| !is_present).map(iso),
            rows: known.rows,
            other_targets: known.other_targets.clone(),
            last_read_at: known.last_read_at.map(iso),
            is_allowed,
            allow_with: Some(how_to_allow(&told)).filter(|_| !is_allowed),
        }
    }
}

/// What came of forgetting a volume.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ForgottenView {
    /// How many rows were deleted.
    rows_deleted: u64,
    /// Tables whose rows were left, as they do not tell which are of the volume.
    left_in: Vec<String>,
}

impl From<ForgottenVolume> for ForgottenView {
    fn from(ForgottenVolume { rows, left_in }: ForgottenVolume) -> Self {
        Self { rows_deleted: rows, left_in }
    }
}
