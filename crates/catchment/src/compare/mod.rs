//! Compares a page with its table: what is new, what differs and in which columns, what is as it should be, and what this
//! run has seen before. It writes nothing.

mod bloom;
mod change;
mod differences;
mod encode;
mod first_places;
mod json;
mod look_up;
mod table_digests;
mod versions;

pub(crate) use change::{Changes, Difference, Duplicate, Unchanged};
pub(crate) use differences::differences;
pub(crate) use encode::shortest_decimal;
pub(crate) use look_up::compare;
pub(crate) use table_digests::{Reservations, TableDigests};
