//! Tables that can be written.

use catchment::{TargetColumn, TargetInfo};
use schemars::JsonSchema;
use serde::Serialize;

/// A table that can be written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TargetView {
    /// Its name, for the option `targetTable`.
    name: String,
    /// Why it cannot be written after all; null where it can.
    refusal: Option<String>,
    /// Its unique keys, the primary one first: what the option `key` can name.
    keys: Vec<Vec<String>>,
    /// The columns that can be mapped.
    columns: Vec<TargetColumnView>,
    /// The JSON column that keeps what nothing maps.
    metadata: Option<String>,
    /// Its CHECK constraints, as SQL: the database refuses rows that they do not hold for.
    checks: Vec<String>,
    /// What should be known before it is written.
    warnings: Vec<String>,
}

/// A column that can be mapped.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TargetColumnView {
    /// Its name.
    name: String,
    /// What fits, for people.
    takes: String,
    /// Whether it must be mapped, or fed by an option.
    required: bool,
    /// Whether it can be NULL.
    nullable: bool,
}

impl From<&TargetInfo> for TargetView {
    fn from(target: &TargetInfo) -> Self {
        let column = |column: &TargetColumn| TargetColumnView {
            name: column.name.clone(),
            takes: column.takes.clone(),
            required: column.is_required,
            nullable: column.is_nullable,
        };
        Self {
            name: target.name.clone(),
            refusal: target.refusal.clone(),
            keys: target.keys.clone(),
            columns: target.columns.iter().map(column).collect(),
            metadata: target.metadata.clone(),
            checks: target.checks.clone(),
            warnings: target.warnings.clone(),
        }
    }
}
