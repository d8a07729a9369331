//! Native files in other formats.

pub(crate) mod export;
mod table;
mod xlsx;
