//! The volumes of this machine: `/proc/self/mountinfo` says which there are, udev's data, sysfs and the volume itself what they are
//! called. Nothing is mounted here, and nothing needs more than to read.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use super::mountinfo::{Mount, parse};
use super::mounts::{Disk, Mounts};
use super::superblock::{is_zero, read};
use super::sysfs::{disk_of, plug, read_text, size, sysfs_path};
use super::tree::OpenTree;
use super::volume::{UsbDevice, Volume};

/// File systems that are no volumes of this machine, or are not on a device.
const NOT_VOLUMES: &[&str] = &[
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "9p",
    "virtiofs",
    "overlay",
    "tmpfs",
    "ramfs",
    "proc",
    "sysfs",
    "devtmpfs",
    "devpts",
    "cgroup",
    "cgroup2",
    "autofs",
    "squashfs",
    "fuse",
    "mqueue",
    "hugetlbfs",
    "debugfs",
    "tracefs",
    "bpf",
    "pstore",
    "securityfs",
    "configfs",
    "binfmt_misc",
    "rpc_pipefs",
    "nsfs",
    "efivarfs",
    "selinuxfs",
];

/// The volumes of this machine.
#[derive(Debug, Clone, Default)]
pub(super) struct SystemMounts;

impl Mounts for SystemMounts {
    fn volumes(&self) -> io::Result<Vec<Volume>> {
        // One name that is no UTF-8 is no reason to know no volume.
        let text = fs::read("/proc/self/mountinfo")?;
        let text = String::from_utf8_lossy(&text);
        let mut volumes: Vec<Volume> = Vec::new();
        for mount in parse(&text).into_iter().filter(is_volume) {
            let Some(device) = block_device(&mount) else { continue };
            // Mounted twice, it is one volume.
            if volumes.iter().all(|known| known.device != device) {
                volumes.push(volume(mount, device));
            }
        }
        // What the system runs from is not made to be taken away, whatever it is on.
        let system = volumes.iter().find(|volume| volume.mount_point == Path::new("/"));
        if let Some(system) = system.and_then(|volume| disk_of(volume.device)) {
            let is_its = |volume: &&mut Volume| disk_of(volume.device).is_some_and(|disk| disk == system);
            volumes.iter_mut().filter(is_its).for_each(|volume| volume.is_removable = false);
        }
        Ok(volumes)
    }

    fn open(&self, volume: &Volume, folder: &Path) -> io::Result<Box<dyn Disk>> {
        Ok(Box::new(OpenTree::of_volume(volume, folder)?))
    }

    fn open_folder(&self, path: &Path) -> io::Result<Box<dyn Disk>> {
        Ok(Box::new(OpenTree::of_folder(path)?))
    }
}

/// Whether a mount shows all of a file system on a device, and not a part of one or what comes over a network.
fn is_volume(mount: &Mount) -> bool {
    let fs_type = mount.fs_type.as_str();
    mount.root == "/" && !NOT_VOLUMES.contains(&fs_type) && !fs_type.starts_with("fuse.")
}

/// The block device of a mount: by its number, or where that says nothing (FUSE, btrfs) by its name.
fn block_device(mount: &Mount) -> Option<(u32, u32)> {
    if mount.device.0 != 0 {
        return Some(mount.device);
    }
    let metadata = fs::metadata(&mount.source).ok()?;
    let number = metadata.rdev();
    let device = (rustix::fs::major(number), rustix::fs::minor(number));
    metadata.file_type().is_block_device().then_some(device)
}

fn volume(mount: Mount, device: (u32, u32)) -> Volume {
    let sysfs = fs::canonicalize(sysfs_path(device)).ok();
    let udev = udev_data(device);
    let told = |name: &str| udev.get(name).cloned().filter(|value| !value.is_empty());
    let uuid = told("ID_FS_UUID").or_else(|| by_link("by-uuid", device)).filter(|uuid| !is_zero(uuid));
    let label = told("ID_FS_LABEL").or_else(|| by_link("by-label", device));
    let own = if uuid.is_none() || label.is_none() {
        fs::File::open(&mount.source).map(read).unwrap_or_default()
    } else {
        super::superblock::Superblock::default()
    };
    let usb = sysfs.as_deref().and_then(usb_device);
    let part = told("ID_PART_ENTRY_UUID").or_else(|| by_link("by-partuuid", device));
    let id = uuid.or(own.uuid).or_else(|| part.map(|part| format!("part-{part}"))).or_else(|| {
        let usb = usb.as_ref()?;
        let number = read_text(sysfs.as_ref()?.join("partition")).unwrap_or_else(|| "0".to_owned());
        Some(format!("usb-{}-{}-{}-{number}", usb.vendor, usb.product, usb.serial.as_deref()?))
    });
    Volume {
        id,
        label: label.or(own.label),
        fs_type: mount.fs_type,
        device,
        source: mount.source,
        mount_point: mount.point,
        mount_id: mount.id,
        bytes: size(device),
        is_removable: usb.is_some() || sysfs.as_deref().is_some_and(is_removable),
        usb,
        plug: plug(device),
    }
}

/// What udev knows of a block device: one file for each, so that two copies of one volume have one each.
fn udev_data((major, minor): (u32, u32)) -> HashMap<String, String> {
    let text = fs::read_to_string(format!("/run/udev/data/b{major}:{minor}")).unwrap_or_default();
    let pairs = text.lines().filter_map(|line| line.strip_prefix("E:")?.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The name of the link that leads to a block device; of two devices with one name only one has it.
fn by_link(folder: &str, device: (u32, u32)) -> Option<String> {
    let links = fs::read_dir(Path::new("/dev/disk").join(folder)).ok()?;
    let link = links.flatten().find(|link| {
        fs::metadata(link.path())
            .is_ok_and(|found| (rustix::fs::major(found.rdev()), rustix::fs::minor(found.rdev())) == device)
    })?;
    Some(unescape(&link.file_name().to_string_lossy()))
}

/// udev writes what a name of a file cannot hold as `\x20`.
fn unescape(text: &str) -> String {
    let mut parts = text.split("\\x");
    let mut out = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                out.extend_from_slice(&part.as_bytes()[2..]);
            }
            None => out.extend_from_slice(format!("\\x{part}").as_bytes()),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// The USB device that a block device is on: the folder above it that has a vendor.
fn usb_device(sysfs: &Path) -> Option<UsbDevice> {
    let at = sysfs.ancestors().find(|folder| folder.join("idVendor").exists())?;
    Some(UsbDevice {
        vendor: read_text(at.join("idVendor"))?,
        product: read_text(at.join("idProduct"))?,
        serial: read_text(at.join("serial")),
        name: read_text(at.join("product")),
    })
}

/// Whether a disk says that it is removable; an SD card in its own slot is, and does not say so.
fn is_removable(sysfs: &Path) -> bool {
    let says = |folder: &Path| read_text(folder.join("removable")).is_some_and(|text| text == "1");
    let is_card = sysfs.components().any(|part| part.as_os_str().to_string_lossy().starts_with("mmcblk"));
    is_card || says(sysfs) || sysfs.parent().is_some_and(says)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_links_lose_their_escapes() {
        assert_eq!(unescape("MY\\x20STICK"), "MY STICK");
        assert_eq!(unescape("a\\xzz"), "a\\xzz");
        assert_eq!(unescape("Espa\\xc3\\xb1a"), "España");
    }

    #[test]
    fn only_whole_file_systems_on_devices_are_volumes() {
        let mount = |root: &str, fs_type: &str| Mount {
            id: 1,
            device: (8, 1),
            root: root.to_owned(),
            point: "/x".into(),
            fs_type: fs_type.to_owned(),
            source: "/dev/sda1".to_owned(),
        };
        assert!(is_volume(&mount("/", "vfat")) && is_volume(&mount("/", "fuseblk")));
        assert!(!is_volume(&mount("/sub", "vfat")) && !is_volume(&mount("/", "nfs4")));
        assert!(!is_volume(&mount("/", "fuse.sshfs")) && !is_volume(&mount("/", "tmpfs")));
    }

    #[test]
    fn the_volumes_of_this_machine_can_be_listed() {
        let volumes = SystemMounts.volumes().unwrap();
        assert!(volumes.iter().all(|volume| volume.device.0 != 0), "{volumes:?}");
    }
}
