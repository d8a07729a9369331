//! What a preview finds out: what a run would change, by column and change by change.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a run would change, summed up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct PreviewSummary {
    /// Rows to be inserted that are kept with their values; the others are only counted.
    pub inserts_stored: u64,
    /// Rows to be updated that are kept with their values, before and after.
    pub updates_stored: u64,
    /// Rows that left the source that are kept.
    pub gone_stored: u64,
    /// Of the columns that updates change, what they change.
    pub columns: BTreeMap<String, ColumnChanges>,
    /// The sum of the digests of all changes, as 32 hexadecimal digits: equal for the same changes, in whatever order.
    pub digest: String,
}

impl PreviewSummary {
    /// Takes the digests of changes into account.
    pub(crate) fn add_digests(&mut self, digests: &[u128]) {
        if digests.is_empty() {
            return;
        }
        let sum = u128::from_str_radix(&self.digest, 16).unwrap_or_default();
        self.digest = format!("{:032x}", digests.iter().copied().fold(sum, u128::wrapping_add));
    }
}

/// What updates change in a column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ColumnChanges {
    /// Rows in which its value changes.
    pub rows: u64,
    /// Of numbers, the median of how much they change, as a share of the value before: 0.05 is 5 % more. Of the changes that
    /// are stored; null where there is none of a number other than 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median: Option<f64>,
    /// Of numbers, the change that is the largest, as a share of the larger of both values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest: Option<LargestChange>,
}

/// The largest change of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LargestChange {
    /// What identifies the row.
    pub item: String,
    /// Its value in the table.
    pub before: String,
    /// Its value in the source.
    pub after: String,
}

/// What a change does to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The row is new.
    Insert,
    /// Values of it change.
    Update,
    /// The row left the source: it is marked, or deleted.
    Gone,
    /// None: its record is rejected. These are listed where they are asked for.
    Reject,
}

stored_names!(
    ChangeKind,
    "kind of change",
    Insert = "insert",
    Update = "update",
    Gone = "gone",
    Reject = "reject"
);

/// A change that a run would make.
#[derive(Debug, Clone)]
pub struct StoredChange {
    /// Its id, for paging.
    pub id: i64,
    /// What it does.
    pub kind: ChangeKind,
    /// What identifies the row.
    pub item: String,
    /// The line that its record begins in.
    pub line: Option<i64>,
    /// The page of the source that it stands on, and its place there as a JSONPath.
    pub page: Option<i64>,
    /// See `page`.
    pub path: Option<String>,
    /// The values that change.
    pub fields: Vec<FieldChange>,
    /// Why it is rejected.
    pub reason: Option<String>,
}

/// A value that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// The column, with a member of it where it is JSON.
    pub column: String,
    /// The value in the table, cut at 200 bytes; null for NULL, and of a new row.
    pub before: Option<String>,
    /// The value in the source, cut likewise.
    pub after: Option<String>,
    /// Whether it is a number.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_number: bool,
}

impl LargestChange {
    pub(crate) fn size(&self) -> f64 {
        numbers(&self.before, &self.after).map_or(0.0, size)
    }
}

impl FieldChange {
    fn numbers(&self) -> Option<[f64; 2]> {
        if self.is_number { numbers(self.before.as_deref()?, self.after.as_deref()?) } else { None }
    }

    /// How much a number changes, as a share of the larger of both values; 0 of what is no number.
    pub(crate) fn size(&self) -> f64 {
        self.numbers().map_or(0.0, size)
    }

    /// How much a number changes, as a share of the value before.
    pub(crate) fn ratio(&self) -> Option<f64> {
        let [before, after] = self.numbers()?;
        Some((after - before) / before.abs()).filter(|ratio| ratio.is_finite())
    }

    /// The name of the column, without the member of its JSON.
    pub(crate) fn is_of(&self, column: &str) -> bool {
        self.column == column || self.column.strip_prefix(column).is_some_and(|rest| rest.starts_with('.'))
    }
}

fn numbers(before: &str, after: &str) -> Option<[f64; 2]> {
    Some([before.parse().ok()?, after.parse().ok()?])
}

/// How far two numbers are apart, as a share of the larger one.
fn size([before, after]: [f64; 2]) -> f64 {
    let size = (after - before).abs() / before.abs().max(after.abs());
    if size.is_finite() { size } else { 0.0 }
}
