//! The options of all formats, together: each is taken by the formats that know it.

use catchment_core::{Result, parse_options, split_options};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::FileKind;
use crate::csv::CsvFormatOptions;
use crate::json::JsonOptions;
use crate::spreadsheet::SheetOptions;
use crate::table::TableOptions;

/// How files are written, whatever their format.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct FileFormatOptions {
    /// Which format it is.
    #[serde(flatten)]
    pub file: FileOption,
    /// Delimited text, and limits of all formats.
    #[serde(flatten)]
    pub text: CsvFormatOptions,
    /// Tables in text and in sheets.
    #[serde(flatten)]
    pub table: TableOptions,
    /// Workbooks.
    #[serde(flatten)]
    pub sheet: SheetOptions,
    /// JSON documents.
    #[serde(flatten)]
    pub json: JsonOptions,
}

/// Which format a file has.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FileOption {
    /// The format: `csv` (delimited text), `json`, `ndjson` (JSON in lines), `xlsx` (and xlsm), `xlsb`, `xls` or `ods`.
    /// Detected by default, by what the file holds, then by its name; compressed by gzip or Zstandard, or as the only file of a
    /// zip archive, it is unpacked before.
    pub format: Option<FileKind>,
}

impl FileFormatOptions {
    /// Takes the options of formats out of `options`.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn take(options: &mut Map<String, Value>) -> Result<Self> {
        let (file, table) = (split_options(options)?, split_options(options)?);
        let (sheet, json) = (split_options(options)?, split_options(options)?);
        Ok(Self { file, table, sheet, json, text: parse_options(std::mem::take(options))? })
    }
}
