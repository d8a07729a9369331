//! Workbooks that are damaged, cut off, or made to do harm: errors, and nothing else.

use std::io::Write;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::json;

use super::workbooks::{ods, rows, table_ods, table_xlsx, xlsx, xlsx_with};
use super::xlsb::table_xlsb;
use super::{Dir, NONE, run};

/// Reads it, and says with what code it fails; a panic of the reading is `panic`.
async fn code(bytes: &[u8]) -> String {
    let dir = Dir::of("a.bin", bytes);
    let read = run(dir.path("a.bin"), NONE(), None).await;
    read.code().split(':').next().unwrap_or_default().to_owned()
}

fn all() -> [(&'static str, Vec<u8>); 4] {
    [
        ("xlsx", table_xlsx()),
        ("ods", table_ods()),
        ("xlsb", table_xlsb()),
        ("xls", include_bytes!("table.xls").to_vec()),
    ]
}

#[tokio::test]
async fn workbooks_that_are_cut_off_are_errors_or_whole() {
    for (name, bytes) in all() {
        for end in (0..bytes.len()).step_by(bytes.len() / 60 + 1).skip(1) {
            let dir = Dir::of("a.bin", &bytes[..end]);
            let read = run(dir.path("a.bin"), NONE(), None).await;
            // What follows the sheet in a compound file says nothing of it.
            let is_whole = name == "xls" && read.rows.len() == 5;
            assert!(is_whole || !read.code().is_empty(), "{name} cut off at {end}: {read:?}");
            assert!(!read.code().starts_with("panic"), "{name} cut off at {end}");
        }
    }
}

#[tokio::test]
async fn workbooks_with_flipped_bits_never_end_the_process() {
    let mut seed = 7_u64;
    for (name, bytes) in all() {
        for _ in 0..60 {
            let mut bytes = bytes.clone();
            for _ in 0..3 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let place = usize::try_from(seed >> 33).unwrap() % bytes.len();
                bytes[place] ^= 1 << (seed % 8);
            }
            assert_ne!(code(&bytes).await, "panic", "{name}");
        }
    }
}

/// A workbook, one part of which is so many mebibytes of zeros, packed to a thousandth.
fn bomb(part: &str, mebibytes: usize) -> Vec<u8> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    (0..mebibytes).for_each(|_| packed.write_all(&zeros).unwrap());
    let packed = packed.finish().unwrap();
    let rels = b"<Relationships><Relationship Id=\"1\" Type=\"x/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>";
    let book = b"<workbook><sheets><sheet name=\"S\" r:id=\"a\"/></sheets></workbook>";
    let refs = b"<Relationships><Relationship Id=\"a\" Type=\"x/worksheet\" Target=\"s.xml\"/><Relationship Id=\"b\" \
                 Type=\"x/sharedStrings\" Target=\"t.xml\"/></Relationships>";
    let sheet = b"<worksheet><sheetData><row><c><v>1</v></c></row></sheetData></worksheet>";
    let parts: [(&str, &[u8]); 5] = [
        ("_rels/.rels", rels),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", refs),
        ("xl/s.xml", sheet),
        ("xl/t.xml", b"<sst/>"),
    ];
    raw_archive(
        parts.map(|(name, bytes)| if name == part { (name, true, &*packed) } else { (name, false, bytes) }),
    )
}

/// An archive of parts that are packed or not, and whose sizes lie.
fn raw_archive(parts: [(&str, bool, &[u8]); 5]) -> Vec<u8> {
    let le = |number: usize, size: usize| number.to_le_bytes()[..size].to_vec();
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, is_packed, bytes) in parts {
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let sizes =
            [le(crc.sum() as usize, 4), le(bytes.len(), 4), le(bytes.len(), 4), le(name.len(), 2)].concat();
        let facts = [le(20, 2), le(0, 2), le(if is_packed { 8 } else { 0 }, 2), le(0, 4), sizes].concat();
        let start = le(zip.len(), 4);
        zip.extend([b"PK\x03\x04".to_vec(), facts.clone(), le(0, 2), name.into(), bytes.to_vec()].concat());
        directory
            .extend([b"PK\x01\x02".to_vec(), le(20, 2), facts, vec![0; 12], start, name.into()].concat());
    }
    let (start, length, count) = (le(zip.len(), 4), le(directory.len(), 4), le(parts.len(), 2));
    zip.extend(directory);
    zip.extend([b"PK\x05\x06".to_vec(), le(0, 4), count.clone(), count, length, start, le(0, 2)].concat());
    zip
}

#[tokio::test]
async fn zeros_that_were_packed_small_are_refused_early() {
    for part in ["_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/s.xml", "xl/t.xml"] {
        assert_eq!(code(&bomb(part, 300)).await, "damaged_workbook", "{part}");
    }
}

#[tokio::test]
async fn structures_that_promise_more_than_they_have_are_bounded() {
    let cell = "<table:table-cell office:value-type=\"float\" office:value=\"1\" table:number-columns-repeated=\"99999999999\"/>";
    let wide = ods(&[("S", &format!("<table:table-row>{cell}</table:table-row>"))]);
    assert_eq!(code(&wide).await, "damaged_workbook");
    let cell = "<table:table-cell office:value-type=\"float\" office:value=\"1\"/>";
    let tall = ods(&[(
        "S",
        &format!("<table:table-row table:number-rows-repeated=\"99999999999\">{cell}</table:table-row>"),
    )]);
    assert_eq!(code(&tall).await, "damaged_workbook");
    let far = "<sheetData><row r=\"1\"><c r=\"XFE1\"><v>1</v></c></row></sheetData>";
    assert_eq!(code(&xlsx(&[("S", false, far)])).await, "damaged_workbook");
    let low = "<sheetData><row r=\"1048577\"><c><v>1</v></c></row></sheetData>";
    assert_eq!(code(&xlsx(&[("S", false, low)])).await, "damaged_workbook");
    let back = "<sheetData><row r=\"2\"><c><v>1</v></c></row><row r=\"1\"><c><v>1</v></c></row></sheetData>";
    assert_eq!(code(&xlsx(&[("S", false, back)])).await, "damaged_workbook");
    let text = "<sheetData><row><c t=\"s\"><v>7</v></c></row></sheetData>";
    assert_eq!(code(&xlsx(&[("S", false, text)])).await, "damaged_workbook");
    let cut = "<sheetData><row><c><v>1</v></c></row>";
    assert_eq!(code(&xlsx(&[("S", false, cut)])).await, "damaged_workbook");
}

#[tokio::test]
async fn what_small_files_unfold_into_is_bounded() {
    let text = "x".repeat(100_000);
    let cell = format!(
        "<table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"16000\"><text:p>{text}</text:p></table:table-cell>"
    );
    assert_eq!(
        code(&ods(&[("S", &format!("<table:table-row>{cell}</table:table-row>"))])).await,
        "damaged_workbook"
    );
    let spaces = "<text:s text:c=\"32768\"/>".repeat(1000);
    let cell = format!(
        "<table:table-cell office:value-type=\"string\"><text:p>{spaces}</text:p></table:table-cell>"
    );
    assert_eq!(
        code(&ods(&[("S", &format!("<table:table-row>{cell}</table:table-row>"))])).await,
        "damaged_workbook"
    );
    let nested = format!("<sheetData>{}", "<a>".repeat(1000));
    assert_eq!(code(&xlsx(&[("S", false, &nested)])).await, "damaged_workbook");
    // Two cells at the ends of a row cost as much as all between them.
    let row = |row: u32| {
        format!("<row r=\"{row}\"><c r=\"A{row}\"><v>1</v></c><c r=\"XFD{row}\"><v>1</v></c></row>")
    };
    let wide = format!("<sheetData>{}</sheetData>", (1..40).map(row).collect::<String>());
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, &wide)]));
    assert!(
        run(dir.path("a.xlsx"), json!({"maxCells": 100_000}), None)
            .await
            .code()
            .starts_with("sheet_too_large")
    );
    // A value of JSON that is no record.
    let long = "x".repeat(70 << 20);
    let dir = Dir::of("a.json", format!("{{\"note\": \"{long}\", \"data\": [{{\"id\": 1}}]}}"));
    assert!(
        run(dir.path("a.json"), json!({"dataPath": "data"}), None).await.code().starts_with("value_too_long")
    );
}

#[tokio::test]
async fn entities_are_not_expanded() {
    let bomb = "<si><t>&a;&a;&lt;</t></si>";
    let sheet = "<sheetData><row><c t=\"str\"><v>id</v></c><c t=\"str\"><v>t</v></c></row><row><c><v>1</v></c><c t=\"s\"><v>0</v></c></row></sheetData>";
    let dir = Dir::of("a.xlsx", xlsx_with(&[("S", false, sheet)], "", bomb));
    let read = run(dir.path("a.xlsx"), NONE(), None).await;
    assert_eq!(read.rows, ["sheet `S`, row 2: 1|&a;&a;<"]);
}

#[tokio::test]
async fn a_text_longer_than_a_cell_is_refused() {
    let long = "x".repeat(2 << 20);
    let data = rows(&[&["id", "title"], &["1", &long]]);
    assert_eq!(code(&xlsx(&[("S", false, &data)])).await, "damaged_workbook");
    let dir = Dir::of("a.json", format!("[{{\"id\": \"{long}\"}}, {{\"id\": \"b\"}}]"));
    let read = run(dir.path("a.json"), json!({"maxRecordBytes": 1000}), None).await;
    assert_eq!((read.rows.len(), read.rejects[0].code), (1, "record_too_long"));
}
