//! What a source on a volume is called: the volume by its id or its label, with a folder in it; a path; or all volumes.

use std::path::{Component, Path, PathBuf};

use catchment_core::{Error, Result, absolute_path};

/// What is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UsbId {
    /// The volume of this id, and a folder in it.
    Volume { id: String, folder: String },
    /// The volume of this label.
    Label { name: String, folder: String },
    /// The volume that is mounted there, or a folder that is on none.
    Path(PathBuf),
    /// All removable volumes that are there.
    All,
}

impl UsbId {
    /// # Errors
    /// `config`, `bad_volume`, with what would be accepted.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::All);
        }
        if let Some(rest) = text.strip_prefix("volume:") {
            let (id, folder) = split(rest)?;
            return Ok(Self::Volume { id, folder });
        }
        if let Some(rest) = text.strip_prefix("label:") {
            let (name, folder) = split(rest)?;
            return Ok(Self::Label { name, folder });
        }
        if text.is_empty() || text.contains("://") {
            return Err(bad(&format!("`{text}` is no volume")));
        }
        absolute_path(Path::new(text)).map(Self::Path)
    }

    /// The one spelling.
    pub(super) fn normalized(&self) -> String {
        match self {
            Self::Volume { id, folder } => volume_id(id, folder),
            Self::Label { name, folder } if folder.is_empty() => format!("label:{name}"),
            Self::Label { name, folder } => format!("label:{name}/{folder}"),
            Self::Path(path) => path.to_string_lossy().into_owned(),
            Self::All => "*".to_owned(),
        }
    }
}

/// How a volume with a folder in it is called.
pub(super) fn volume_id(id: &str, folder: &str) -> String {
    let id = canonical(id);
    if folder.is_empty() { format!("volume:{id}") } else { format!("volume:{id}/{folder}") }
}

/// Whether two ids are the same: `1234-5678` is `12345678`, in whatever case.
pub(super) fn is_same_id(one: &str, other: &str) -> bool {
    canonical(one) == canonical(other)
}

/// The one spelling of an id, also of a volume that is away: as blkid prints those of FAT and exFAT (`1234-ABCD`), NTFS (16 digits)
/// and UUIDs (RFC 9562). Another one stays as it is.
pub(super) fn canonical(id: &str) -> String {
    if id.starts_with("part-") {
        return id.to_ascii_lowercase();
    }
    let parts: Vec<_> = id.split('-').map(str::len).collect();
    let digits = id.replace('-', "");
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return id.to_owned();
    }
    let (upper, lower) = (digits.to_ascii_uppercase(), digits.to_ascii_lowercase());
    match parts[..] {
        [8] | [4, 4] => format!("{}-{}", &upper[..4], &upper[4..]),
        [16] => upper,
        [32] | [8, 4, 4, 4, 12] => {
            let parts = [&lower[..8], &lower[8..12], &lower[12..16], &lower[16..20], &lower[20..]];
            parts.join("-")
        }
        _ => id.to_owned(),
    }
}

/// The one spelling of what names a volume, with or without `volume:` before it.
pub fn volume_name(text: &str) -> String {
    canonical(text.trim().strip_prefix("volume:").unwrap_or(text.trim()))
}

fn split(text: &str) -> Result<(String, String)> {
    let (name, folder) = text.split_once('/').unwrap_or((text, ""));
    let mut parts = Vec::new();
    for part in Path::new(folder.trim_matches('/')).components() {
        match part {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            _ => return Err(bad(&format!("`{folder}` leads out of the volume"))),
        }
    }
    if name.trim().is_empty() {
        return Err(bad("no volume is named"));
    }
    Ok((name.trim().to_owned(), parts.join("/")))
}

fn bad(problem: &str) -> Error {
    let message = format!(
        "{problem}; give `volume:ID`, `label:NAME`, either with a folder behind it (`label:MUSIC/Rock`), the path where it is mounted, or `*` for \
         all removable volumes (`catchment volumes` lists them)"
    );
    Error::config("bad_volume", message.clone()).with_detail("/sourceIdentifier", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_have_one_spelling() {
        for (text, expected) in [
            ("volume:1234-5678", "volume:1234-5678"),
            (" volume:1234-5678/Rock//Live/ ", "volume:1234-5678/Rock/Live"),
            ("label:MY STICK/./a", "label:MY STICK/a"),
            ("/media/./x/../stick", "/media/stick"),
            ("*", "*"),
        ] {
            assert_eq!(UsbId::parse(text).unwrap().normalized(), expected);
        }
        for text in ["", "volume:", "label:/x", "volume:1/../..", "ftp://x"] {
            assert_eq!(UsbId::parse(text).unwrap_err().code(), "bad_volume", "{text}");
        }
        assert!(is_same_id("1234-ABCD", "1234abcd") && !is_same_id("1234", "1235"));
        assert!(!is_same_id("usb-1-2-AB1-1", "usb-1-2-AB-11"));
    }

    #[test]
    fn an_id_is_spelled_alike_whether_its_volume_is_there_or_not() {
        for (text, expected) in [
            ("1234abcd", "1234-ABCD"),
            ("1234-abcd", "1234-ABCD"),
            ("3a40d3c024b5dd56", "3A40D3C024B5DD56"),
            ("9F86D081884C4D659A2FEAA0C55AD015", "9f86d081-884c-4d65-9a2f-eaa0c55ad015"),
            ("part-00021234-01", "part-00021234-01"),
            // A disc's, by its date (ISO 9660).
            ("2024-01-02-03-04-05-00", "2024-01-02-03-04-05-00"),
            ("usb-abcd-1234-Ab_1-0", "usb-abcd-1234-Ab_1-0"),
        ] {
            assert_eq!(
                UsbId::parse(&format!("volume:{text}")).unwrap().normalized(),
                format!("volume:{expected}")
            );
        }
    }
}
