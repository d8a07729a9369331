//! A file of any format: which one it is, by what it holds, then by its name.

#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod kind;
mod options;

use std::sync::Arc;

use catchment_core::{Cursor, Finding, Inspection, Page, Reading, Result};
use serde::{Deserialize, Serialize};

use crate::csv::CsvFormat;
use crate::json::JsonFormat;
use crate::spreadsheet::SpreadsheetFormat;
use crate::{Blob, Format, Pages};
pub use kind::FileKind;
pub use options::{FileFormatOptions, FileOption};

/// A file of any format.
#[derive(Debug, Clone)]
pub struct FileFormat {
    csv: CsvFormat,
    json: JsonFormat,
    spreadsheet: SpreadsheetFormat,
    /// Where the options say it.
    kind: Option<FileKind>,
    max_bytes: u64,
    is_growing: bool,
}

/// What a cursor holds: the format that was found, and where it stands.
#[derive(Debug, Serialize, Deserialize)]
struct FileState {
    format: FileKind,
    state: serde_json::Value,
}

impl FileFormat {
    /// Checks the options. `language` is the primary subtag of the language that files are likely to be in, where the options
    /// name none.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn new(options: &FileFormatOptions, language: Option<&str>) -> Result<Self> {
        let FileFormatOptions { file, text, table, sheet, json } = options;
        let csv = CsvFormat::with_table(text, table, language, file.format == Some(FileKind::Csv))?;
        let limits = csv.limits();
        let workbook = file.format.and_then(FileKind::workbook);
        Ok(Self {
            json: JsonFormat::new(json, csv.encoding(), limits.record, limits.file)?,
            spreadsheet: SpreadsheetFormat::new(sheet, table, text.has_header, limits.file, workbook)?,
            kind: file.format,
            max_bytes: limits.file,
            is_growing: false,
            csv,
        })
    }

    /// The same for files that grow: a last line without its end is left for later.
    #[must_use]
    pub fn for_growing_files(mut self, is_growing: bool) -> Self {
        self.is_growing = is_growing;
        self.csv = self.csv.for_growing_text(is_growing);
        self.json = self.json.for_growing_text(is_growing);
        self
    }

    /// Whether a file that grew may be read on from where an earlier reading ended.
    pub fn can_grow(cursor: &Cursor) -> bool {
        cursor
            .state::<FileState>()
            .is_ok_and(|state| matches!(state.format, FileKind::Csv | FileKind::Ndjson))
    }

    fn kind_of(&self, blob: &Blob) -> Result<FileKind> {
        match self.kind {
            Some(kind) => Ok(kind),
            // What grows may have nothing yet.
            None if self.is_growing && blob.len() == 0 => Ok(FileKind::Csv),
            None => FileKind::find(blob, self.max_bytes),
        }
    }

    fn look(&self, blob: Blob, fields: Arc<[Box<str>]>, is_thorough: bool) -> Result<Inspection> {
        if blob.is_grid() {
            return self.spreadsheet.inspect(blob, fields);
        }
        fn look(
            format: &impl Format,
            blob: Blob,
            fields: Arc<[Box<str>]>,
            is_thorough: bool,
        ) -> Result<Inspection> {
            if is_thorough { format.explore(blob, fields) } else { format.inspect(blob, fields) }
        }
        let kind = self.kind_of(&blob)?;
        let mut inspection = match self.of(kind) {
            AnyFormat::Csv(format) => look(&format, blob, fields, is_thorough),
            AnyFormat::Json(format) => look(&format, blob, fields, is_thorough),
            AnyFormat::Spreadsheet(format) => look(&format, blob, fields, is_thorough),
        }?;
        inspection.options.insert("format".into(), kind.name().into());
        if self.kind.is_none() {
            inspection.findings.insert(0, found(kind));
        }
        Ok(inspection)
    }

    fn of(&self, kind: FileKind) -> AnyFormat {
        match kind {
            FileKind::Csv => AnyFormat::Csv(self.csv.clone()),
            FileKind::Json => AnyFormat::Json(self.json.clone()),
            FileKind::Ndjson => AnyFormat::Json(self.json.in_lines(true)),
            FileKind::Xlsx | FileKind::Xlsb | FileKind::Xls | FileKind::Ods => {
                AnyFormat::Spreadsheet(self.spreadsheet.clone())
            }
        }
    }
}

impl Format for FileFormat {
    fn inspect(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.look(blob, fields, false)
    }

    fn explore(&self, blob: Blob, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.look(blob, fields, true)
    }

    fn open(&self, blob: Blob, mut reading: Reading) -> Result<Box<dyn Pages>> {
        if blob.is_grid() {
            return self.spreadsheet.open(blob, reading);
        }
        let kind = match &mut reading.after {
            Some(cursor) => {
                let FileState { format, state } = cursor.state()?;
                cursor.state = state;
                format
            }
            None => self.kind_of(&blob)?,
        };
        let is_new = reading.after.is_none() && self.kind.is_none();
        let pages = match self.of(kind) {
            AnyFormat::Csv(format) => format.open(blob, reading),
            AnyFormat::Json(format) => format.open(blob, reading),
            AnyFormat::Spreadsheet(format) => format.open(blob, reading),
        }?;
        Ok(Box::new(FilePages { pages, kind, finding: is_new.then(|| found(kind)) }))
    }

    fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    fn needs_whole(&self, blob: &Blob) -> Result<bool> {
        Ok(!matches!(self.kind_of(blob)?, FileKind::Csv | FileKind::Ndjson))
    }
}

enum AnyFormat {
    Csv(CsvFormat),
    Json(JsonFormat),
    Spreadsheet(SpreadsheetFormat),
}

fn found(kind: FileKind) -> Finding {
    Finding::sure("format", kind.name())
}

/// Pages whose cursors know the format.
struct FilePages {
    pages: Box<dyn Pages>,
    kind: FileKind,
    finding: Option<Finding>,
}

impl Pages for FilePages {
    fn next(&mut self) -> Result<Option<Page>> {
        let Some(mut page) = self.pages.next()? else { return Ok(None) };
        let state = FileState { format: self.kind, state: std::mem::take(&mut page.cursor.state) };
        let findings = self.finding.take().into_iter().chain(page.cursor.findings).collect();
        page.cursor = Cursor { findings, ..Cursor::new(page.cursor.records_read, &state)? };
        Ok(Some(page))
    }
}
