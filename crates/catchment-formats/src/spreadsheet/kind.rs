//! Which kind of workbook a file is, by what it holds.

use catchment_core::Result;
use memchr::memmem;

use crate::Blob;
use crate::archive::{Archive, SIGNATURE};

/// What a file of Office before 2007 begins with, and a protected one of since then (Compound File Binary).
const COMPOUND: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";

/// A kind of workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WorkbookKind {
    /// Excel since 2007, with macros or without.
    Xlsx,
    /// The same in binary.
    Xlsb,
    /// Excel before 2007.
    Xls,
    /// LibreOffice.
    Ods,
}

impl WorkbookKind {
    /// Its name as an option.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Xlsx => "xlsx",
            Self::Xlsb => "xlsb",
            Self::Xls => "xls",
            Self::Ods => "ods",
        }
    }

    /// What a file that begins with `head` is; `None` for what is no workbook.
    ///
    /// # Errors
    /// `parsing`, `damaged_archive`.
    pub(crate) fn of(blob: &Blob, head: &[u8]) -> Result<Option<Self>> {
        if head.starts_with(COMPOUND) {
            return Ok(Some(Self::Xls));
        }
        // Only the end of an archive says what is in it.
        if !head.starts_with(SIGNATURE) || !blob.is_whole() {
            return Ok(Self::of_head(head));
        }
        Ok(Self::of_archive(&blob.archive()?))
    }

    /// What a file that begins with `head` seems to be, where only its beginning can be looked at.
    pub(crate) fn of_head(head: &[u8]) -> Option<Self> {
        let has = |name: &str| memmem::find(head, name.as_bytes()).is_some();
        match () {
            () if head.starts_with(COMPOUND) => Some(Self::Xls),
            () if !head.starts_with(SIGNATURE) => None,
            () if has("opendocument.spreadsheet") => Some(Self::Ods),
            () if has("xl/") || has("[Content_Types].xml") => Some(Self::Xlsx),
            () => None,
        }
    }

    fn of_archive(archive: &Archive) -> Option<Self> {
        let has = |name| archive.member(name).is_some();
        match () {
            () if has("xl/workbook.bin") => Some(Self::Xlsb),
            () if archive.has_below("xl/") => Some(Self::Xlsx),
            () if has("content.xml") && (has("META-INF/manifest.xml") || has("mimetype")) => Some(Self::Ods),
            () => None,
        }
    }
}
