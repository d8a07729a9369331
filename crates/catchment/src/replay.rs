//! Rejects that are mended and replayed: which, and how they are changed.

use catchment_core::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::parse_body;

/// What the records of a replay stand in: the row is the id of a reject.
pub(crate) const REPLAYED: &str = "sync_errors";

/// What became of a reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RejectState {
    /// Its record is not in the table.
    Open,
    /// A replay has applied it.
    Replayed,
    /// Somebody has decided that it does not matter.
    Ignored,
}

stored_names!(RejectState, "state of a reject", Open = "open", Replayed = "replayed", Ignored = "ignored");

/// Which of the open rejects of a run are meant; all of them where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RejectSelection {
    /// Those of these ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i64>,
    /// Those that fit this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<RejectFilter>,
}

/// Rejects that do not matter: the body of `POST /v1/sync/:id/errors/ignore`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ignore {
    /// Those of these ids.
    #[serde(default)]
    pub ids: Vec<i64>,
    /// Those that fit this; all that are open where neither is given.
    #[serde(default)]
    pub filter: Option<RejectFilter>,
    /// Why.
    pub reason: String,
}

impl Ignore {
    /// From its JSON form.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn from_json(value: Value) -> Result<Self> {
        parse_body(value)
    }
}

/// What rejects have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RejectFilter {
    /// The code of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The column that refused its value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// A value that the record has, in whatever field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What is replayed, and how it is changed before: the body of `POST /v1/sync/:id/errors/replay`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Replay {
    /// Those of these ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<i64>,
    /// Those that fit this; all that are open where neither is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<RejectFilter>,
    /// Fields of the source, with the values that all records get.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub set: Map<String, Value>,
    /// A value of a field that becomes another one, wherever it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replace: Option<ReplaceValue>,
}

/// A value that becomes another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceValue {
    /// The field of the source.
    pub field: String,
    /// The value that it has, as text.
    pub from: String,
    /// The value that it gets.
    pub to: Value,
}

/// A replay, as its run keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplayOf {
    /// The run whose rejects they are.
    pub run: i64,
    /// Which, and how they are changed.
    pub replay: Replay,
}

/// An open reject, as it is selected.
#[derive(Debug)]
pub(crate) struct OpenReject {
    pub(crate) id: i64,
    pub(crate) code: String,
    pub(crate) column: Option<String>,
    /// Its fields; `None` where it could not be stored whole.
    pub(crate) record: Option<Map<String, Value>>,
}

impl Replay {
    /// A replay from its JSON form.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn from_json(value: Value) -> Result<Self> {
        parse_body(value)
    }

    /// Which rejects are meant.
    pub(crate) fn selection(&self) -> RejectSelection {
        RejectSelection { ids: self.ids.clone(), filter: self.filter.clone() }
    }

    /// The fields of a record, changed.
    pub(crate) fn apply(&self, mut record: Map<String, Value>) -> Map<String, Value> {
        if let Some(ReplaceValue { field, from, to }) = &self.replace
            && let Some(value) = record.get_mut(field)
            && text_of(value) == *from
        {
            *value = to.clone();
        }
        record.extend(self.set.clone());
        record
    }
}

impl RejectSelection {
    pub(crate) fn holds(&self, reject: &OpenReject) -> bool {
        if !self.ids.is_empty() && !self.ids.contains(&reject.id) {
            return false;
        }
        let Some(RejectFilter { code, column, value }) = &self.filter else { return true };
        let has_value =
            |value: &String| reject.record.iter().flat_map(Map::values).any(|found| text_of(found) == *value);
        code.as_ref().is_none_or(|code| *code == reject.code)
            && column.as_ref().is_none_or(|column| Some(column) == reject.column.as_ref())
            && value.as_ref().is_none_or(has_value)
    }
}

/// A value as the source's text.
pub(crate) fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
