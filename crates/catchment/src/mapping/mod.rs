//! From a page as the source had it to rows as the table wants them: rename, convert, validate. Pure: no I/O,
//! no clock. A mapping is compiled once for a run, and applied to each page.

mod amount;
mod apply;
mod batch;
mod batch_builder;
mod compile;
mod convert;
mod converted;
mod date_format;
mod decimal;
mod expression;
mod feeds;
mod field;
mod fit;
mod float;
pub(crate) mod identity;
mod infer;
mod max_errors;
mod moment;
pub(crate) mod names;
mod number;
mod numeric;
mod options;
mod policies;
mod reading;
mod rule;
mod special;
mod text;
mod typed;
mod unmapped;
mod words;

pub(crate) use batch::{Batch, Cell};
pub(crate) use compile::Mapping;
pub use decimal::DecimalFinding;
pub(crate) use decimal::find_decimal;
pub use field::{ColumnMapping, FieldMapping, FieldRule};
pub(crate) use infer::{InferredColumn, InferredType, infer};
pub use max_errors::MaxErrors;
pub(crate) use options::StorageLimits;
pub use options::{KeyColumns, TargetOptions, Unmapped, WhenGone};
pub(crate) use policies::{Policies, Winner};
pub(crate) use rule::OwnedValue;
pub(crate) use typed::typed_value;
