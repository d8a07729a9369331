//! What is plugged in here, as the service takes note of it.

use anyhow::Context as _;
use catchment::NodeVolume;
use catchment_sources::usb::{ListedVolume, list_volumes};

/// The volumes that are mounted. It blocks, for as long as a device that hangs does.
///
/// # Errors
/// Where the system does not tell.
pub(crate) async fn plugged_in(allowed: &[String]) -> anyhow::Result<Vec<ListedVolume>> {
    let allowed = allowed.to_owned();
    let listed = tokio::task::spawn_blocking(move || list_volumes(&allowed)).await;
    Ok(listed.context("listing the volumes")??)
}

/// A volume as the service knows it; without an id, where nothing tells it from others.
pub(crate) fn node_volume(listed: &ListedVolume) -> NodeVolume {
    let volume = &listed.volume;
    let usb = volume.usb.as_ref();
    let id = listed.identifier.as_deref().and_then(|name| name.strip_prefix("volume:"));
    NodeVolume {
        id: id.unwrap_or_default().to_owned(),
        label: volume.label.clone(),
        fs_type: volume.fs_type.clone(),
        bytes: volume.bytes,
        usb_vendor: usb.map(|usb| usb.vendor.clone()),
        usb_product: usb.map(|usb| usb.product.clone()),
        usb_serial: usb.and_then(|usb| usb.serial.clone()),
        is_removable: volume.is_removable,
        mount_point: volume.mount_point.display().to_string(),
        plug: volume.plug.clone(),
    }
}

/// Those of which something tells which they are.
pub(crate) fn with_ids(listed: &[ListedVolume]) -> Vec<NodeVolume> {
    listed.iter().map(node_volume).filter(|volume| !volume.id.is_empty()).collect()
}
