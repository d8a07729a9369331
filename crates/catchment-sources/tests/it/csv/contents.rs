//! Files that are something else, by their first bytes; and text that only begins like something else.

use std::io::Write;

use catchment_core::{ErrorKind, Source};

use super::Sample;

/// The beginning of a zip archive with a file of this name.
fn zip(name: &str) -> Vec<u8> {
    let length = u8::try_from(name.len()).unwrap();
    let header = [&b"PK\x03\x04\x14\0\0\0\x08\0\0\0!\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], &[length, 0, 0, 0]];
    [&header.concat(), name.as_bytes(), b"\x8b\x05\x80\n,\x11"].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn utf_16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// The message that both reading and inspecting refuse it with.
async fn refusal(bytes: &[u8]) -> String {
    let sample = Sample::new(bytes);
    let read = sample.pages(None, 1000).await.pop().expect("an end of its own").unwrap_err();
    let inspected = sample.source().inspect([].into()).await.unwrap_err();
    for error in [&read, &inspected] {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Parsing, "not_csv"), "{error}");
    }
    read.message().to_owned()
}

#[tokio::test]
async fn files_of_other_kinds_are_refused_by_what_they_are() {
    let noise: Vec<u8> =
        (0..4096_u32).map(|number| number.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let tar = [&b"prices.csv"[..], &[0; 247], b"ustar\x0000", &[0; 200]].concat();
    for (bytes, what) in [
        (zip("xl/workbook.xml"), "it is an Excel workbook (xlsx); read it with the source type `file`"),
        (zip("word/document.xml"), "a Word document"),
        (zip("mimetypeapplication/vnd.oasis.opendocument.spreadsheet"), "LibreOffice (ods)"),
        (zip("prices.csv"), "a zip archive; unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0".to_vec(), "before 2007 (xls)"),
        (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\n".to_vec(), "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(), "an image (PNG)"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0".to_vec(), "an image (JPEG)"),
        (b"GIF89a\x01\0\x01\0\x80\0\0".to_vec(), "an image (GIF)"),
        (b"RIFF\x24\0\0\0WEBPVP8 ".to_vec(), "an image (WebP)"),
        (b"BM\x46\0\0\0\0\0\0\0\x36\0".to_vec(), "an image (BMP)"),
        (b"II*\0\x08\0\0\0".to_vec(), "an image (TIFF)"),
        (b"SQLite format 3\0\x10\0".to_vec(), "an SQLite database"),
        (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "a 7z archive"),
        (b"Rar!\x1a\x07\x01\0".to_vec(), "a rar archive"),
        (tar, "a tar archive"),
        (gzip(&gzip(b"a,b\n1,2\n")), "compressed twice (gzip)"),
        (gzip(&zip("xl/workbook.xml")), "an Excel workbook (xlsx)"),
        (noise, "binary"),
        ([&b"\0\0\0\x20ftypisom"[..], &[0, 1, 2, 3, 200]].concat(), "binary"),
    ] {
        let message = refusal(&bytes).await;
        assert!(message.contains(what), "{message} lacks {what}");
    }
}

#[tokio::test]
async fn text_of_other_formats_is_refused_by_what_it_is() {
    for (text, what) in [
        ("<!DOCTYPE html>\n<html><body>Not found</body></html>\n", "a web page (HTML)"),
        ("\u{feff}\n  <!-- cached -->\n<HTML lang=\"es\">\n<head>", "a web page (HTML)"),
        ("<?xml version=\"1.0\"?>\n<rss><channel/></rss>", "it is XML"),
        (
            "<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">",
            "XML of 2003",
        ),
        ("<table border=1>\n<tr><td>Silla</td></tr></table>", "a table of a web page"),
        ("{\"items\": [\n  {\"title\": \"Silla\"}\n]}\n", "it is JSON"),
        ("[\n  {\"title\": \"Silla, roja\"},\n  {\"title\": \"Mesa\"}\n]", "it is JSON"),
        ("{\"title\": \"Silla\", \"price\": 1}\n{\"title\": \"Mesa\", \"price\": 2}\n", "it is JSON"),
        ("[[\"Silla\", 1], [\"Mesa\", 2]]", "it is JSON"),
    ] {
        for bytes in [text.as_bytes().to_vec(), utf_16(text), gzip(text.as_bytes())] {
            let message = refusal(&bytes).await;
            assert!(message.contains(what), "{message} lacks {what}");
        }
    }
    let long = format!("[{}", "{\"title\": \"Silla\"},\n".repeat(20_000));
    assert!(refusal(long.as_bytes()).await.contains("it is JSON"), "of which the end is not looked at");
}

#[tokio::test]
async fn text_that_begins_like_another_format_is_read() {
    for text in [
        "[id],[name]\n1,2\n",
        "[1],[2]\n[3],[4]\n",
        "{id},{name}\n1,2\n",
        "{\"a\":1};x\n{\"a\":2};y\n",
        "{\"a\":1}\tx\n{\"a\":2}\ty\n",
        "<id>,<name>\n1,2\n",
        "<html>,text\n<b>x</b>,y\n",
        "<!-- note,b\n1,2\n",
        "PK,name\n1,2\n",
        "%PDF-1.4,name\n1,2\n",
        "GIF89a,name\n1,2\n",
        "BM,name\n1,2\n",
        "MM*,name\n1,2\n",
        "Rar!,name\n1,2\n",
        "SQLite format 3,name\n1,2\n",
        "a,b\n\0,2\n",
    ] {
        let read = Sample::new(text).read().await;
        assert_eq!((read.records.len(), read.rejects.len()), (1, 0), "{text}");
    }
}
