//! The Sheets API, v4, as far as reading goes.

pub(crate) mod a1;
mod params;
pub(crate) mod spreadsheets;
