//! The tables that records end up in.

mod filter;
mod table;
mod tables;

pub(crate) use filter::{Operator, RowFilter};
pub(crate) use table::{Column, ColumnKind, Table, WhenEmpty};
pub use tables::target_names;
pub(crate) use tables::{CATALOG_ITEMS, CONTENT_INDEX, TABLES, find_table};
