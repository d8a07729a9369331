//! The options of spreadsheets.

use catchment_core::{Error, Result, invalid_option};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::kind::WorkbookKind;
use crate::table::TableOptions;

/// Which sheet of a workbook is read, and limits.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct SheetOptions {
    /// The sheet of a workbook: its name, or its number from 1, where none is called so. Default: the first one that is not hidden.
    pub sheet: Option<SheetChoice>,
    /// What becomes of hidden rows of a sheet, such as those that a filter hides: `read` (the default), or `skip`, which passes
    /// them over with their place and the reason `hidden_row`. Not known of xls and xlsb.
    pub hidden_rows: Option<HiddenRows>,
    /// Most cells of a sheet. Default 50000000.
    pub max_cells: Option<u64>,
    /// Most bytes of text that a workbook's cells share, which are held in memory; xls and xlsb files that are longer are not
    /// read at all. Default 134217728 (128 MiB).
    pub max_text_bytes: Option<usize>,
}

/// A sheet, by its name or its number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SheetChoice {
    /// From 1.
    Number(u32),
    /// As on its tab.
    Name(String),
}

/// What becomes of hidden rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum HiddenRows {
    /// They are rows like others.
    #[default]
    Read,
    /// They are passed over.
    Skip,
}

/// The options, checked.
#[derive(Debug, Clone)]
pub(super) struct ValidatedSheetOptions {
    pub(super) sheet: Option<SheetChoice>,
    pub(super) hidden_rows: HiddenRows,
    pub(super) table: TableOptions,
    pub(super) has_header: Option<bool>,
    pub(super) limits: SheetLimits,
    pub(super) max_bytes: u64,
    /// The only kind that is read, where one is asked for.
    pub(super) kind: Option<WorkbookKind>,
}

/// What comes from outside is bounded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SheetLimits {
    pub(super) cells: u64,
    pub(super) text: usize,
}

impl SheetOptions {
    pub(crate) fn check(&self) -> Result<SheetLimits> {
        if self.sheet == Some(SheetChoice::Number(0)) {
            return Err(invalid_option("sheet", "must be at least 1, which is the first sheet"));
        }
        Ok(SheetLimits {
            cells: self.max_cells.unwrap_or(50_000_000),
            text: self.max_text_bytes.unwrap_or(128 << 20),
        })
    }
}

/// Counts the cells of a sheet.
#[derive(Debug)]
pub(super) struct CellCount {
    count: u64,
    max: u64,
}

impl CellCount {
    pub(super) fn new(limits: SheetLimits) -> Self {
        Self { count: 0, max: limits.cells }
    }

    /// # Errors
    /// `config`, `sheet_too_large`.
    pub(super) fn add(&mut self, cells: u64) -> Result<()> {
        self.count = self.count.saturating_add(cells);
        if self.count <= self.max {
            return Ok(());
        }
        let message =
            format!("the sheet has more than {} cells; raise the option `maxCells` to read it", self.max);
        Err(Error::config("sheet_too_large", message))
    }
}
