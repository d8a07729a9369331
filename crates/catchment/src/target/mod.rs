//! The tables that records end up in.

mod declaration;
mod facts;
mod filter;
mod gone;
mod identified;
mod kind;
mod sql_type;
mod table;

pub use declaration::{ColumnDeclaration, LedgerColumns, TargetDeclaration};
pub(crate) use declaration::{built_in, find_built_in};
pub(crate) use facts::{ColumnFacts, KeyFacts, ROW_KEY, TableFacts};
pub(crate) use filter::{Operator, RowFilter};
pub use gone::{GoneMark, MarkValue};
pub(crate) use identified::identified;
pub(crate) use kind::{ColumnKind, DecimalLimits, Decimals, Repertoire, TextLimits, Words};
pub(crate) use sql_type::{mysql_kind, sqlite_kind};
pub(crate) use table::{Column, Comparison, Ledger, Table, UpdateBy, WhenEmpty, WhenUnmapped};

/// Whether a table is one of those that Catchment makes itself: they need no database to be known.
pub fn is_built_in(name: &str) -> bool {
    find_built_in(name).is_some()
}
