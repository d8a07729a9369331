//! Compares a page with its table: what is new, what differs and in which columns, what is as it should be, and what this
//! run has seen before. It writes nothing.

mod apart;
mod bloom;
mod change;
mod change_digest;
mod comparison;
mod decimals;
mod differences;
mod encode;
mod first_places;
mod identity;
mod json;
mod judge;
mod look_up;
mod seen;
mod table_digests;
mod versions;

pub(crate) use change::{Change, Changes, Difference, Duplicate, Kept, RowId, Unchanged};
pub(crate) use change_digest::{change_digest, gone_digest};
pub(crate) use comparison::{Comparer, PagePlan};
pub(crate) use decimals::decimal_text;
pub(crate) use differences::{differences, is_same_text};
pub(crate) use identity::{DigestSet, IdentityPart, identity_digest};
pub(crate) use look_up::{compare, compare_again, compare_reserved};
