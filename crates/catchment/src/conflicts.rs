//! Who wins where source and table differ, and the conflicts that somebody has to settle.

use std::collections::BTreeMap;

use catchment_core::{Error, Result};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::{given, parse_body};

/// Table column to who wins there.
pub type ConflictRules = BTreeMap<String, ConflictRule>;

/// Who wins in a column where source and table differ.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "must be `source`, `target`, `fill_empty`, `max`, `min`, `keep_edits`, `ask`, or {\"newest\": {\"source\": \"a column of \
                 the source\", \"target\": \"a column of the table\"}}"
)]
pub enum ConflictRule {
    /// By a rule that needs nothing else.
    Policy(ConflictPolicy),
    /// By when both were changed.
    Newest(ByNewest),
}

/// Who wins in a column where source and table differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictPolicy {
    /// The source. So it is where nothing is said.
    Source,
    /// The table, once it has a value: anything but NULL.
    Target,
    /// The table, unless its value is empty: NULL, blank text, or JSON without content.
    FillEmpty,
    /// Whoever has the larger number or the later date.
    Max,
    /// Whoever has the smaller number or the earlier date.
    Min,
    /// Whoever edited the table by hand: the source's changes are applied where the table has what a run last wrote.
    KeepEdits,
    /// The same; where both have changed, the conflict is filed for somebody to settle.
    Ask,
}

impl ConflictPolicy {
    /// Whether it matters what a run last wrote.
    pub(crate) fn is_three_way(self) -> bool {
        matches!(self, Self::KeepEdits | Self::Ask)
    }
}

/// Whoever changed last wins.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ByNewest {
    /// The columns that say when that was.
    pub newest: ChangedBy,
}

/// Columns that say when a record and a row changed last: dates, times, or numbers that grow.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedBy {
    /// The one of the source.
    pub source: String,
    /// The one of the table.
    pub target: String,
}

/// A field in which both the source and somebody by hand have changed what a run last wrote.
#[derive(Debug, Clone)]
pub struct Conflict {
    /// Its id.
    pub id: i64,
    /// The run that found it.
    pub run_id: i64,
    /// The table.
    pub target_table: String,
    /// The type of the source.
    pub source_type: String,
    /// The name of the source.
    pub source_name: String,
    /// What identifies the row, for people.
    pub item: String,
    /// The columns that tell rows apart, with the values of this one.
    pub key: Map<String, Value>,
    /// The column.
    pub column: String,
    /// What a run last wrote there; `None` where none has since the policy holds.
    pub written: Option<Option<String>>,
    /// What the table has there.
    pub in_table: Option<String>,
    /// What the source has there.
    pub in_source: Option<String>,
    /// Whether somebody has to settle it.
    pub state: ConflictState,
    /// How it was settled.
    pub settled_by: Option<SettledBy>,
    /// When it was filed.
    pub created_at: Timestamp,
    /// When it was settled.
    pub settled_at: Option<Timestamp>,
}

/// Whether somebody has to settle a conflict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConflictState {
    /// It waits.
    Open,
    /// It is settled until the source moves again.
    Settled,
}

stored_names!(ConflictState, "state of a conflict", Open = "open", Settled = "settled");

/// How a conflict was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettledBy {
    /// The table keeps its value.
    Table,
    /// The table got the source's.
    Source,
    /// The table got a value of somebody's own.
    Value,
    /// A run found that it is no question any more, or another one than somebody has settled.
    Agreed,
    /// The row is not there any more.
    Gone,
}

stored_names!(
    SettledBy,
    "settlement",
    Table = "table",
    Source = "source",
    Value = "value",
    Agreed = "agreed",
    Gone = "gone"
);

/// Which conflicts are meant; all of them where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ConflictFilter {
    /// Those of these ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i64>,
    /// Those of this table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_table: Option<String>,
    /// Those of this column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Those that this run found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub run_id: Option<i64>,
}

/// How a conflict is settled.
#[derive(Debug, Clone, PartialEq)]
pub enum Settlement {
    /// The table keeps its value.
    Table,
    /// The table gets the source's.
    Source,
    /// The table gets this one, written as a source of JSON would.
    Value(Value),
}

/// How conflicts are settled: the body of `POST /v1/conflicts/:id` and of `POST /v1/conflicts/settle`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct SettleBody {
    /// Those that fit this. Not with `:id`.
    filter: Option<ConflictFilter>,
    /// Whose value is taken: `table` or `source`.
    by: Option<Side>,
    /// The value that the table gets, instead of `by`.
    #[serde(deserialize_with = "given")]
    value: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Side {
    Table,
    Source,
}

impl Settlement {
    /// From its JSON form: `{"by": "table"}`, `{"by": "source"}` or `{"value": …}`, for all conflicts that fit a `filter`, or
    /// for those of the ids.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn from_json(value: Value, ids: &[i64]) -> Result<(ConflictFilter, Self)> {
        let body: SettleBody = parse_body(value)?;
        let invalid = |message: &str| Err(Error::config("invalid_request", message).with_detail("", message));
        let settlement = match (body.by, body.value) {
            (Some(Side::Table), None) => Self::Table,
            (Some(Side::Source), None) => Self::Source,
            (None, Some(value)) => Self::Value(value),
            _ => return invalid("give either `by` (`table` or `source`) or `value`"),
        };
        match (body.filter, ids) {
            (Some(filter), []) => Ok((filter, settlement)),
            (None, [_, ..]) => {
                Ok((ConflictFilter { ids: ids.to_vec(), ..ConflictFilter::default() }, settlement))
            }
            (None, []) => invalid("`filter` is missing; {} is all open conflicts"),
            (Some(_), _) => invalid("`filter` does not go with an id"),
        }
    }
}

/// What came of settling conflicts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settled {
    /// How many are settled.
    pub settled: u64,
    /// Those that are not, and why.
    pub left: Vec<LeftConflict>,
}

/// A conflict that was not settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftConflict {
    /// Its id.
    pub id: i64,
    /// What identifies the row, for people.
    pub item: String,
    /// Why.
    pub reason: String,
}
