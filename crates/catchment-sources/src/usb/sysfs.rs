//! What the kernel tells of block devices.

use std::fs;
use std::path::{Path, PathBuf};

/// Where sysfs describes a block device.
pub(super) fn sysfs_path((major, minor): (u32, u32)) -> PathBuf {
    format!("/sys/dev/block/{major}:{minor}").into()
}

/// The bytes of a block device; none where it is not there any more.
pub(super) fn size(device: (u32, u32)) -> Option<u64> {
    let sectors: u64 = read_text(sysfs_path(device).join("size"))?.parse().ok()?;
    sectors.checked_mul(512).filter(|bytes| *bytes > 0)
}

/// This plug of a device: the number that the kernel gives each disk that appears, and this start of the machine.
pub(super) fn plug(device: (u32, u32)) -> Option<String> {
    let path = sysfs_path(device);
    // A partition has that of its disk.
    let sequence = read_text(path.join("diskseq")).or_else(|| read_text(path.join("../diskseq")))?;
    let boot = read_text("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    Some(format!("{boot}-{sequence}"))
}

/// The faults that have been found in a file system since it was last checked, of those that count them (ext4).
pub(super) fn faults(source: &str) -> u64 {
    let device = fs::canonicalize(source).unwrap_or_else(|_| source.into());
    let name = device.file_name().unwrap_or_default();
    let count = read_text(Path::new("/sys/fs/ext4").join(name).join("errors_count"));
    count.and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// The text of a file, if there is any.
pub(super) fn read_text(path: impl AsRef<Path>) -> Option<String> {
    let text = fs::read_to_string(path).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// The disk that a block device is, or is a part of.
pub(super) fn disk_of(device: (u32, u32)) -> Option<PathBuf> {
    let path = fs::canonicalize(sysfs_path(device)).ok()?;
    if path.join("partition").exists() { path.parent().map(Path::to_owned) } else { Some(path) }
}
