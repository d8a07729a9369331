//! What native files are exported as.

use super::table::separated;
use super::xlsx::workbook;
use crate::world::item::{Content, Item};
use crate::world::native::XLSX;
use crate::world::spreadsheet::{Spreadsheet, Tab};

/// Whether a file is one of an editor's.
pub(crate) const fn is_native(item: &Item) -> bool {
    matches!(item.content, Content::Native { .. } | Content::Sheet(_))
}

/// A file in another format; `None` where there is no such conversion. Only export links know a tab.
pub(crate) fn exported(item: &Item, mime: &str, gid: Option<u32>) -> Option<Vec<u8>> {
    match &item.content {
        Content::Sheet(sheet) => export_sheet(sheet, mime, gid),
        Content::Native { kind, text } => {
            kind.exports().iter().find(|(known, _)| *known == mime)?;
            Some(export_text(text, mime))
        }
        _ => None,
    }
}

/// The MIME type that an export link's short name stands for.
pub(crate) fn mime_of_format(item: &Item, format: &str) -> Option<&'static str> {
    let formats = match &item.content {
        Content::Sheet(_) => crate::world::native::SHEET_EXPORTS,
        Content::Native { kind, .. } => kind.exports(),
        _ => &[],
    };
    formats.iter().find(|(_, known)| *known == format).map(|(mime, _)| *mime)
}

fn export_sheet(sheet: &Spreadsheet, mime: &str, gid: Option<u32>) -> Option<Vec<u8>> {
    let tab: Option<&Tab> = match gid {
        Some(gid) => Some(sheet.tabs.iter().find(|tab| tab.gid == gid)?),
        None => sheet.visible().next(),
    };
    let rows = tab.map_or(&[][..], |tab| &tab.rows);
    match mime {
        "text/csv" => Some(separated(rows, ',').into_bytes()),
        "text/tab-separated-values" => Some(separated(rows, '\t').into_bytes()),
        "application/pdf" => Some(pdf(&separated(rows, ' '))),
        XLSX => Some(workbook(sheet)),
        _ => None,
    }
}

fn export_text(text: &str, mime: &str) -> Vec<u8> {
    match mime {
        // With the mark that Google writes.
        "text/plain" => format!("\u{feff}{text}").into_bytes(),
        "text/html" => format!("<html><body><p>{text}</p></body></html>").into_bytes(),
        "application/pdf" => pdf(text),
        _ => text.as_bytes().to_vec(),
    }
}

/// Enough of one to be told by its first bytes.
fn pdf(text: &str) -> Vec<u8> {
    format!("%PDF-1.4\n% {text}\n%%EOF\n").into_bytes()
}
