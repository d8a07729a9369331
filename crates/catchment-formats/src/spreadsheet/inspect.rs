//! What is found out of a workbook: its sheets with their sizes, and the first records of one.

use std::sync::Arc;

use catchment_core::{Finding, Inspection, PageSize, Reading, Result};

use super::layout::SheetLayout;
use super::open::{no_workbook, open, readable};
use super::options::ValidatedSheetOptions;
use super::pages::SheetPages;
use super::row::Row;
use crate::format::{FirstPage, INSPECTED_RECORDS, look_at_first, look_through};
use crate::table::propose_totals;
use crate::{Blob, Pages};

/// Sheets whose sizes are told.
const MAX_SHEETS: usize = 50;

/// The first records of a sheet.
pub(super) fn inspect(
    blob: Blob,
    given: &ValidatedSheetOptions,
    fields: Arc<[Box<str>]>,
) -> Result<Inspection> {
    look(blob, given, fields, look_at_first)
}

/// The same, with the sizes of all sheets and what stands at the end of the table.
pub(super) fn explore(
    blob: Blob,
    given: &ValidatedSheetOptions,
    fields: Arc<[Box<str>]>,
) -> Result<Inspection> {
    let (blob, head) = readable(blob, given.max_bytes)?;
    let sizes = sizes(&blob, &head, given)?;
    let mut inspection = look(blob, given, fields, look_through)?;
    inspection.findings.insert(0, sizes);
    Ok(inspection)
}

fn look(
    blob: Blob,
    given: &ValidatedSheetOptions,
    fields: Arc<[Box<str>]>,
    look: fn(&mut dyn Pages) -> Result<FirstPage>,
) -> Result<Inspection> {
    let reading = Reading { fields, page_size: PageSize::rows(INSPECTED_RECORDS), ..Reading::default() };
    let mut pages = SheetPages::start(blob, given, reading)?;
    let mut options = pages.layout().map(SheetLayout::options).unwrap_or_default();
    let (page, findings) = look(&mut pages)?;
    propose_totals(&findings, &mut options);
    Ok(Inspection { options, findings, page })
}

/// How large each sheet is, counted by its rows and cells that hold something.
fn sizes(blob: &Blob, head: &[u8], given: &ValidatedSheetOptions) -> Result<Finding> {
    let (kind, mut book) = open(blob, head, given.limits)?.ok_or_else(no_workbook)?;
    let sheets = book.sheets().to_vec();
    let mut told = Vec::new();
    for (index, sheet) in sheets.iter().enumerate().take(MAX_SHEETS) {
        let (mut count, mut width, mut row) = (0_u64, 0, Row::default());
        let mut rows = book.rows(index)?;
        while rows.next(&mut row)? {
            count += 1;
            width = width.max(row.len());
        }
        let hidden = if sheet.is_hidden { ", hidden" } else { "" };
        told.push(format!("`{}` ({count} rows × {width} columns{hidden})", sheet.name));
    }
    if sheets.len() > MAX_SHEETS {
        told.push(format!("and {} more", sheets.len() - MAX_SHEETS));
    }
    Ok(Finding::sure("sheets", format!("{}: {}", kind.name(), told.join(", "))))
}
