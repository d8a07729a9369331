//! Grids: sheets that a service hands out cell by cell, such as those of Google, kept as a file in between. A file of a grid is
//! JSON in lines: the name of the sheet, and then its rows.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};

use catchment_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::date::grid_moment;
use super::number;
use super::options::{CellCount, SheetLimits};
use super::row::{CellKind, Row};
use super::workbook::{MAX_COLUMNS, MAX_ROW_BYTES, Rows, Sheet, Workbook};
use super::xml::damaged;
use crate::archive::Section;

/// A cell as a service hands it out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum GridCell<'a> {
    /// Nothing.
    #[serde(rename = "e")]
    Empty,
    /// `TRUE` or `FALSE`.
    #[serde(rename = "b")]
    Flag(bool),
    /// The text of a number in JSON.
    #[serde(rename = "n")]
    Number(Cow<'a, str>),
    /// A text.
    #[serde(rename = "t")]
    Text(Cow<'a, str>),
    /// A date, a time, or both: days since 1899-12-30, and how the sheet shows them, which tells which of them it is.
    #[serde(rename = "d")]
    Moment {
        /// With a fraction for the time of day.
        days: f64,
        /// Such as `24/11/2026 14:30`.
        shown: Cow<'a, str>,
    },
}

/// Writes a grid to a temporary file, row by row.
pub struct GridWriter(BufWriter<File>);

impl GridWriter {
    /// One of a sheet of this name.
    ///
    /// # Errors
    /// `system`, where no temporary file can be made.
    pub fn new(sheet: &str) -> Result<Self> {
        let mut writer = Self(BufWriter::new(tempfile::tempfile().map_err(buffering)?));
        writer.write(&sheet)?;
        Ok(writer)
    }

    /// Adds a row; an empty one is a row as well.
    ///
    /// # Errors
    /// `system`, `disk_full`.
    pub fn push(&mut self, cells: &[GridCell<'_>]) -> Result<()> {
        self.write(&cells)
    }

    /// The file, to be made a blob ([`Blob::as_grid`](crate::Blob::as_grid)).
    ///
    /// # Errors
    /// `system`, `disk_full`.
    pub fn finish(self) -> Result<File> {
        let mut file = self.0.into_inner().map_err(|error| buffering(error.into_error()))?;
        file.rewind().map_err(buffering)?;
        Ok(file)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        serde_json::to_writer(&mut self.0, line).map_err(|error| buffering(error.into()))?;
        self.0.write_all(b"\n").map_err(buffering)
    }
}

fn buffering(error: std::io::Error) -> Error {
    let dir = std::env::temp_dir();
    Error::io(format!("buffering the sheet in a temporary file in {} (TMPDIR)", dir.display()), error)
}

/// A grid as a workbook of one sheet.
pub(super) struct Grid {
    sheets: [Sheet; 1],
    lines: Option<BufReader<Section>>,
    limits: SheetLimits,
}

impl Grid {
    pub(super) fn open(bytes: Section, limits: SheetLimits) -> Result<Self> {
        let mut lines = BufReader::new(bytes);
        let mut line = String::new();
        lines.read_line(&mut line).map_err(|error| damaged("grid", error))?;
        let name = serde_json::from_str(&line).map_err(|error| damaged("grid", error))?;
        Ok(Self { sheets: [Sheet { name, is_hidden: false }], lines: Some(lines), limits })
    }
}

impl Workbook for Grid {
    fn sheets(&self) -> &[Sheet] {
        &self.sheets
    }

    fn rows(&mut self, _: usize) -> Result<Box<dyn Rows>> {
        let lines = self.lines.take().ok_or_else(|| damaged("grid", "its rows were read before"))?;
        Ok(Box::new(GridRows { lines, line: String::new(), number: 0, count: CellCount::new(self.limits) }))
    }
}

/// The rows of a grid.
struct GridRows {
    lines: BufReader<Section>,
    line: String,
    number: u64,
    count: CellCount,
}

impl Rows for GridRows {
    fn next(&mut self, row: &mut Row) -> Result<bool> {
        self.line.clear();
        if self.lines.read_line(&mut self.line).map_err(|error| damaged("grid", error))? == 0 {
            return Ok(false);
        }
        self.number += 1;
        row.begin(self.number, false);
        let cells: Vec<GridCell<'_>> =
            serde_json::from_str(&self.line).map_err(|error| damaged("grid", error))?;
        self.count.add(cells.len() as u64)?;
        for cell in cells.iter().take(MAX_COLUMNS) {
            add(row, cell);
        }
        if row.bytes() > MAX_ROW_BYTES {
            return Err(damaged("grid", format!("its row {} is too long", self.number)));
        }
        Ok(true)
    }
}

/// What a formula that failed shows.
const ERRORS: [&str; 9] =
    ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#ERROR!", "#SPILL!"];

fn add(row: &mut Row, cell: &GridCell<'_>) {
    match cell {
        GridCell::Empty => row.push(CellKind::Empty, ""),
        GridCell::Flag(true) => row.push(CellKind::True, ""),
        GridCell::Flag(false) => row.push(CellKind::False, ""),
        GridCell::Text(text) if text.is_empty() => row.push(CellKind::Empty, ""),
        GridCell::Text(text) if ERRORS.contains(&&**text) => row.push(CellKind::Error, text),
        GridCell::Text(text) => row.push(CellKind::Text, text),
        GridCell::Number(text) => match number::of_text(text) {
            Some(number) => row.push(CellKind::Number, &number),
            None => row.push(CellKind::Text, text),
        },
        GridCell::Moment { days, shown } => {
            let (kind, text) = grid_moment(*days, shown);
            row.push(kind, &text);
        }
    }
}
