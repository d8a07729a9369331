//! Which volumes the operator allows to be read.

use catchment_core::VolumeAccess;

use super::identifier::{UsbId, is_same_id};
use super::volume::Volume;

/// Whether the operator allows to read a volume, by what the settings name: `volume:ID`, `label:NAME`, `*`.
pub fn is_volume_allowed(allowed: &[String], volume: &Volume) -> bool {
    allows(&VolumeAccess::Only(allowed.to_owned()), volume)
}

/// Whether the operator allows to read a volume.
pub(super) fn allows(access: &VolumeAccess, volume: &Volume) -> bool {
    match access {
        VolumeAccess::Anywhere => true,
        VolumeAccess::Only(allowed) => allowed.iter().any(|text| match UsbId::parse(text) {
            Ok(UsbId::All) => volume.is_removable,
            Ok(UsbId::Volume { id, folder }) if folder.is_empty() => {
                volume.id.as_deref().is_some_and(|known| is_same_id(known, &id))
            }
            // A label may hold a slash.
            Ok(UsbId::Label { .. }) => {
                volume.label.is_some() && volume.label.as_deref() == text.trim().strip_prefix("label:")
            }
            Ok(UsbId::Volume { .. } | UsbId::Path(_)) | Err(_) => false,
        }),
    }
}

/// What allows a volume, for people.
pub fn how_to_allow(volume: &Volume) -> String {
    match (&volume.id, &volume.label) {
        (Some(id), _) => format!("--volume volume:{id}"),
        (None, Some(label)) => format!("--volume label:{label}"),
        (None, None) => "--volume '*'".to_owned(),
    }
}
