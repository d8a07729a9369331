//! What tables of people have, whatever format they are in: titles above the header, rows of totals, a header that stands
//! again on each printed page.

mod header;
mod names;
mod options;
mod rules;

pub(crate) use header::{HeaderChoice, LookedAt, find_header};
pub(crate) use names::{is_number_or_date, name_columns};
pub use options::{TableOptions, Totals};
pub(crate) use rules::{RowKind, RowRules, is_error, propose_totals};
