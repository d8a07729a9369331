//! What a run knows of the rows that its source may vouch for.

use std::collections::HashMap;

/// The rows that a source may vouch for.
#[derive(Debug)]
pub(crate) struct Vouching {
    /// The run that saw them last.
    pub(crate) run_id: i64,
    /// The digest of the version of each, by its number.
    pub(super) versions: HashMap<i64, u64>,
}
