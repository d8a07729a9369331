//! The rows of a sheet.

use std::sync::Arc;

use catchment_core::Result;
use quick_xml::events::{BytesStart, Event};

use super::strings::{Strings, text_of};
use crate::spreadsheet::date::{DateSystem, NumberFormat, of_iso, show};
use crate::spreadsheet::number;
use crate::spreadsheet::options::{CellCount, SheetLimits};
use crate::spreadsheet::row::{CellKind, Row, WITHOUT_VALUE};
use crate::spreadsheet::spans::{Span, Spans};
use crate::spreadsheet::workbook::{MAX_COLUMNS, MAX_ROW_BYTES, MAX_ROWS, Rows};
use crate::spreadsheet::xml::{Xml, attribute};

/// The rows of a sheet, as they stand in its part.
pub(super) struct XlsxRows {
    xml: Xml,
    strings: Arc<Strings>,
    formats: Arc<[NumberFormat]>,
    system: DateSystem,
    spans: Spans,
    has_spans: bool,
    cells: CellCount,
    is_over: bool,
    last_row: u64,
    /// What the cell in hand says.
    text: String,
}

/// A cell, by its attributes.
struct CellStart {
    column: usize,
    style: usize,
    kind: ValueKind,
}

/// What the text of a cell stands for.
#[derive(Clone, Copy)]
enum ValueKind {
    Number,
    SharedText,
    Text,
    Bool,
    Error,
    IsoDate,
}

impl XlsxRows {
    pub(super) fn new(
        xml: Xml,
        strings: Arc<Strings>,
        formats: Arc<[NumberFormat]>,
        system: DateSystem,
        spans: Vec<Span>,
        limits: SheetLimits,
    ) -> Self {
        let spans = Spans::new(spans);
        Self {
            xml,
            strings,
            formats,
            system,
            has_spans: !spans.is_empty(),
            spans,
            cells: CellCount::new(limits),
            is_over: false,
            last_row: 0,
            text: String::new(),
        }
    }

    /// Begins the row of an element.
    fn begin(&mut self, element_row: Option<&str>, is_hidden: bool, row: &mut Row) -> Result<()> {
        let number = match element_row {
            Some(text) => text.parse().map_err(|_| self.xml.damaged("a row has no number"))?,
            None => self.last_row + 1,
        };
        if number <= self.last_row || number > MAX_ROWS {
            return Err(self.xml.damaged(format!("row {number} stands behind row {}", self.last_row)));
        }
        self.last_row = number;
        row.begin(number, is_hidden);
        Ok(())
    }

    /// Reads the cells of a row that has begun.
    fn cells(&mut self, row: &mut Row) -> Result<()> {
        loop {
            let cell = match self.xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "c" => cell(&element, row.len()),
                Event::Start(_) => {
                    self.xml.skip()?;
                    continue;
                }
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            let cell = cell.filter(|cell| (row.len()..MAX_COLUMNS).contains(&cell.column));
            let cell =
                cell.ok_or_else(|| self.xml.damaged(format!("a cell of row {} has no place", row.number)))?;
            let is_formula = self.read_text()?;
            if self.text.is_empty() && !matches!(cell.kind, ValueKind::Text) {
                if is_formula {
                    row.pad_to(cell.column);
                    row.push(CellKind::Error, WITHOUT_VALUE);
                }
                continue;
            }
            row.pad_to(cell.column);
            self.push(&cell, row)?;
            if row.bytes() > MAX_ROW_BYTES {
                let why = format!("row {} has more than {MAX_ROW_BYTES} bytes of text", row.number);
                return Err(self.xml.damaged(why));
            }
        }
    }

    /// Reads what a cell that has begun says: the value of a formula, and not the formula. Whether it has one.
    fn read_text(&mut self) -> Result<bool> {
        let mut is_formula = false;
        self.text.clear();
        loop {
            match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "v" => self.xml.text_into(&mut self.text)?,
                    "is" => {
                        // It says the same as a `v` beside it.
                        self.text.clear();
                        text_of(&mut self.xml, &mut self.text)?;
                    }
                    "f" => {
                        is_formula = true;
                        self.xml.skip()?;
                    }
                    _ => self.xml.skip()?,
                },
                Event::End(_) => return Ok(is_formula),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => {}
            }
        }
    }

    fn push(&self, cell: &CellStart, row: &mut Row) -> Result<()> {
        let text = &*self.text;
        let format = self.formats.get(cell.style).copied().unwrap_or_default();
        match cell.kind {
            ValueKind::Text if text.is_empty() => row.push(CellKind::Empty, ""),
            ValueKind::Text => row.push(CellKind::Text, text),
            ValueKind::Error => row.push(CellKind::Error, text),
            ValueKind::Bool => {
                let is_true = matches!(text.trim(), "1" | "true" | "TRUE");
                row.push(if is_true { CellKind::True } else { CellKind::False }, "");
            }
            ValueKind::SharedText => {
                let shared = text.trim().parse().ok().and_then(|index| self.strings.get(index));
                let shared =
                    shared.ok_or_else(|| self.xml.damaged(format!("it has no shared text {text}")))?;
                row.push(if shared.is_empty() { CellKind::Empty } else { CellKind::Text }, shared);
            }
            ValueKind::IsoDate => {
                let (kind, text) = of_iso(text, format.shows_time());
                row.push(kind, &text);
            }
            ValueKind::Number => {
                let number = match format {
                    NumberFormat::Number | NumberFormat::Percent => {
                        number::of_text(text).map(|text| (CellKind::Number, text))
                    }
                    _ => text.trim().parse().ok().map(|days| show(days, format, self.system)),
                };
                let (kind, text) = number.unwrap_or_else(|| (CellKind::Text, text.to_owned()));
                row.push(kind, &text);
            }
        }
        Ok(())
    }
}

impl Rows for XlsxRows {
    fn next(&mut self, row: &mut Row) -> Result<bool> {
        while !self.is_over {
            let (number, is_hidden) = match self.xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "row" => {
                    let is_hidden = attribute(&element, "hidden");
                    (
                        attribute(&element, "r"),
                        is_hidden.is_some_and(|hidden| matches!(&*hidden, "1" | "true")),
                    )
                }
                Event::End(element) if element.local_name().as_ref() == "sheetData" => {
                    self.is_over = true;
                    break;
                }
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            self.begin(number.as_deref(), is_hidden, row)?;
            self.cells(row)?;
            // Cells that are passed over cost as much as others.
            self.cells.add(row.len() as u64)?;
            if self.has_spans {
                self.spans.fill(row);
            }
            return Ok(true);
        }
        Ok(false)
    }

    fn has_spans(&self) -> bool {
        self.has_spans
    }
}

/// The attributes of a cell. One without a place stands behind `next`.
fn cell(element: &BytesStart<'_>, next: usize) -> Option<CellStart> {
    let mut cell = CellStart { column: next, style: 0, kind: ValueKind::Number };
    for attribute in element.attributes().with_checks(false).flatten() {
        let value = &*attribute.value;
        match attribute.key.as_ref() {
            "r" => cell.column = place(value)?.1,
            "s" => cell.style = value.parse().unwrap_or_default(),
            "t" => {
                cell.kind = match value {
                    "s" => ValueKind::SharedText,
                    "str" | "inlineStr" => ValueKind::Text,
                    "b" => ValueKind::Bool,
                    "e" => ValueKind::Error,
                    "d" => ValueKind::IsoDate,
                    _ => ValueKind::Number,
                }
            }
            _ => {}
        }
    }
    Some(cell)
}

/// The row, from 1, and the column, from 0, of a place such as `AB12`.
pub(super) fn place(text: &str) -> Option<(u64, usize)> {
    let (mut column, mut letters) = (0_usize, 0);
    for byte in text.bytes().map(|byte| byte.to_ascii_uppercase()).take_while(u8::is_ascii_uppercase) {
        column = column.checked_mul(26)?.checked_add(usize::from(byte - b'A') + 1)?;
        letters += 1;
    }
    Some((text.get(letters..)?.parse().ok()?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_spreadsheets() {
        assert_eq!(place("A1"), Some((1, 0)));
        assert_eq!(place("xfd1048576"), Some((1_048_576, 16_383)));
        for none in ["", "1", "A", "A0x", "AAAAAAAAAAAAAAAAAAAAAA1"] {
            assert_eq!(place(none), None, "{none}");
        }
    }
}
