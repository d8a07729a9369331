//! `/proc/self/mountinfo`: what is mounted where (proc(5)).

use std::path::PathBuf;

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    pub(super) id: u64,
    pub(super) device: (u32, u32),
    /// The folder of the file system that is mounted.
    pub(super) root: String,
    pub(super) point: PathBuf,
    pub(super) fs_type: String,
    /// The block device, where it is one.
    pub(super) source: String,
}

/// Reads all lines; those that do not read are left out.
pub(super) fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let fields: Vec<_> = before.split(' ').collect();
    let [id, _, device, root, point, ..] = fields[..] else { return None };
    let mut after = after.split(' ');
    let (major, minor) = device.split_once(':')?;
    Some(Mount {
        id: id.parse().ok()?,
        device: (major.parse().ok()?, minor.parse().ok()?),
        root: unescape(root),
        point: unescape(point).into(),
        fs_type: after.next()?.to_owned(),
        source: unescape(after.next()?),
    })
}

/// Spaces, tabs, line ends and backslashes are written as octal numbers.
fn unescape(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let octal = bytes.get(at + 1..at + 4).filter(|_| bytes[at] == b'\\');
        let byte = octal.and_then(|octal| u8::from_str_radix(std::str::from_utf8(octal).ok()?, 8).ok());
        match byte {
            Some(byte) => {
                out.push(byte);
                at += 4;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_with_their_escapes() {
        let text = "36 35 8:1 / /media/MY\\040STICK rw,noatime shared:7 - vfat /dev/sda1 rw,fmask=0022\n\
                    40 35 0:45 /sub /bind rw - ext4 /dev/sdb1 rw\nnonsense\n";
        let mounts = parse(text);
        assert_eq!(mounts.len(), 2);
        assert_eq!(mounts[0].point, PathBuf::from("/media/MY STICK"));
        assert_eq!(
            (mounts[0].device, &*mounts[0].fs_type, &*mounts[0].source),
            ((8, 1), "vfat", "/dev/sda1")
        );
        assert_eq!(mounts[1].root, "/sub");
    }
}
