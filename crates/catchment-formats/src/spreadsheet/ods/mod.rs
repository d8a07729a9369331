//! Spreadsheets of LibreOffice (ods): OpenDocument (ISO/IEC 26300), read as a stream, row by row.

mod cell;
mod document;
mod rows;

pub(super) use document::Ods;
