//! The beginning of a volume: its id and label as blkid shows them, of the file systems that sticks have. Where nobody else tells.

use std::io::Read;

use crate::digests::hex;

/// What a volume says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Superblock {
    pub(super) uuid: Option<String>,
    pub(super) label: Option<String>,
}

/// Bytes that are looked at.
const BYTES: usize = 2048;

/// Reads what a device begins with.
pub(super) fn read(mut device: impl Read) -> Superblock {
    let mut bytes = vec![0; BYTES];
    match device.read_exact(&mut bytes) {
        Ok(()) => of(&bytes),
        Err(_) => Superblock::default(),
    }
}

fn of(bytes: &[u8]) -> Superblock {
    let at = |from: usize, count: usize| bytes.get(from..from + count).unwrap_or_default();
    if at(3, 8) == b"EXFAT   " {
        return Superblock { uuid: serial(at(100, 4)), label: None };
    }
    if at(3, 8) == b"NTFS    " {
        let uuid: String = at(72, 8).iter().rev().map(|byte| format!("{byte:02X}")).collect();
        return Superblock { uuid: Some(uuid).filter(|uuid| !is_zero(uuid)), label: None };
    }
    if at(82, 5) == b"FAT32" {
        return Superblock { uuid: serial(at(67, 4)), label: fat_label(at(71, 11)) };
    }
    if at(54, 3) == b"FAT" {
        return Superblock { uuid: serial(at(39, 4)), label: fat_label(at(43, 11)) };
    }
    if at(1024 + 56, 2) == [0x53, 0xef] {
        let hex = hex(at(1024 + 104, 16));
        let uuid = format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]);
        let label = at(1024 + 120, 16).split(|byte| *byte == 0).next().unwrap_or_default();
        return Superblock { uuid: Some(uuid).filter(|uuid| !is_zero(uuid)), label: text(label) };
    }
    Superblock::default()
}

/// The serial number of FAT and exFAT, as `1234-ABCD`.
fn serial(bytes: &[u8]) -> Option<String> {
    let [a, b, c, d] = bytes else { return None };
    let serial = format!("{d:02X}{c:02X}-{b:02X}{a:02X}");
    Some(serial).filter(|serial| !is_zero(serial))
}

fn fat_label(bytes: &[u8]) -> Option<String> {
    text(bytes).filter(|label| label != "NO NAME")
}

fn text(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// Whether an id is none: volumes that were made without one have zeros.
pub(super) fn is_zero(id: &str) -> bool {
    id.bytes().all(|byte| matches!(byte, b'0' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_blkid() {
        let block = |parts: &[(usize, &[u8])]| {
            let mut bytes = vec![0; BYTES];
            for (at, part) in parts {
                bytes[*at..at + part.len()].copy_from_slice(part);
            }
            of(&bytes)
        };
        let fat = block(&[(82, b"FAT32   "), (67, &[0xcd, 0xab, 0x34, 0x12]), (71, b"MUSIC      ")]);
        assert_eq!((fat.uuid.as_deref(), fat.label.as_deref()), (Some("1234-ABCD"), Some("MUSIC")));
        let none = block(&[(82, b"FAT32   "), (71, b"NO NAME    ")]);
        assert_eq!(none, Superblock::default());
        let ntfs = block(&[(3, b"NTFS    "), (72, &[0x56, 0xdd, 0xb5, 0x24, 0xc0, 0xd3, 0x40, 0x3a])]);
        assert_eq!(ntfs.uuid.as_deref(), Some("3A40D3C024B5DD56"));
        let exfat = block(&[(3, b"EXFAT   "), (100, &[1, 0, 0, 0x10])]);
        assert_eq!(exfat.uuid.as_deref(), Some("1000-0001"));
        let ext = block(&[(1080, &[0x53, 0xef]), (1128, &[0x11; 16]), (1144, b"data\0")]);
        assert_eq!(
            (ext.uuid.as_deref(), ext.label.as_deref()),
            (Some("11111111-1111-1111-1111-111111111111"), Some("data"))
        );
    }
}
