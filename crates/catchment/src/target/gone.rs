//! What marks a row that left its source.

use serde::Deserialize;

/// What marks a row that left its source (`whenGone: mark`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoneMark {
    /// The column.
    pub column: String,
    /// What it is set to.
    pub value: MarkValue,
    /// What it is set to when the row comes back; without it, as it is.
    #[serde(default)]
    pub back: Option<MarkValue>,
}

/// A value of a mark.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum MarkValue {
    /// A flag.
    Flag(bool),
    /// A number.
    Number(i64),
    /// A word.
    Text(String),
}
