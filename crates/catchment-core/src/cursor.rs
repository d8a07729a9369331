//! Cursors: where reading resumes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Finding, Result};

/// A position between two records, to resume at: the source's own count of what it delivered before it, and whatever else
/// the source needs. The default is where reading begins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// Records delivered before this position since the beginning of the source, rejects included.
    pub records_read: u64,
    /// The source's own state; opaque to everybody else.
    pub state: serde_json::Value,
    /// How much of its source a reading that ends here has covered.
    #[serde(rename = "pass", default, skip_serializing_if = "Coverage::is_complete")]
    pub coverage: Coverage,
    /// Whether the source is an inventory: its records are things that are there, or not. Rows of what left it are marked then
    /// where no option says otherwise.
    #[serde(rename = "inventory", default, skip_serializing_if = "std::ops::Not::not")]
    pub is_inventory: bool,
    /// What the next run of the same request is told ([`Reading::carryover`](crate::Reading::carryover)), if the run is completed
    /// at this position.
    #[serde(rename = "keep", default, skip_serializing_if = "Option::is_none")]
    pub carryover: Option<serde_json::Value>,
    /// What people should know of a reading that ends here and is not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// What the reading up to here has found out rather than been told. The run keeps the last finding of each topic, so one
    /// cursor with it is enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// How much of its source a reading covered: what decides whether an absent record is gone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// All that it holds. To find nothing where there was something is suspicious then.
    #[default]
    Complete,
    /// What is new since an earlier run; that may be nothing.
    Increment,
    /// A part: a limit of the options stopped it while more follows, or it cannot be sure to have seen all
    /// ([`Cursor::warning`] says why).
    Truncated,
}

impl Coverage {
    fn is_complete(&self) -> bool {
        *self == Self::Complete
    }
}

impl Cursor {
    /// A cursor that holds `state`.
    ///
    /// # Errors
    /// `system` when `state` has no JSON form.
    pub fn new(records_read: u64, state: &impl Serialize) -> Result<Self> {
        let state = serde_json::to_value(state).map_err(|error| {
            Error::new(ErrorKind::System, "cursor", format!("writing the cursor: {error}")).with_source(error)
        })?;
        Ok(Self { records_read, state, ..Self::default() })
    }

    /// The state as the source's own type.
    ///
    /// # Errors
    /// `config` when another version or source wrote it.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T> {
        let unreadable = |why: &dyn std::fmt::Display| {
            let message = format!(
                "the stored cursor cannot be read: {why}; schedule a new run, which reads the source from its beginning"
            );
            Error::config("cursor", message)
        };
        if i64::try_from(self.records_read).is_err() {
            return Err(unreadable(&format!("it stands behind {} records", self.records_read)));
        }
        T::deserialize(&self.state).map_err(|error| unreadable(&error).with_source(error))
    }
}
