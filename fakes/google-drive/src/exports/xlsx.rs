//! A small but valid workbook: the visible tabs with their real values.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::world::cell::Cell;
use crate::world::spreadsheet::{Spreadsheet, Tab};

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// A number, and a number that is a date.
const STYLES: &str = "<fonts count=\"1\"><font/></fonts><fills count=\"1\"><fill/></fills><borders count=\"1\">\
                      <border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs><cellXfs count=\"2\">\
                      <xf numFmtId=\"0\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/></cellXfs>";

/// A spreadsheet as xlsx.
pub(crate) fn workbook(sheet: &Spreadsheet) -> Vec<u8> {
    let tabs: Vec<&Tab> = sheet.visible().collect();
    let mut parts = vec![
        ("[Content_Types].xml".to_owned(), content_types(tabs.len())),
        ("_rels/.rels".to_owned(), relationships(&[(1, "officeDocument", "xl/workbook.xml".to_owned())])),
        ("xl/workbook.xml".to_owned(), workbook_part(&tabs)),
        ("xl/_rels/workbook.xml.rels".to_owned(), workbook_relationships(tabs.len())),
        ("xl/styles.xml".to_owned(), format!("{XML}<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>")),
    ];
    for (index, tab) in tabs.iter().enumerate() {
        parts.push((format!("xl/worksheets/sheet{}.xml", index + 1), worksheet(tab)));
    }
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn content_types(tabs: usize) -> String {
    let mut text = format!(
        "{XML}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Override \
         PartName=\"/xl/workbook.xml\" ContentType=\"{TYPE}.sheet.main+xml\"/><Override PartName=\"/xl/styles.xml\" \
         ContentType=\"{TYPE}.styles+xml\"/>"
    );
    for number in 1..=tabs {
        let part = format!("PartName=\"/xl/worksheets/sheet{number}.xml\"");
        write!(text, "<Override {part} ContentType=\"{TYPE}.worksheet+xml\"/>").unwrap();
    }
    text + "</Types>"
}

fn relationships(parts: &[(usize, &str, String)]) -> String {
    let part = |(id, kind, target): &(usize, &str, String)| {
        format!("<Relationship Id=\"rId{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
    };
    let parts: String = parts.iter().map(part).collect();
    format!("{XML}<Relationships xmlns=\"{PACKAGE}/relationships\">{parts}</Relationships>")
}

fn workbook_relationships(tabs: usize) -> String {
    let sheets = (1..=tabs).map(|number| (number, "worksheet", format!("worksheets/sheet{number}.xml")));
    relationships(&sheets.chain([(tabs + 1, "styles", "styles.xml".to_owned())]).collect::<Vec<_>>())
}

fn workbook_part(tabs: &[&Tab]) -> String {
    let sheet = |(index, tab): (usize, &&Tab)| {
        let (number, name) = (index + 1, escape(&tab.title));
        format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>")
    };
    let sheets: String = tabs.iter().enumerate().map(sheet).collect();
    format!("{XML}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>{sheets}</sheets></workbook>")
}

fn worksheet(tab: &Tab) -> String {
    let row = |(index, cells): (usize, &Vec<Cell>)| {
        let number = index + 1;
        let cells: String =
            cells.iter().enumerate().map(|(column, value)| cell(&address(column, number), value)).collect();
        format!("<row r=\"{number}\">{cells}</row>")
    };
    let rows: String = tab.rows.iter().enumerate().map(row).collect();
    format!("{XML}<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>")
}

fn cell(address: &str, cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => {
            let text = escape(text);
            format!("<c r=\"{address}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{text}</t></is></c>")
        }
        Cell::Number { value, .. } => format!("<c r=\"{address}\"><v>{value}</v></c>"),
        Cell::Bool(value) => format!("<c r=\"{address}\" t=\"b\"><v>{}</v></c>", u8::from(*value)),
        Cell::Date { serial, .. } => format!("<c r=\"{address}\" s=\"1\"><v>{serial}</v></c>"),
        Cell::Formula { result, .. } => self::cell(address, result),
    }
}

fn address(column: usize, row: usize) -> String {
    format!("{}{row}", crate::sheets::a1::column_letters(column))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
