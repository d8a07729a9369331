//! What was found out about a source and its data rather than given by options, for people to confirm.

use std::borrow::Cow;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::printable;

/// Something that was found out rather than given: what the summary of a run tells, so that nothing is guessed in silence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What it is about, in snake case, such as `encoding`, `delimiter`, `header` or `pagination`.
    pub topic: Cow<'static, str>,
    /// What was found, for people; where it is unsure, with the option that settles it.
    pub message: String,
    /// Whether it could as well be otherwise, so that people should look at it.
    #[serde(default)]
    pub is_unsure: bool,
}

impl Finding {
    /// One that evidence supports.
    pub fn sure(topic: &'static str, message: impl Into<String>) -> Self {
        Self { topic: topic.into(), message: printable(message.into()), is_unsure: false }
    }

    /// One that people should confirm; `message` names the option that settles it.
    pub fn unsure(topic: &'static str, message: impl Into<String>) -> Self {
        Self { is_unsure: true, ..Self::sure(topic, message) }
    }
}

impl fmt::Display for Finding {
    /// The topic as words, and the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.topic.replace('_', " "), self.message)
    }
}
