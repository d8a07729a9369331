//! The options of tables.

use catchment_core::{Result, invalid_option};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the table of a file begins, and what in it is no record: of delimited text and of spreadsheets. What is not given is
/// detected.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TableOptions {
    /// The line of a text, or the row of a sheet, that names the columns, from 1. What stands above it is passed over.
    /// Detected by default: the first row that is as wide as the table and holds names.
    pub header_row: Option<u64>,
    /// Lines of a text, or rows of a sheet, above the table: they are passed over before the header is looked for. Default 0.
    pub skip_rows: Option<u64>,
    /// What becomes of rows of totals: `keep` reads them as records, and says so (the default); `skip` passes them over, with
    /// their place and the reason `totals_row`. A row is one if its first value is a word for it, such as `Total` or `Suma`,
    /// and a column has no value there.
    pub totals: Option<Totals>,
}

/// What becomes of rows of totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Totals {
    /// They are records like others.
    #[default]
    Keep,
    /// They are passed over.
    Skip,
}

impl TableOptions {
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub(crate) fn check(&self, has_header: bool) -> Result<()> {
        match self.header_row {
            Some(0) => Err(invalid_option("headerRow", "must be at least 1, which is the first row")),
            Some(_) if !has_header => Err(invalid_option(
                "headerRow",
                "is given though `hasHeader` is false; leave one of them out",
            )),
            Some(row) if self.skip_rows.is_some_and(|skipped| skipped >= row) => Err(invalid_option(
                "skipRows",
                "passes over the row that `headerRow` names; leave one of them out",
            )),
            _ => Ok(()),
        }
    }
}
