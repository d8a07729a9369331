//! Content types, told by the first bytes: what is no delimited text is refused by the name of what it is.

use catchment_core::{Error, ErrorKind, Result};
use memchr::memmem;
use serde::de::IgnoredAny;
use serde_json::Deserializer;

/// How much of a file tells that it is binary.
const LOOKED_AT_BYTES: usize = 4096;
const AS_FILE: &str = "read it with the source type `file`";
const AS_CSV: &str = "open it in a spreadsheet, save it as CSV (UTF-8), and read that";
const NO_TABLE: &str = "it holds no records; check that it is the right file";
const UNPACK: &str = "unpack it, and read the file in it";

/// What begins with bytes that no text begins with.
const SIGNATURES: [(&[u8], &str, &str); 19] = [
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an Excel workbook of before 2007 (xls), or another file of Office",
        AS_FILE,
    ),
    (b"PK\x05\x06", "an empty zip archive", NO_TABLE),
    (b"\x1f\x8b", "compressed twice (gzip)", "decompress it once, and read that"),
    (b"\x28\xb5\x2f\xfd", "compressed twice (Zstandard)", "decompress it once, and read that"),
    (b"\xfd7zXZ\0", "compressed by xz", "decompress it, or compress it by gzip or zstd"),
    (b"BZh91AY&SY", "compressed by bzip2", "decompress it, or compress it by gzip or zstd"),
    (b"\x04\x22\x4d\x18", "compressed by lz4", "decompress it, or compress it by gzip or zstd"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (b"Rar!\x1a\x07", "a rar archive", UNPACK),
    (
        b"SQLite format 3\0",
        "an SQLite database",
        "export its table as CSV, such as with `sqlite3 -csv -header`",
    ),
    (b"\x89PNG\r\n\x1a\n", "an image (PNG)", NO_TABLE),
    (b"\xff\xd8\xff", "an image (JPEG)", NO_TABLE),
    (b"II*\0", "an image (TIFF)", NO_TABLE),
    (b"MM\0*", "an image (TIFF)", NO_TABLE),
    (b"PAR1\x15", "a Parquet file", "export it as CSV"),
    (b"Obj\x01", "an Avro file", "export it as CSV"),
    (b"ARROW1\0\0", "an Arrow file", "export it as CSV"),
    (b"\x7fELF", "a program (ELF)", NO_TABLE),
    (b"{\\rtf1", "a text document (RTF)", "save its table as CSV (UTF-8), and read that"),
];

/// What is in a zip archive, by the names of its files.
const ZIPPED: [(&str, &str, &str); 7] = [
    ("xl/", "an Excel workbook (xlsx)", AS_FILE),
    ("opendocument.spreadsheet", "a spreadsheet of LibreOffice (ods)", AS_FILE),
    ("word/", "a Word document (docx)", "save its table as CSV (UTF-8), and read that"),
    ("opendocument.text", "a text document (odt)", "save its table as CSV (UTF-8), and read that"),
    ("ppt/", "a presentation (pptx)", NO_TABLE),
    ("Index/Document.iwa", "a spreadsheet or document of iWork", AS_CSV),
    ("[Content_Types].xml", "a document of Office", AS_CSV),
];

/// Refuses content that is no text, whatever the encoding; `head` is decompressed.
///
/// # Errors
/// `parsing`, `not_csv`.
pub(crate) fn refuse_binary(head: &[u8]) -> Result<()> {
    if let Some((_, what, remedy)) = SIGNATURES.iter().find(|(signature, ..)| head.starts_with(signature)) {
        return Err(not_csv(what, remedy));
    }
    if head.starts_with(b"PK\x03\x04") {
        let names = |name: &str| memmem::find(head, name.as_bytes()).is_some();
        let kind = ZIPPED.iter().find(|(name, ..)| names(name));
        return Err(
            kind.map_or_else(|| not_csv("a zip archive", UNPACK), |(_, what, remedy)| not_csv(what, remedy))
        );
    }
    let is_zero =
        |from: usize, to: usize| head.get(from..to).is_some_and(|bytes| bytes.iter().all(|byte| *byte == 0));
    // What begins with letters may be text: what follows them must be as there.
    match head {
        [b'%', b'P', b'D', b'F', b'-', ..] if memmem::find(head, b" obj").is_some() => {
            Err(not_csv("a PDF document", "export its table as CSV, and read that"))
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] if head.contains(&0) => {
            Err(not_csv("an image (GIF)", NO_TABLE))
        }
        [b'B', b'M', ..] if is_zero(6, 10) => Err(not_csv("an image (BMP)", NO_TABLE)),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] if head.contains(&0) => {
            Err(not_csv("an image (WebP)", NO_TABLE))
        }
        _ if head.get(257..262) == Some(b"ustar") => Err(not_csv("a tar archive", UNPACK)),
        _ => Ok(()),
    }
}

/// Refuses text that is that of another format, or of none; `is_whole` where `text` is all of it.
///
/// # Errors
/// `parsing`, `not_csv`.
pub(crate) fn refuse_other_text(text: &str, is_whole: bool) -> Result<()> {
    if is_binary(&text[..text.floor_char_boundary(LOOKED_AT_BYTES)]) {
        return Err(not_csv(
            "binary, and no text",
            "check that it is the right file, or set the option `encoding`",
        ));
    }
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if let Some(what) = markup(text) {
        return Err(not_csv(
            what,
            "check that it is the right file; where it is a page of a site, download the file itself",
        ));
    }
    if is_json(text, is_whole) {
        return Err(not_csv(
            "JSON",
            "read it with the source type `file`; the JSON of an API at a URL is read with the type `api`",
        ));
    }
    Ok(())
}

/// Whether more than one character of twenty is of no text; some are in any. Escape sequences and separators of ASCII are of
/// text.
fn is_binary(beginning: &str) -> bool {
    let is_foreign = |char: &char| matches!(char, '\0'..='\x08' | '\x0e'..='\x1a' | '\x7f');
    let count = beginning.chars().filter(is_foreign).count();
    count > 4 && count * 20 > beginning.chars().count()
}

/// What a text that begins like markup is. A field may begin with `<` as well: behind the first tag of a document comes
/// another tag.
fn markup(text: &str) -> Option<&'static str> {
    let mut text = text;
    while let Some(comment) = text.strip_prefix("<!--") {
        text = comment.split_once("-->")?.1.trim_start();
    }
    let (tag, after) = text.strip_prefix('<')?.split_once('>')?;
    let name = tag.split(|char: char| !char.is_ascii_alphanumeric() && !"!?".contains(char)).next()?;
    let after = after.trim_start();
    let is_inside = after.is_empty() || after.starts_with('<');
    match name.to_ascii_lowercase().as_str() {
        "?xml" if text.contains("<html") => Some("a web page (HTML)"),
        "?xml" if text.contains("urn:schemas-microsoft-com:office:spreadsheet") => {
            Some("an Excel workbook (XML of 2003)")
        }
        "?xml" if is_inside => Some("XML"),
        "!doctype" if is_inside => {
            let is_html = tag["!doctype".len()..].trim_start().to_ascii_lowercase().starts_with("html");
            Some(if is_html { "a web page (HTML)" } else { "XML" })
        }
        "html" | "head" | "body" if is_inside => Some("a web page (HTML)"),
        "table" if is_inside => Some("a table of a web page (HTML), as which some programs export their xls"),
        "svg" if is_inside => Some("an image (SVG)"),
        _ => None,
    }
}

/// Whether a text is JSON, or one value a line of it. A field may begin with `[` or `{` as well, but what it begins with it
/// would be JSON as far as the text goes, and not be followed by a delimiter.
fn is_json(text: &str, is_whole: bool) -> bool {
    if !text.starts_with(['{', '[']) {
        return false;
    }
    let mut values = Deserializer::from_str(text).into_iter::<IgnoredAny>();
    match values.next() {
        Some(Ok(_)) => {
            let rest = text[values.byte_offset()..].trim_start_matches(' ');
            rest.is_empty() || rest.starts_with(['\n', '\r', '{', '['])
        }
        Some(Err(error)) => error.is_eof() && !is_whole,
        None => false,
    }
}

fn not_csv(what: &str, remedy: &str) -> Error {
    Error::new(ErrorKind::Parsing, "not_csv", format!("the file is not CSV: it is {what}; {remedy}"))
}
