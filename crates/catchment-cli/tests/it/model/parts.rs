//! What the model is made of.

use std::collections::BTreeMap;

pub type Value = Option<String>;

/// The columns that the source feeds, beside the key.
pub const COLUMNS: [&str; 3] = ["name", "price", "note"];
pub const PRICE: usize = 1;
/// A price that is none.
pub const BAD: &str = "cheap";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    Source,
    Target,
    FillEmpty,
    Max,
    Min,
    KeepEdits,
    Ask,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenGone {
    Keep,
    Mark,
    Delete,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub values: [Value; 3],
    pub is_here: bool,
}

/// A record of the source; empty is NULL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub id: u32,
    pub values: [String; 3],
}

impl Record {
    pub fn is_bad(&self) -> bool {
        self.values[PRICE] == BAD
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    /// The table keeps its value until the source moves.
    Decided,
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    pub state: State,
    pub table: Value,
    pub source: Value,
}

/// What a run does to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Insert([Value; 3]),
    /// Columns, with what was there and what is; none for the mark.
    Update(Vec<(usize, Value, Value)>, bool),
    Gone,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Inserted, updated, unchanged, skipped, failed.
    pub counts: [u64; 5],
    pub fields_kept: u64,
    pub conflicts: u64,
    pub gone: u64,
    pub is_held: bool,
    pub changes: BTreeMap<u32, Change>,
    pub rows_kept: u64,
}

/// How a conflict is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settling {
    Table,
    Source,
    Typed(Value),
}
