//! What a page changes in its table, before anybody has written it: what a policy judges, and a sink writes or keeps.

use std::collections::BTreeSet;
use std::sync::Arc;

use catchment_core::Location;

/// What is to be done with the records of a page; records are named by their index in it.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Records that the table does not have.
    pub(crate) insert: Vec<usize>,
    /// Records whose rows differ from them.
    pub(crate) update: Vec<Change>,
    /// Rows that are as they should be.
    pub(crate) unchanged: Unchanged,
    /// Records whose identity this run has seen before.
    pub(crate) duplicate: Vec<Duplicate>,
}

/// A record whose identity this run has seen before: it is left alone.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Duplicate {
    /// The record.
    pub(crate) record: usize,
    /// Where the first record of the identity stands, where that is known.
    pub(crate) first: Option<Location>,
}

/// A row that differs from its record.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// The record.
    pub(crate) record: usize,
    /// The id of the row.
    pub(crate) id: i64,
    /// The columns that differ, in the order of the batch.
    pub(crate) differences: Vec<Difference>,
}

/// A column whose value differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its index in the batch.
    pub(crate) column: usize,
    /// What the row has there; `None` for NULL. Numbers are in decimal.
    pub(crate) before: Option<Box<str>>,
}

/// Rows that were as they should be when they were read.
#[derive(Debug, Default)]
pub(crate) struct Unchanged {
    /// Their ids.
    pub(crate) ids: Vec<i64>,
    /// The `updated_at` that they had then: whoever changes a value changes that.
    pub(crate) versions: BTreeSet<Arc<str>>,
}
