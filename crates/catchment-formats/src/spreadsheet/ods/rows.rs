//! The rows of a table.

use catchment_core::Result;
use quick_xml::events::Event;

use super::cell::{CellStart, read_text};
use crate::spreadsheet::options::{CellCount, SheetLimits};
use crate::spreadsheet::row::{CellKind, Row};
use crate::spreadsheet::spans::{Span, Spans};
use crate::spreadsheet::workbook::{MAX_COLUMNS, MAX_ROW_BYTES, MAX_ROWS, Rows};
use crate::spreadsheet::xml::{Xml, attribute};

/// The rows of a table, as they stand in the document.
pub(super) struct OdsRows {
    xml: Xml,
    spans: Spans,
    cells: CellCount,
    last_row: u64,
    /// How often the row in hand is still to be delivered, as one element stands for several rows.
    repeats: u64,
    current: Row,
    is_over: bool,
    text: String,
}

impl OdsRows {
    /// Goes to a table, by its index.
    pub(super) fn find(mut xml: Xml, table: usize, limits: SheetLimits) -> Result<Self> {
        let mut passed = 0;
        loop {
            match xml.next()? {
                Event::Start(element) if element.local_name().as_ref() == "table" => {
                    if passed == table {
                        break;
                    }
                    passed += 1;
                    xml.skip()?;
                }
                Event::Eof => return Err(xml.cut_off()),
                _ => {}
            }
        }
        Ok(Self {
            xml,
            spans: Spans::default(),
            cells: CellCount::new(limits),
            last_row: 0,
            repeats: 0,
            current: Row::default(),
            is_over: false,
            text: String::new(),
        })
    }

    /// Reads the next element of a row with cells that hold something; false at the end.
    fn read_row(&mut self) -> Result<bool> {
        loop {
            let (repeated, is_hidden) = match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "table-row" => {
                        let repeated = attribute(&element, "number-rows-repeated");
                        let visibility = attribute(&element, "visibility");
                        let is_hidden = visibility.is_some_and(|visibility| visibility != "visible");
                        (repeated.and_then(|count| count.parse().ok()).unwrap_or(1_u64), is_hidden)
                    }
                    // Groups of rows, and those that are printed on each page.
                    "table-row-group" | "table-header-rows" | "table-rows" => continue,
                    _ => {
                        self.xml.skip()?;
                        continue;
                    }
                },
                Event::End(element) if element.local_name().as_ref() == "table" => return Ok(false),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            self.current.begin(self.last_row + 1, is_hidden);
            self.read_cells()?;
            if self.current.len() == 0 {
                self.last_row = self.last_row.saturating_add(repeated);
                continue;
            }
            if repeated > MAX_ROWS.saturating_sub(self.last_row) {
                return Err(self.xml.damaged(format!("it has more than {MAX_ROWS} rows with values")));
            }
            self.repeats = repeated;
            return Ok(true);
        }
    }

    fn read_cells(&mut self) -> Result<()> {
        // Where the next cell stands; those that are empty are added when another one follows them.
        let mut column = 0_usize;
        loop {
            let (cell, is_covered) = match self.xml.next()? {
                Event::Start(element) => match element.local_name().as_ref() {
                    "table-cell" => (CellStart::of(&element), false),
                    "covered-table-cell" => (CellStart::of(&element), true),
                    _ => {
                        self.xml.skip()?;
                        continue;
                    }
                },
                Event::End(_) => return Ok(()),
                Event::Eof => return Err(self.xml.cut_off()),
                _ => continue,
            };
            read_text(&mut self.xml, &mut self.text)?;
            let repeated = usize::try_from(cell.repeated).unwrap_or(usize::MAX);
            let (kind, text) = cell.value(&self.text);
            // What stands under a merged cell is not shown.
            if kind != CellKind::Empty && !is_covered {
                if repeated > MAX_COLUMNS.saturating_sub(column) {
                    return Err(self
                        .xml
                        .damaged(format!("it has more than {MAX_COLUMNS} columns with values")));
                }
                let bytes = text.len().saturating_mul(repeated).saturating_add(self.current.bytes());
                if bytes > MAX_ROW_BYTES {
                    let row = self.current.number;
                    return Err(self
                        .xml
                        .damaged(format!("row {row} has more than {MAX_ROW_BYTES} bytes of text")));
                }
                self.current.pad_to(column);
                (0..repeated).for_each(|_| self.current.push(kind, &text));
            }
            let first_row = self.current.number;
            let last_row = first_row.saturating_add(cell.rows.saturating_sub(1)).min(MAX_ROWS);
            if column < MAX_COLUMNS {
                self.spans.add(Span { first_row, last_row, column });
            }
            column = column.saturating_add(repeated);
        }
    }
}

impl Rows for OdsRows {
    fn next(&mut self, row: &mut Row) -> Result<bool> {
        if self.repeats == 0 && (self.is_over || !self.read_row()?) {
            self.is_over = true;
            return Ok(false);
        }
        self.repeats -= 1;
        self.last_row += 1;
        self.cells.add(self.current.len() as u64)?;
        row.begin(self.last_row, self.current.is_hidden);
        for column in 0..self.current.len() {
            let (kind, text) = self.current.get(column);
            row.push(kind, text);
        }
        if !self.spans.is_empty() {
            self.spans.fill(row);
        }
        Ok(true)
    }

    fn has_spans(&self) -> bool {
        !self.spans.is_empty()
    }
}
