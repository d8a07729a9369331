//! Workbooks of Excel in its binary formats (xls, xlsb), by the library calamine. It holds a sheet in memory, and it may
//! panic where a file is damaged; so files are bounded, and a panic of it is an error of the file.

use std::cell::Cell;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use calamine::{Data, Reader, SheetType, SheetVisible, Xls, XlsError, Xlsb, XlsbError};
use catchment_core::{Error, Result};

use super::date::{DateSystem, NumberFormat, show};
use super::number;
use super::options::{CellCount, SheetLimits};
use super::row::{CellKind, Row};
use super::spans::{Span, Spans};
use super::workbook::{MAX_COLUMNS, Rows, Sheet, Workbook};
use super::xml::damaged;
use crate::archive::{Section, protected};

/// A workbook in a binary format.
pub(super) struct Binary {
    sheets: Vec<Sheet>,
    book: Book,
    limits: SheetLimits,
}

enum Book {
    Xls(Box<Xls<BufReader<Section>>>),
    Xlsb(Box<Xlsb<BufReader<Section>>>),
}

impl Binary {
    /// A workbook of before 2007.
    ///
    /// # Errors
    /// `parsing`, `damaged_workbook`, `protected_file`.
    pub(super) fn xls(bytes: Section, limits: SheetLimits) -> Result<Self> {
        let book = guarded(|| {
            Xls::new(BufReader::new(bytes)).map_err(|error| match error {
                XlsError::Password => protected("the workbook"),
                error => damaged("Workbook", error),
            })
        })?;
        Ok(Self { sheets: sheets(book.sheets_metadata()), book: Book::Xls(Box::new(book)), limits })
    }

    /// A binary workbook of since 2007.
    ///
    /// # Errors
    /// As of [`Binary::xls`].
    pub(super) fn xlsb(bytes: Section, limits: SheetLimits) -> Result<Self> {
        let book = guarded(|| {
            Xlsb::new(BufReader::new(bytes)).map_err(|error| match error {
                XlsbError::Password => protected("the workbook"),
                error => damaged("xl/workbook.bin", error),
            })
        })?;
        Ok(Self { sheets: sheets(book.sheets_metadata()), book: Book::Xlsb(Box::new(book)), limits })
    }
}

fn sheets(known: &[calamine::Sheet]) -> Vec<Sheet> {
    let with_cells = known.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet);
    let sheet = |sheet: &calamine::Sheet| Sheet {
        name: sheet.name.clone(),
        is_hidden: sheet.visible != SheetVisible::Visible,
    };
    with_cells.map(sheet).collect()
}

impl Workbook for Binary {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn rows(&mut self, sheet: usize) -> Result<Box<dyn Rows>> {
        let (name, limits, book) = (&self.sheets[sheet].name, self.limits, &mut self.book);
        guarded(|| {
            let mut held = Held::new(limits);
            match book {
                Book::Xls(book) => {
                    let system = system(book.has_1904_epoch());
                    let range = book.worksheet_range(name).map_err(|error| damaged(name, error))?;
                    let (first_row, first_column) = range.start().unwrap_or_default();
                    for (row, column, value) in range.used_cells() {
                        let (row, column) = (row + first_row as usize, column + first_column as usize);
                        held.push(row, column, value.clone(), system)?;
                    }
                    let merged = book.merge_cells_by_sheet_name(name).unwrap_or_default();
                    held.spans = Spans::new(merged.iter().map(span).collect());
                }
                Book::Xlsb(book) => {
                    let system = system(book.has_1904_epoch());
                    let mut cells =
                        book.worksheet_cells_reader(name).map_err(|error| damaged(name, error))?;
                    while let Some(cell) = cells.next_cell().map_err(|error| damaged(name, error))? {
                        let (row, column) = cell.get_position();
                        held.push(row as usize, column as usize, cell.get_value().clone().into(), system)?;
                    }
                }
            }
            Ok(Box::new(held) as Box<dyn Rows>)
        })
    }
}

fn system(is_1904: bool) -> DateSystem {
    if is_1904 { DateSystem::From1904 } else { DateSystem::From1900 }
}

fn span(merged: &calamine::Dimensions) -> Span {
    let row = |row: u32| u64::from(row) + 1;
    Span { first_row: row(merged.start.0), last_row: row(merged.end.0), column: merged.start.1 as usize }
}

/// The cells of a sheet that hold something.
#[derive(Debug)]
struct Held {
    text: String,
    cells: Vec<HeldCell>,
    count: CellCount,
    spans: Spans,
    next: usize,
}

#[derive(Debug)]
struct HeldCell {
    row: u32,
    column: u16,
    kind: CellKind,
    end: usize,
}

impl Held {
    fn new(limits: SheetLimits) -> Self {
        let count = CellCount::new(limits);
        Self { text: String::new(), cells: Vec::new(), count, spans: Spans::default(), next: 0 }
    }

    fn push(&mut self, row: usize, column: usize, value: Data, system: DateSystem) -> Result<()> {
        self.count.add(1)?;
        let (kind, text) = cell(value, system);
        let (Ok(row), Ok(column), true) = (u32::try_from(row), u16::try_from(column), column < MAX_COLUMNS)
        else {
            return Err(damaged("a sheet", format!("row {row} has a cell in column {column}")));
        };
        if kind == CellKind::Empty {
            return Ok(());
        }
        if self.cells.last().is_some_and(|last| (last.row, last.column) >= (row, column)) {
            return Err(damaged("a sheet", format!("the cells of row {} are not in their order", row + 1)));
        }
        self.text.push_str(&text);
        self.cells.push(HeldCell { row, column, kind, end: self.text.len() });
        Ok(())
    }
}

impl Rows for Held {
    fn next(&mut self, row: &mut Row) -> Result<bool> {
        let Some(first) = self.cells.get(self.next) else { return Ok(false) };
        let number = first.row;
        row.begin(u64::from(number) + 1, false);
        while let Some(cell) = self.cells.get(self.next).filter(|cell| cell.row == number) {
            let start = self.next.checked_sub(1).map_or(0, |before| self.cells[before].end);
            row.pad_to(cell.column.into());
            row.push(cell.kind, &self.text[start..cell.end]);
            self.next += 1;
        }
        if !self.spans.is_empty() {
            self.spans.fill(row);
        }
        Ok(true)
    }

    fn has_spans(&self) -> bool {
        !self.spans.is_empty()
    }

    fn knows_hidden_rows(&self) -> bool {
        false
    }
}

fn cell(value: Data, system: DateSystem) -> (CellKind, String) {
    let number = |number: f64| match number::of_float(number) {
        Some(text) => (CellKind::Number, text),
        None => (CellKind::Error, number.to_string()),
    };
    match value {
        Data::Empty => (CellKind::Empty, String::new()),
        Data::String(text) if text.is_empty() => (CellKind::Empty, text),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => (CellKind::Text, text),
        Data::Int(whole) => (CellKind::Number, whole.to_string()),
        Data::Float(float) => number(float),
        Data::Bool(flag) => (if flag { CellKind::True } else { CellKind::False }, String::new()),
        Data::Error(error) => (CellKind::Error, error.to_string()),
        Data::DateTime(moment) if moment.is_duration() => {
            show(moment.as_f64(), NumberFormat::Duration, system)
        }
        Data::DateTime(moment) => {
            // Whether its format shows a date, a time, or both is not known; the number mostly tells it.
            let days = moment.as_f64();
            let format =
                NumberFormat::Moment { has_date: days >= 1.0, has_time: days.fract() != 0.0 || days < 1.0 };
            show(days, format, system)
        }
    }
}

thread_local! {
    /// Whether this thread is in a call of the library.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Calls the library; a panic of it is the error of a damaged file, and is not reported as one of ours.
fn guarded<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let report = take_hook();
        set_hook(Box::new(move |panic| {
            if !IS_GUARDED.get() {
                report(panic);
            }
        }));
    });
    IS_GUARDED.set(true);
    let called = catch_unwind(AssertUnwindSafe(call));
    IS_GUARDED.set(false);
    called.unwrap_or_else(|_| Err(panicked()))
}

fn panicked() -> Error {
    damaged("Workbook", "its structure makes no sense")
}
