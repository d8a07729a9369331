//! Where a record stands in its source.

use std::fmt;
use std::sync::Arc;

/// Where a record stands in a file, or in the answers of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In a text: the line it begins in, from 1, and the byte, from 0.
    Line {
        /// From 1.
        line: u64,
        /// From 0, in the text as decoded.
        byte: u64,
    },
    /// In an answer of a paginated source, or in a document.
    Item {
        /// From 1; 0 in a document, which has no pages.
        page: u64,
        /// The item in the page, as a JSONPath (RFC 9535).
        path: Box<str>,
    },
    /// In a sheet of a workbook.
    Row {
        /// The name of the sheet.
        sheet: Arc<str>,
        /// From 1, as spreadsheets count.
        row: u64,
    },
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { line, .. } => write!(f, "line {line}"),
            Self::Item { page: 0, path } => f.write_str(path),
            Self::Item { page, path } => write!(f, "page {page}, {path}"),
            Self::Row { sheet, row } => write!(f, "sheet `{sheet}`, row {row}"),
        }
    }
}

/// A position, and the file that it is in, where a source is made of several.
///
/// ```
/// use catchment_core::{Location, Position};
/// let position = Position::Line { line: 3, byte: 40 };
/// assert_eq!(Location::from(position.clone()).to_string(), "line 3");
/// assert_eq!(position.in_file("prices/a.csv").to_string(), "prices/a.csv, line 3");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Its path below the source; none where the source is one file, or no file at all.
    pub file: Option<Arc<str>>,
    /// Where in it.
    pub position: Position,
}

impl Location {
    /// What the order of the source is by: its file, and its place in it. Items of one page are equal.
    pub fn order(&self) -> (Option<&str>, u64) {
        let number = match &self.position {
            Position::Line { byte, .. } => *byte,
            Position::Item { page, .. } => *page,
            Position::Row { row, .. } => *row,
        };
        (self.file.as_deref(), number)
    }
}

impl Position {
    /// The same in one file of several.
    pub fn in_file(self, file: impl Into<Arc<str>>) -> Location {
        Location { file: Some(file.into()), position: self }
    }
}

impl From<Position> for Location {
    fn from(position: Position) -> Self {
        Self { file: None, position }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}, ")?;
        }
        self.position.fmt(f)
    }
}
