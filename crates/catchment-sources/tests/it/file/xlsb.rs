//! A binary workbook (MS-XLSB), record by record.

use super::workbooks::{DAYS, TABLE, archive};

const REL: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

/// The table as a binary workbook.
pub(super) fn table_xlsb() -> Vec<u8> {
    let count = |count: u32| count.to_le_bytes().to_vec();
    let bundle = [vec![0; 4], count(1), wide("rId1"), wide("Songs")].concat();
    let book =
        [record(0x83, &[]), record(0x8f, &[]), record(0x9c, &bundle), record(0x90, &[]), record(0x84, &[])];
    let xf = |format: u16| record(0x2f, &[vec![0; 2], format.to_le_bytes().to_vec(), vec![0; 12]].concat());
    let formats = [record(0x269, &count(2)), xf(0), xf(14), record(0x26a, &[])].concat();
    let styles = [record(0x116, &[]), formats, record(0x117, &[])];
    let rels = format!(
        "<Relationships><Relationship Id=\"rId1\" Type=\"{REL}/worksheet\" Target=\"worksheets/sheet1.bin\"/></Relationships>"
    );
    archive(&[
        ("[Content_Types].xml", b"<Types/>"),
        ("xl/workbook.bin", &book.concat()),
        ("xl/_rels/workbook.bin.rels", rels.as_bytes()),
        ("xl/styles.bin", &styles.concat()),
        ("xl/worksheets/sheet1.bin", &sheet()),
    ])
}

fn sheet() -> Vec<u8> {
    let dimension: Vec<u8> = [0_u32, 5, 0, 4].iter().flat_map(|number| number.to_le_bytes()).collect();
    let mut sheet = [record(0x81, &[]), record(0x94, &dimension), record(0x91, &[]), row(0)].concat();
    for (column, name) in (0..).zip(["id", "title", "price", "day", "active"]) {
        sheet.extend(text(column, name));
    }
    for (index, (id, title, price, _, is_active)) in (0..).zip(TABLE) {
        sheet.extend(row(index + 1));
        sheet.extend(number(0, 0, id.parse().unwrap()));
        sheet.extend(text(1, title));
        sheet.extend(number(2, 0, price.parse().unwrap()));
        sheet.extend(number(3, 1, DAYS[index as usize].into()));
        sheet.extend(record(4, &[cell(4, 0), vec![u8::from(is_active)]].concat()));
    }
    sheet.extend([record(0x92, &[]), record(0x82, &[])].concat());
    sheet
}

fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = varint(kind.into());
    bytes.extend(varint(data.len()));
    bytes.extend(data);
    bytes
}

/// Seven bits a byte, the lowest first.
fn varint(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(number & 0x7f).unwrap();
        number >>= 7;
        bytes.push(if number > 0 { low | 0x80 } else { low });
        if number == 0 {
            return bytes;
        }
    }
}

fn wide(text: &str) -> Vec<u8> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let length = u32::try_from(units.len()).unwrap().to_le_bytes();
    [length.to_vec(), units.iter().flat_map(|unit| unit.to_le_bytes()).collect()].concat()
}

fn cell(column: u32, style: u32) -> Vec<u8> {
    [column.to_le_bytes(), style.to_le_bytes()].concat()
}

fn text(column: u32, text: &str) -> Vec<u8> {
    record(6, &[cell(column, 0), wide(text)].concat())
}

fn number(column: u32, style: u32, number: f64) -> Vec<u8> {
    record(5, &[cell(column, style), number.to_le_bytes().to_vec()].concat())
}

fn row(row: u32) -> Vec<u8> {
    record(0, &[row.to_le_bytes().to_vec(), vec![0; 21]].concat())
}
