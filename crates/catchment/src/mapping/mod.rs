//! From a page as the source had it to rows as the table wants them: rename, convert, validate. Pure: no I/O,
//! no clock. A mapping is compiled once for a run, and applied to each page.

mod apply;
mod batch;
mod compile;
mod convert;
mod decimal;
pub(crate) mod identity;
pub(crate) mod names;
mod number;
mod options;
mod unmapped;

pub(crate) use batch::{Batch, Cell};
pub(crate) use compile::Mapping;
pub use decimal::DecimalFinding;
pub(crate) use decimal::find_decimal;
pub use names::Names;
pub use options::{MaxErrors, TargetOptions};
