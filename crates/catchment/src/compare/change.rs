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
    /// Records whose rows differ from them, and keep all their values as the policies say.
    pub(crate) kept: Vec<Change>,
    /// Rows that are as they should be.
    pub(crate) unchanged: Unchanged,
    /// Records whose identity this run has seen before.
    pub(crate) duplicate: Vec<Duplicate>,
}

/// A record whose identity this run has seen before: it is left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// What the row is found again by.
    pub(crate) id: RowId,
    /// The columns that differ and are to be written, in the order of the batch.
    pub(crate) differences: Vec<Difference>,
    /// Those that differ and stay as they are.
    pub(crate) kept: Vec<Kept>,
}

/// A column whose value differs, and stays as it is: a policy says so.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its index in the batch.
    pub(crate) column: usize,
    /// What the row has there; `None` for NULL. Numbers are in decimal.
    pub(crate) there: Option<Box<str>>,
    /// Whether somebody has to decide.
    pub(crate) is_asked: bool,
    /// Whether it is kept because nobody knows what a run last wrote there.
    pub(crate) is_unknown: bool,
}

/// A column whose value differs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    /// Its index in the batch.
    pub(crate) column: usize,
    /// What the row has there; `None` for NULL. Numbers are in decimal.
    pub(crate) before: Option<Box<str>>,
}

/// What a row is found again by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RowId {
    /// Its number.
    Number(i64),
    /// The values of its primary key, as text; none where it has no such key.
    Key(Box<[Box<str>]>),
}

/// Rows that were as they should be when they were read.
#[derive(Debug, Clone)]
pub(crate) enum Unchanged {
    /// By their numbers, with the versions that they had then: whoever changes a value changes that.
    Versioned { ids: Vec<i64>, versions: BTreeSet<Arc<str>> },
    /// Records whose rows were read in the transaction that they are counted in.
    Verified(Vec<usize>),
}

impl Default for Unchanged {
    fn default() -> Self {
        Self::Versioned { ids: Vec::new(), versions: BTreeSet::new() }
    }
}

impl Unchanged {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Versioned { ids, .. } => ids.len(),
            Self::Verified(records) => records.len(),
        }
    }

    /// Adds a row with its number and its version.
    pub(super) fn add(&mut self, number: i64, version: Option<Arc<str>>) {
        if let Self::Versioned { ids, versions } = self {
            ids.push(number);
            versions.extend(version);
        }
    }
}
