//! Volumes: what is mounted, and what tells one from another.

use std::path::PathBuf;

/// A mounted volume.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Volume {
    /// What tells it from others: the UUID of its file system, as blkid shows it; without one the UUID of its partition
    /// (`part-…`), or what its USB device says (`usb-…`). None where nothing does.
    pub id: Option<String>,
    /// Its label.
    pub label: Option<String>,
    /// Its file system, such as `vfat`.
    pub fs_type: String,
    /// Its block device, by major and minor number.
    pub device: (u32, u32),
    /// The name of its block device, such as `/dev/sda1`.
    pub source: String,
    /// Where it is mounted.
    pub mount_point: PathBuf,
    /// The number of the mount, which no other one has while it is there.
    pub mount_id: u64,
    /// How large it is.
    pub bytes: Option<u64>,
    /// The USB device that it is on.
    pub usb: Option<UsbDevice>,
    /// Whether it is made to be taken away.
    pub is_removable: bool,
    /// This plug of it: another one after it was away, the same as long as it stays.
    pub plug: Option<String>,
}

/// A USB device, by its own words. They may be those of other devices, too.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UsbDevice {
    /// The vendor's number, in hexadecimal.
    pub vendor: String,
    /// The product's.
    pub product: String,
    /// The serial number, where it has one.
    pub serial: Option<String>,
    /// What it is called.
    pub name: Option<String>,
}

impl Volume {
    /// The volume for people: its label, its id, and where it is.
    pub fn shown(&self) -> String {
        let label = self.label.as_deref().map_or_else(String::new, |label| format!("`{label}` "));
        let id = self.id.as_deref().unwrap_or("without an id");
        format!("{label}({id}, {} at {})", self.source, self.mount_point.display())
    }

    /// The same with what tells it from one that has the same label or id.
    pub(super) fn shown_in_full(&self) -> String {
        let size = self.bytes.map_or_else(String::new, |bytes| format!(", {} MB", bytes / 1_000_000));
        let serial = self.usb.as_ref().and_then(|usb| usb.serial.as_deref());
        let serial = serial.map_or_else(String::new, |serial| format!(", USB serial {serial}"));
        format!("{}{size}{serial}", self.shown())
    }
}
