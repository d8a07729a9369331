//! The reading itself: from a workbook and a cursor to pages.

use catchment_core::{
    Cursor, Error, ErrorKind, Finding, Page, PageSize, Position, Reading, Records, Reject, Result, Skip,
    truncate_text,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use xxhash_rust::xxh3::Xxh3;

use super::layout::{Lookahead, SheetLayout, choose};
use super::open::open_given;
use super::options::{HiddenRows, ValidatedSheetOptions};
use super::row::{CellKind, Row, column_name};
use crate::blob::changed;
use crate::table::{RowKind, RowRules};
use crate::{Blob, Pages};

const NO_RECORDS: &str = "no record was found below the header; check that it is the right sheet, or set the option \
                          `headerRow`";
const IMPOSSIBLE: &str = "the stored cursor cannot be read: its columns have no places; schedule a new run, which reads the \
                          source from its beginning";
/// The longest record that is kept with a reject.
const MAX_RECORD_BYTES: usize = 64 << 10;

/// What a cursor of this format holds: the row that was read last, that all rows up to it are still the same, and how to
/// read the sheet.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SheetState {
    row: u64,
    /// XXH3-128 of the rows up to it.
    digest: String,
    layout: SheetLayout,
}

/// A reading under way.
pub(super) struct SheetPages {
    blob: Blob,
    page_size: PageSize,
    /// The fields that are mapped; none where that is still to be found.
    wanted: Arc<[Box<str>]>,
    /// `None` for a sheet without a single cell.
    table: Option<Table>,
    findings: Option<Vec<Finding>>,
    records_read: u64,
    is_at_end: bool,
}

/// A table that is being read.
struct Table {
    rows: Lookahead,
    layout: SheetLayout,
    sheet: Arc<str>,
    rules: RowRules,
    skips_hidden: bool,
    row: Row,
    last_row: u64,
    digest: Xxh3,
    is_hidden_told: bool,
}

impl Table {
    fn new(rows: Lookahead, layout: SheetLayout, given: &ValidatedSheetOptions) -> Result<Self> {
        let skips_hidden = given.hidden_rows == HiddenRows::Skip;
        if skips_hidden && !rows.rows().knows_hidden_rows() {
            let message = "which rows are hidden is not known of a workbook in a binary format; save it as xlsx, or leave \
                           the option `hiddenRows` out";
            return Err(Error::config("hidden_rows", message).with_detail("/options/hiddenRows", message));
        }
        Ok(Self {
            rules: RowRules::new(&layout.columns, layout.header_row > 0, given.table.totals),
            sheet: layout.sheet.as_str().into(),
            rows,
            layout,
            skips_hidden,
            row: Row::default(),
            last_row: 0,
            digest: Xxh3::new(),
            is_hidden_told: false,
        })
    }

    /// Goes to the next row; false at the end.
    fn advance(&mut self) -> Result<bool> {
        if !self.rows.next(&mut self.row)? {
            return Ok(false);
        }
        self.last_row = self.row.number;
        self.digest.update(&self.row.number.to_le_bytes());
        for column in 0..self.row.len() {
            let (kind, text) = self.row.get(column);
            self.digest.update(&[kind as u8]);
            self.digest.update(&(text.len() as u64).to_le_bytes());
            self.digest.update(text.as_bytes());
        }
        Ok(true)
    }

    fn digest(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }

    /// Adds what stands next to a page; false at the end.
    fn read_into(&mut self, page: &mut Page, wanted: &[Box<str>]) -> Result<bool> {
        if !self.advance()? {
            return Ok(false);
        }
        if self.row.number <= self.layout.above || self.row.is_blank() {
            return Ok(true);
        }
        let row = &self.row;
        let position = Position::Row { sheet: self.sheet.clone(), row: row.number };
        if row.is_hidden {
            if self.skips_hidden {
                page.skips.push(Skip::new("hidden_row", position, &row.shown()));
                return Ok(true);
            }
            if !std::mem::replace(&mut self.is_hidden_told, true) {
                page.cursor.findings.push(Finding::sure("hidden_rows", HIDDEN_ROWS));
            }
        }
        let values = self.layout.places.iter().map(|place| row.get(*place).1);
        let (kind, finding) = self.rules.judge(values, || format!("row {}", row.number));
        page.cursor.findings.extend(finding);
        match kind {
            RowKind::Skipped(reason) => page.skips.push(Skip::new(reason, position, &row.shown())),
            RowKind::Record | RowKind::Blank => match self.fault(wanted) {
                Some((code, message)) => {
                    let mut reject =
                        Reject::new(ErrorKind::Parsing, code, message, position.clone(), &row.shown());
                    let mut fields = Records::default();
                    fields.push(position, "", self.layout.places.iter().map(|place| row.value(*place)));
                    let json = fields.get(0).map(|record| record.to_json(&self.layout.columns));
                    let json = json.map(|json| serde_json::Value::Object(json).to_string());
                    reject.record = json.filter(|json| json.len() <= MAX_RECORD_BYTES).map(Into::into);
                    page.rejects.push(reject);
                }
                None => {
                    let values = self.layout.places.iter().map(|place| row.value(*place));
                    page.records.push(position, &row.shown(), values);
                }
            },
        }
        Ok(true)
    }

    /// Why a row is no record: a cell has an error for its value, or stands outside of the table.
    fn fault(&self, wanted: &[Box<str>]) -> Option<(&'static str, String)> {
        let layout = &self.layout;
        let mut columns = layout.columns.iter().zip(&layout.places);
        let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| **wanted == *name);
        let error =
            columns.find(|(name, place)| self.row.get(**place).0 == CellKind::Error && is_wanted(name));
        if let Some((name, place)) = error {
            let value = truncate_text(self.row.get(*place).1, 80);
            let message = format!(
                "the cell {}{} (column `{name}`) has the error `{value}` for its value; mend it in the sheet, and save it",
                column_name(*place),
                self.row.number
            );
            return Some(("error_cell", message));
        }
        let mut cells = (0..self.row.len()).filter(|column| !layout.places.contains(column));
        let outside = cells.find(|column| self.row.get(*column).0 != CellKind::Empty)?;
        let message = format!(
            "the cell {}{} is outside of the table: no name stands above it, and the first rows have nothing there; name it \
             in the header, or move it to another sheet",
            column_name(outside),
            self.row.number
        );
        Some(("outside_table", message))
    }
}

const HIDDEN_ROWS: &str = "some rows are hidden in the sheet, and are read as others are; the option `hiddenRows` passes them \
                           over";

impl SheetPages {
    pub(super) fn start(blob: Blob, given: &ValidatedSheetOptions, reading: Reading) -> Result<Self> {
        let is_grid = blob.is_grid();
        let (blob, mut book) = open_given(blob, given)?;
        let records_read = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        let (table, findings) = match reading.after {
            Some(cursor) => {
                let state: SheetState = cursor.state()?;
                if state.layout.columns.len() != state.layout.places.len() {
                    return Err(Error::config("cursor", IMPOSSIBLE));
                }
                let index = book.sheets().iter().position(|sheet| sheet.name == state.layout.sheet);
                let index = index
                    .ok_or_else(|| changed(&format!("it has no sheet `{}` any more", state.layout.sheet)))?;
                let rows = Lookahead::new(book.rows(index)?);
                (Some(resume(Table::new(rows, state.layout.clone(), given)?, &state)?), None)
            }
            None => {
                // Which sheet a grid is was chosen by whoever made it.
                let wanted = given.sheet.as_ref().filter(|_| !is_grid);
                let (index, finding) = choose(book.sheets(), wanted)?;
                let mut rows = Lookahead::new(book.rows(index)?);
                let found = SheetLayout::find(&book.sheets()[index], &mut rows, given, &reading.fields)?;
                let mut findings: Vec<_> = finding.into_iter().collect();
                let table = match found {
                    Some((layout, found)) => {
                        findings.extend(found);
                        if rows.rows().has_spans() {
                            findings.push(Finding::sure("merged_cells", MERGED_CELLS));
                        }
                        Some(Table::new(rows, layout, given)?)
                    }
                    None => None,
                };
                (table, Some(findings))
            }
        };
        let (page_size, wanted) = (reading.page_size, reading.fields);
        Ok(Self { blob, page_size, wanted, table, findings, records_read, is_at_end: false })
    }

    /// How the sheet is read; `None` for one without a single cell.
    pub(super) fn layout(&self) -> Option<&SheetLayout> {
        self.table.as_ref().map(|table| &table.layout)
    }

    fn read_page(&mut self) -> Result<Option<Page>> {
        let Some(table) = &mut self.table else { return Ok(None) };
        let (max_rows, max_bytes) = (self.page_size.max_rows(), self.page_size.max_bytes());
        let mut page = Page { columns: table.layout.columns.clone(), ..Page::default() };
        while !self.is_at_end && page.count() < max_rows && page.records.bytes() < max_bytes {
            self.is_at_end = !table.read_into(&mut page, &self.wanted)?;
        }
        let mut findings = self.findings.take();
        if page.count() == 0 {
            let Some(findings) = &mut findings else { return Ok(None) };
            findings.push(Finding::unsure("records", NO_RECORDS));
        }
        self.records_read += page.count() as u64;
        let state = SheetState { row: table.last_row, digest: table.digest(), layout: table.layout.clone() };
        let mut findings = findings.unwrap_or_default();
        findings.append(&mut page.cursor.findings);
        page.cursor = Cursor { findings, ..Cursor::new(self.records_read, &state)? };
        page.progress = self.blob.progress();
        Ok(Some(page))
    }
}

const MERGED_CELLS: &str = "some cells span several rows; each of these rows has their value";

impl Pages for SheetPages {
    /// What a change of the file makes of it is the change's fault.
    fn next(&mut self) -> Result<Option<Page>> {
        let page = self.read_page();
        if page.is_err() || self.is_at_end || self.table.is_none() {
            self.blob.check_unchanged()?;
        }
        page
    }
}

/// Goes behind the row of a cursor, if all rows up to it are the same.
fn resume(mut table: Table, state: &SheetState) -> Result<Table> {
    while table.last_row < state.row {
        if !table.advance()? {
            return Err(changed(&format!("it ends before row {}, behind which reading resumes", state.row)));
        }
    }
    if table.digest() == state.digest {
        return Ok(table);
    }
    Err(changed(&format!("its rows up to row {} have changed", state.row)))
}
