//! An opened folder: everything below it is opened from there, and never through a link or into another mount.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustix::fs::{
    Advice, AtFlags, Dir, FileType, Mode, OFlags, ResolveFlags, fadvise, fstat, open, openat2, stat, statat,
};
use rustix::io::{Errno, pread};

use super::mountinfo::parse;
use super::mounts::{Disk, DiskEntry, DiskKind};
use super::sysfs::{faults, plug, size};
use super::volume::Volume;

const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);
/// Bytes that are read again to prove that they can be.
const PROOF_BYTES: usize = 512;

/// An opened folder, with what it was opened on.
pub(super) struct OpenTree {
    root: OwnedFd,
    /// The number of the file system.
    device: u64,
    on: On,
}

enum On {
    Volume(Box<Volume>),
    /// A folder that is on none: it is there as long as its path leads to it.
    Folder {
        path: PathBuf,
        inode: u64,
    },
}

impl OpenTree {
    /// A folder of a volume.
    ///
    /// # Errors
    /// `NotFound`, where something else is mounted there by now.
    pub(super) fn of_volume(volume: &Volume, folder: &Path) -> io::Result<Self> {
        let top = open(&volume.mount_point, folder_flags(), Mode::empty())?;
        let device = fstat(&top)?.st_dev;
        if mount_of(&top) != Some(volume.mount_id) {
            return Err(Errno::NOENT.into());
        }
        let root = if folder.as_os_str().is_empty() { top } else { below(&top, folder, folder_flags())? };
        Ok(Self { root, device, on: On::Volume(Box::new(volume.clone())) })
    }

    /// A folder of this machine.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub(super) fn of_folder(path: &Path) -> io::Result<Self> {
        let root = open(path, folder_flags(), Mode::empty())?;
        let found = fstat(&root)?;
        let on = On::Folder { path: path.to_owned(), inode: found.st_ino };
        Ok(Self { root, device: found.st_dev, on })
    }
}

/// The number of the mount that something was opened in: another one may hide the one that was meant.
fn mount_of(opened: &OwnedFd) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", opened.as_raw_fd())).ok()?;
    text.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok())
}

/// The names in a folder.
fn names(folder: &OwnedFd) -> io::Result<HashSet<OsString>> {
    let name = |entry: rustix::io::Result<rustix::fs::DirEntry>| {
        Ok(OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned())
    };
    Dir::read_from(folder)?.map(name).collect()
}

fn folder_flags() -> OFlags {
    OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC
}

fn below(root: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    Ok(openat2(root, path, flags, Mode::empty(), BENEATH)?)
}

impl Disk for OpenTree {
    fn entries(&self, folder: &Path) -> io::Result<Vec<DiskEntry>> {
        let opened = below(&self.root, folder, folder_flags())?;
        let (mut entries, mut lost) = (Vec::new(), Vec::new());
        for entry in Dir::read_from(&opened)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name == "." || name == ".." {
                continue;
            }
            let found = match statat(&opened, entry.file_name(), AtFlags::SYMLINK_NOFOLLOW) {
                Ok(found) => found,
                // It was deleted since the folder was read; whether the volume was pulled out is asked after all of it.
                Err(Errno::NOENT) => {
                    lost.push(name.to_owned());
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let kind = match FileType::from_raw_mode(found.st_mode) {
                FileType::Directory if found.st_dev != self.device => DiskKind::Mount,
                FileType::Directory => DiskKind::Folder,
                FileType::RegularFile => DiskKind::File,
                _ => DiskKind::Other,
            };
            let bytes = u64::try_from(found.st_size).unwrap_or_default();
            entries.push(DiskEntry { name: name.to_owned(), kind, bytes, modified: found.st_mtime });
        }
        if !lost.is_empty() {
            let names = names(&opened)?;
            let lost = lost.into_iter().filter(|name| names.contains(name));
            entries.extend(lost.map(|name| DiskEntry { name, kind: DiskKind::Lost, bytes: 0, modified: 0 }));
        }
        Ok(entries)
    }

    fn open(&self, file: &Path) -> io::Result<File> {
        // What is no file by now, such as a pipe, is not waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOFOLLOW;
        below(&self.root, file, flags).map(File::from)
    }

    fn faults(&self) -> u64 {
        match &self.on {
            On::Volume(volume) => faults(&volume.source),
            On::Folder { .. } => 0,
        }
    }

    fn is_alive(&self, held: Option<&File>) -> bool {
        if held.is_some_and(|held| !can_be_read(held)) {
            return false;
        }
        match &self.on {
            On::Volume(volume) => is_mounted(volume) && is_there(volume),
            On::Folder { path, inode } => {
                stat(path).is_ok_and(|found| (found.st_dev, found.st_ino) == (self.device, *inode))
            }
        }
    }
}

/// Whether a file can be read from its device, and not only from memory.
fn can_be_read(file: &File) -> bool {
    let mut bytes = [0; PROOF_BYTES];
    // Where memory cannot be told to forget, the other proofs count.
    fadvise(file, 0, None, Advice::DontNeed).ok();
    pread(file, &mut bytes, 0).is_ok_and(|count| count > 0)
}

fn is_mounted(volume: &Volume) -> bool {
    let Ok(text) = std::fs::read("/proc/self/mountinfo") else { return false };
    parse(&String::from_utf8_lossy(&text))
        .iter()
        .any(|mount| mount.id == volume.mount_id && mount.point == volume.mount_point)
}

/// Whether the device is there, and the same plug of it.
fn is_there(volume: &Volume) -> bool {
    // A machine without sysfs tells nothing of devices.
    if !Path::new("/sys/dev/block").exists() || volume.bytes.is_none() {
        return true;
    }
    size(volume.device).is_some() && plug(volume.device) == volume.plug
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_opened_outside_of_the_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (inside, outside) = (dir.path().join("in"), dir.path().join("secret.mp3"));
        std::fs::create_dir_all(inside.join("sub")).unwrap();
        std::fs::write(&outside, "x").unwrap();
        std::fs::write(inside.join("sub/a.mp3"), "abc").unwrap();
        std::os::unix::fs::symlink(&outside, inside.join("link.mp3")).unwrap();
        std::os::unix::fs::symlink(dir.path(), inside.join("up")).unwrap();
        let tree = OpenTree::of_folder(&inside).unwrap();
        assert!(tree.open(Path::new("sub/a.mp3")).is_ok());
        for path in ["link.mp3", "up/secret.mp3", "../secret.mp3", "sub/../../secret.mp3", "/etc/passwd"] {
            assert!(tree.open(Path::new(path)).is_err(), "{path}");
        }
        let mut entries = tree.entries(Path::new("")).unwrap();
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [DiskKind::Other, DiskKind::Folder, DiskKind::Other]);
        assert!(tree.is_alive(None));
        std::fs::rename(&inside, dir.path().join("other")).unwrap();
        assert!(!tree.is_alive(None));
    }
}
