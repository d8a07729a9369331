//! Workbooks as programs write them, part by part.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// The table that is in all formats: id, title, price, day, active.
pub(super) const TABLE: [(&str, &str, &str, &str, bool); 5] = [
    ("1", "Canción del Mariachi", "54900.5", "2026-11-24", true),
    ("2", "Für Elise", "4.35", "1999-12-31", false),
    ("3", "夜に駆ける", "0.3", "2026-02-28", true),
    ("4", "a, \"b\"; c", "1234567.89", "1900-03-01", false),
    ("5", "Ночь", "7501055300075", "2024-02-29", true),
];
/// The days of the table, from 1900.
pub(super) const DAYS: [u32; 5] = [46_350, 36_525, 46_081, 61, 45_351];

/// An archive of these parts.
pub(super) fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A workbook with these sheets: the name, whether it is hidden, and what stands in its `worksheet`. Style 1 is a date, 2 a date
/// and time, 3 a time, 4 a share of a hundred.
pub(super) fn xlsx(sheets: &[(&str, bool, &str)]) -> Vec<u8> {
    xlsx_with(sheets, "", "")
}

/// The same with attributes of the workbook, and texts that cells share.
pub(super) fn xlsx_with(sheets: &[(&str, bool, &str)], properties: &str, shared: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let mut book = format!("<workbook xmlns=\"{MAIN}\" xmlns:r=\"{REL}\"><workbookPr {properties}/><sheets>");
    let mut rels = format!(
        "<Relationships><Relationship Id=\"s\" Type=\"{REL}/styles\" Target=\"styles.xml\"/>\
         <Relationship Id=\"t\" Type=\"{REL}/sharedStrings\" Target=\"/xl/sharedStrings.xml\"/>"
    );
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for (index, (name, is_hidden, content)) in sheets.iter().enumerate() {
        let state = if *is_hidden { " state=\"hidden\"" } else { "" };
        book += &format!("<sheet name=\"{name}\" sheetId=\"{}\"{state} r:id=\"r{index}\"/>", index + 1);
        rels += &format!(
            "<Relationship Id=\"r{index}\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet{index}.xml\"/>"
        );
        let sheet = format!("<?xml version=\"1.0\"?><worksheet xmlns=\"{MAIN}\">{content}</worksheet>");
        parts.push((format!("xl/worksheets/sheet{index}.xml"), sheet.into_bytes()));
    }
    let root = format!(
        "<Relationships><Relationship Id=\"1\" Type=\"{REL}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    let styles = "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"dd/mm/yyyy\\ hh:mm\"/></numFmts><cellStyleXfs><xf \
                  numFmtId=\"9\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/><xf numFmtId=\"164\"/><xf \
                  numFmtId=\"20\"/><xf numFmtId=\"9\"/></cellXfs></styleSheet>";
    parts.push(("[Content_Types].xml".to_owned(), b"<Types/>".to_vec()));
    parts.push(("_rels/.rels".to_owned(), root.into_bytes()));
    parts.push(("xl/workbook.xml".to_owned(), (book + "</sheets></workbook>").into_bytes()));
    parts.push(("xl/_rels/workbook.xml.rels".to_owned(), (rels + "</Relationships>").into_bytes()));
    parts.push(("xl/styles.xml".to_owned(), styles.as_bytes().to_vec()));
    parts.push(("xl/sharedStrings.xml".to_owned(), format!("<sst>{shared}</sst>").into_bytes()));
    let parts: Vec<_> = parts.iter().map(|(name, bytes)| (&**name, &**bytes)).collect();
    archive(&parts)
}

/// Rows of texts and numbers, from row 1: what looks like a number is one, nothing is no cell.
pub(super) fn rows(rows: &[&[&str]]) -> String {
    let mut data = "<sheetData>".to_owned();
    for (index, cells) in rows.iter().enumerate() {
        data += &format!("<row r=\"{}\">", index + 1);
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let place = format!("{}{}", char::from(b'A' + u8::try_from(column).unwrap()), index + 1);
            data += &match cell.strip_prefix('#') {
                Some(error) => format!("<c r=\"{place}\" t=\"e\"><f>1/0</f><v>#{error}</v></c>"),
                None if cell.parse::<f64>().is_ok() => format!("<c r=\"{place}\"><v>{cell}</v></c>"),
                None => format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(cell)),
            };
        }
        data += "</row>";
    }
    data + "</sheetData>"
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// The table as a workbook.
pub(super) fn table_xlsx() -> Vec<u8> {
    let mut data = rows(&[&["id", "title", "price", "day", "active"]]);
    data.truncate(data.len() - "</sheetData>".len());
    let mut shared = String::new();
    for (index, (id, title, price, _, is_active)) in TABLE.iter().enumerate() {
        shared += &format!("<si><r><t>{}</t></r><rPh><t>no</t></rPh></si>", escaped(title));
        // As programs store it: 4.35 is 4.3499999999999996.
        let price = format!("{:.17}", price.parse::<f64>().unwrap());
        let (day, is_active) = (DAYS[index], u8::from(*is_active));
        data += &format!(
            "<row><c><v>{id}</v></c><c t=\"s\"><v>{index}</v></c><c><v>{price}</v></c><c s=\"1\"><v>{day}</v></c><c \
             t=\"b\"><v>{is_active}</v></c></row>"
        );
    }
    xlsx_with(&[("Songs", false, &(data + "</sheetData>"))], "", &shared)
}

/// The same in OpenDocument.
pub(super) fn table_ods() -> Vec<u8> {
    let text = |text: &str| {
        format!(
            "<table:table-cell office:value-type=\"string\"><text:p>{}</text:p></table:table-cell>",
            escaped(text)
        )
    };
    let mut data: String = format!(
        "<table:table-row>{}</table:table-row>",
        ["id", "title", "price", "day", "active"].map(text).concat()
    );
    for (id, title, price, day, is_active) in TABLE {
        data += &format!(
            "<table:table-row><table:table-cell office:value-type=\"float\" office:value=\"{id}\"/>{}<table:table-cell \
             office:value-type=\"currency\" office:value=\"{price}\"/><table:table-cell office:value-type=\"date\" \
             office:date-value=\"{day}\"><text:p>x</text:p></table:table-cell><table:table-cell office:value-type=\"boolean\" \
             office:boolean-value=\"{is_active}\"/><table:table-cell table:number-columns-repeated=\"16379\"/></table:table-row>",
            text(title)
        );
    }
    data += "<table:table-row table:number-rows-repeated=\"1048570\"><table:table-cell table:number-columns-repeated=\"16384\"/></table:table-row>";
    ods(&[("Songs", &data)])
}

/// A document with these tables.
pub(super) fn ods(tables: &[(&str, &str)]) -> Vec<u8> {
    let mut content = "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body><office:spreadsheet>".to_owned();
    for (name, data) in tables {
        content += &format!("<table:table table:name=\"{name}\">{data}</table:table>");
    }
    content += "</office:spreadsheet></office:body></office:document-content>";
    archive(&[
        ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
        ("META-INF/manifest.xml", b"<manifest:manifest xmlns:manifest=\"m\"/>"),
        ("content.xml", content.as_bytes()),
    ])
}
