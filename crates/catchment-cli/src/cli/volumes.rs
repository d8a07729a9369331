//! `catchment volumes`: which volumes, such as USB sticks, are plugged in, and what they are called.

use catchment::Settings;
use catchment_sources::usb::{ListedVolume, list_volumes};
use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::table::{self, say, say_json};

#[derive(Args)]
pub(super) struct VolumesArgs {
    /// Print one JSON object a volume
    #[arg(long)]
    json: bool,
}

/// A volume as programs read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VolumeView<'a> {
    /// What `sync` takes; none where nothing tells the volume from others.
    source_identifier: Option<String>,
    label: Option<&'a str>,
    file_system: &'a str,
    size_bytes: Option<u64>,
    device: &'a str,
    mounted_at: String,
    is_removable: bool,
    usb_vendor: Option<&'a str>,
    usb_product: Option<&'a str>,
    usb_serial: Option<&'a str>,
    /// Whether requests over HTTP may read it, and the daily job.
    is_allowed: bool,
    /// The flag of `serve` that allows it.
    allow_with: Option<&'a str>,
}

pub(super) fn run(settings: &Settings, args: &VolumesArgs) -> anyhow::Result<Exit> {
    let volumes = list_volumes(&settings.volumes)?;
    if args.json {
        volumes.iter().for_each(|volume| say_json(&view(volume)));
    } else if volumes.is_empty() {
        say!(
            "No volume is mounted; plug one in, and have it mounted (on a server: udisks2, or a line in /etc/fstab)"
        );
    } else {
        let rows: Vec<_> = volumes.iter().map(row).collect();
        table::print(&["source", "label", "file system", "size", "mounted at", "over HTTP"], &rows);
    }
    Ok(Exit::Done)
}

fn view(listed: &ListedVolume) -> VolumeView<'_> {
    let ListedVolume { volume, identifier, is_allowed, allow_with } = listed;
    let usb = volume.usb.as_ref();
    VolumeView {
        source_identifier: identifier.clone(),
        label: volume.label.as_deref(),
        file_system: &volume.fs_type,
        size_bytes: volume.bytes,
        device: &volume.source,
        mounted_at: volume.mount_point.display().to_string(),
        is_removable: volume.is_removable,
        usb_vendor: usb.map(|usb| usb.vendor.as_str()),
        usb_product: usb.map(|usb| usb.product.as_str()),
        usb_serial: usb.and_then(|usb| usb.serial.as_deref()),
        is_allowed: *is_allowed,
        allow_with: Some(allow_with.as_str()).filter(|_| !is_allowed),
    }
}

fn row(listed: &ListedVolume) -> Vec<String> {
    let ListedVolume { volume, identifier, is_allowed, allow_with } = listed;
    vec![
        identifier.clone().unwrap_or_else(|| "(nothing tells it from others)".to_owned()),
        volume.label.clone().unwrap_or_default(),
        volume.fs_type.clone(),
        volume.bytes.map(|bytes| format!("{} MB", bytes / 1_000_000)).unwrap_or_default(),
        volume.mount_point.display().to_string(),
        if *is_allowed { "allowed".to_owned() } else { allow_with.clone() },
    ]
}
