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
        Ok(Self { records_read, state })
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
