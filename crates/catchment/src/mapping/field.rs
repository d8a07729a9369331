//! What feeds a column of the table: a column of the source, with what is done to its values, a constant, or an expression.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::given;

/// Target column to what feeds it.
pub type ColumnMapping = BTreeMap<String, FieldMapping>;

/// What feeds a column of the table.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(
    untagged,
    expecting = "must be the name of a source column, or an object with `from`, `const` or `expr`"
)]
pub enum FieldMapping {
    /// The source column of that name.
    Field(String),
    /// A source column with rules for its values, a constant, or an expression.
    Rule(Box<FieldRule>),
}

/// A source column with rules for its values, a constant, or an expression: exactly one of `from`, `const` and `expr`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct FieldRule {
    /// The source column, or for APIs its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The same value for all records.
    #[serde(rename = "const", deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub constant: Option<Value>,
    /// An expression (minijinja) over the source's columns, such as `artist ~ ' - ' ~ title`; columns whose names are no
    /// identifiers are `record['unit price']`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expr: Option<String>,
    /// What an empty value becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Values of the source, and what they become; others stay as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<Map<String, Value>>,
    /// How dates and times are written, such as `dd/MM/yyyy HH:mm` or `%d/%m/%Y`; for bytes `hex` or `base64`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Whether white space around text is left out. Default true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<bool>,
}

impl FieldMapping {
    /// The source column whose values it takes, where it takes them.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Field(name) => Some(name),
            Self::Rule(rule) => rule.from.as_deref(),
        }
    }

    /// What is done to the values, where something is.
    pub(crate) fn rule(&self) -> Option<&FieldRule> {
        match self {
            Self::Field(_) => None,
            Self::Rule(rule) => Some(rule),
        }
    }

    /// Why it says nothing, or too much.
    pub(crate) fn problem(&self) -> Option<&'static str> {
        let rule = self.rule()?;
        let given = [rule.from.is_some(), rule.constant.is_some(), rule.expr.is_some()];
        let has_format = rule.format.is_some() || rule.values.is_some() || rule.trim.is_some();
        match given.iter().filter(|is_given| **is_given).count() {
            0 => Some("needs one of `from`, `const` and `expr`"),
            1 if rule.constant.is_some() && (has_format || rule.default.is_some()) => {
                Some("is a constant; `default`, `values`, `format` and `trim` are for source columns")
            }
            1 => None,
            _ => Some("has several of `from`, `const` and `expr`; give only one of them"),
        }
    }
}

impl From<String> for FieldMapping {
    fn from(name: String) -> Self {
        Self::Field(name)
    }
}

impl fmt::Display for FieldMapping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => f.write_str(name),
            Self::Rule(rule) => match (&rule.from, &rule.constant, &rule.expr) {
                (Some(name), ..) => f.write_str(name),
                (_, Some(value), _) => write!(f, "always {value}"),
                (_, _, Some(expression)) => write!(f, "{{{{ {expression} }}}}"),
                _ => f.write_str("nothing"),
            },
        }
    }
}
