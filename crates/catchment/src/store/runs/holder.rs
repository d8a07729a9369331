//! The run that others wait for, and who holds it.

use std::fmt;

use jiff::Timestamp;

use crate::store::db::{Row, StoreError};
use crate::store::values::timestamp;

/// The columns of [`Holder::read`], in its order, of a row `h` of `sync_runs`.
pub(super) const HOLDER_COLUMNS: &str = "h.id, h.lease_owner, {ms h.lease_until}, h.claimable_by, h.fence, CASE WHEN h.status = 'in_progress' AND \
     (h.lease_until IS NULL OR h.lease_until < {now}) THEN 1 ELSE 0 END, \
     (SELECT k.key_id FROM sync_run_keys k WHERE k.sync_run_id = h.id), \
     {ms COALESCE((SELECT MAX(a.started_at) FROM sync_attempts a WHERE a.sync_run_id = h.id), h.started_at)}, \
     CASE WHEN h.status = 'pending' AND h.next_attempt_at > {now} THEN {ms h.next_attempt_at} END";
/// How many there are.
pub(super) const HOLDER_WIDTH: usize = 9;

/// The run that others wait for, and who holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(crate) run_id: i64,
    /// None where it waits for its own next attempt.
    pub(crate) owner: Option<String>,
    pub(crate) lease_until: Option<Timestamp>,
    /// When its last attempt began.
    pub(crate) since: Option<Timestamp>,
    /// When its next attempt is due, where that is yet to come.
    pub(crate) due: Option<Timestamp>,
    pub(crate) claimable_by: String,
    pub(super) fence: i64,
    /// Whether nobody has renewed its lease.
    pub(super) is_expired: bool,
    /// The key that its secrets are sealed with.
    pub(super) key_id: Option<String>,
}

impl Holder {
    pub(super) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            run_id: row.int(0)?,
            owner: row.optional_string(1)?,
            lease_until: timestamp(row.optional_int(2)?),
            claimable_by: row.text(3)?.to_owned(),
            fence: row.int(4)?,
            is_expired: row.int(5)? == 1,
            key_id: row.optional_string(6)?,
            since: timestamp(row.optional_int(7)?),
            due: timestamp(row.optional_int(8)?),
        })
    }
}

impl Holder {
    /// Whether a process works at it.
    pub(super) fn is_live(&self) -> bool {
        self.owner.is_some() && self.lease_until.is_some() && !self.is_expired
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.owner, self.lease_until) {
            (Some(owner), Some(until)) if !self.is_expired => {
                let mut parts = owner.split('/');
                let (node, process) = (parts.next().unwrap_or_default(), parts.nth(3).unwrap_or_default());
                write!(f, "held by process {process} on {node}")?;
                if let Some(since) = self.since {
                    write!(f, " since {since:.0}")?;
                }
                write!(f, ", whose lease expires at {until:.0} unless it is renewed")
            }
            _ => {
                let next = match self.due {
                    Some(due) => format!("its next attempt is due at {due:.0}"),
                    None => describe_claimants(&self.claimable_by),
                };
                let id = self.run_id;
                write!(f, "{next}; cancel it to free its source: `catchment runs cancel {id}`")
            }
        }
    }
}

/// Who may take a run up, in words.
pub(super) fn describe_claimants(claimable_by: &str) -> String {
    let (who, place) = claimable_by.split_once('@').unwrap_or_default();
    let who = if who == "service" { "a service (`catchment serve`)" } else { "any process" };
    match place {
        "*" => format!("it can be claimed by {who}"),
        node => format!("it can be claimed by {who} on the node {node}"),
    }
}
