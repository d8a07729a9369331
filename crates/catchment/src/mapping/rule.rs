//! What is done to the values of a source column before they are converted: `values` and `default`.

use std::collections::HashMap;

use catchment_core::Value;

use super::field::FieldRule;

/// A value of an option, with its text owned.
#[derive(Debug, Clone)]
pub(crate) enum OwnedValue {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Json(String),
}

impl OwnedValue {
    pub(crate) fn of(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(flag) => Self::Bool(*flag),
            serde_json::Value::Number(number) => Self::Number(number.to_string()),
            serde_json::Value::String(text) => Self::Text(text.clone()),
            other => Self::Json(other.to_string()),
        }
    }

    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(text) => Value::Number(text),
            Self::Text(text) => Value::Text(text),
            Self::Json(text) => Value::Json(text),
        }
    }
}

/// A rule, compiled.
#[derive(Debug, Default)]
pub(super) struct ValueRule {
    values: HashMap<String, OwnedValue>,
    default: Option<OwnedValue>,
}

impl ValueRule {
    pub(super) fn of(rule: &FieldRule) -> Self {
        let values = rule.values.iter().flatten();
        Self {
            values: values.map(|(from, to)| (from.trim().to_owned(), OwnedValue::of(to))).collect(),
            default: rule.default.as_ref().map(OwnedValue::of),
        }
    }

    /// The value that takes the place of one of the source.
    pub(super) fn apply<'v>(&'v self, value: Value<'v>) -> Value<'v> {
        let text = value.as_trimmed();
        let replaced = self.values.get(text.unwrap_or_default()).map(OwnedValue::as_value).unwrap_or(value);
        match &self.default {
            Some(default) if replaced.as_trimmed().is_none() => default.as_value(),
            _ => replaced,
        }
    }
}
