//! The lease: the right to write for a run for a while, and the fence that ends it for whoever had it before.

use std::time::Duration;

/// How long a worker holds a run without renewing its lease.
pub(crate) const LEASE: Duration = Duration::from_secs(15);

/// The right to write for a run, until somebody else takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) run_id: i64,
    /// The fencing token: it goes up with each claim, and a page with an older one is turned down.
    pub(crate) fence: i64,
}

/// The length of a lease, in milliseconds.
pub(super) fn lease_ms() -> i64 {
    i64::try_from(LEASE.as_millis()).unwrap_or(i64::MAX)
}
