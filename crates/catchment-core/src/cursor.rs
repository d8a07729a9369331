//! Where reading goes on.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, Result};

/// A place between two records: the source's own count of what it delivered before it, and whatever the
/// source needs to go on from there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cursor {
    /// Records delivered before this place since the beginning of the source, rejects included.
    pub records_read: u64,
    /// The source's own state; opaque to everybody else.
    pub state: serde_json::Value,
    /// What reading to this place amounts to, if it is the end.
    #[serde(default, skip_serializing_if = "Pass::is_complete")]
    pub pass: Pass,
    /// What the next run of the same request is told ([`Reading::kept`](crate::Reading::kept)), if the run is completed
    /// at this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<serde_json::Value>,
    /// What people should know of a pass that is not complete, if it ends at this place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

/// What a source has been read as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// All that it holds. To find nothing where there was something is suspicious then.
    #[default]
    Complete,
    /// What is new since an earlier run; that may be nothing.
    Increment,
    /// A part: a limit of the options stopped it while more follows, or it cannot be sure to have seen all
    /// ([`Cursor::warning`] says why).
    Truncated,
}

impl Pass {
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
        Ok(Self { records_read, state, pass: Pass::Complete, keep: None, warning: None })
    }

    /// The state as the source's own type.
    ///
    /// # Errors
    /// `config` when another version or source wrote it.
    pub fn state<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.state).map_err(|error| {
            Error::config("cursor", format!("the stored cursor is not one of this source: {error}"))
                .with_source(error)
        })
    }
}
