//! How many records may be rejected before a run fails.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A limit on rejects.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Value", into = "Value")]
#[schemars(with = "Value")]
pub enum MaxErrors {
    /// So many.
    Count(u64),
    /// Such a share of the records read, from 0 to 100.
    Percent(f64),
}

impl TryFrom<Value> for MaxErrors {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let percent = |text: &str| text.trim().strip_suffix('%')?.trim().parse::<f64>().ok();
        match &value {
            Value::Number(number) => number.as_u64().map(Self::Count),
            Value::String(text) => match text.trim().parse() {
                Ok(count) => Some(Self::Count(count)),
                Err(_) => percent(text).filter(|share| (0.0..=100.0).contains(share)).map(Self::Percent),
            },
            _ => None,
        }
        .ok_or_else(|| format!("{value} is neither a number of records nor a percentage such as \"5%\""))
    }
}

impl From<MaxErrors> for Value {
    fn from(limit: MaxErrors) -> Self {
        match limit {
            MaxErrors::Count(count) => count.into(),
            MaxErrors::Percent(share) => format!("{share}%").into(),
        }
    }
}

impl MaxErrors {
    /// Whether `failed` of `read` records are too many. A share says nothing about the first few records, so
    /// before the end it counts from 1,000 on.
    pub(crate) fn is_exceeded(self, failed: u64, read: u64, is_at_end: bool) -> bool {
        match self {
            Self::Count(limit) => failed > limit,
            #[expect(clippy::cast_precision_loss, reason = "a share of records needs no 53 bits")]
            Self::Percent(share) => {
                (is_at_end || read >= 1000) && failed as f64 * 100.0 > share * read as f64
            }
        }
    }
}
