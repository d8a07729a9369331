//! Who may take which run up.

use super::holder::Holder;

/// Who wants to claim a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Claimant<'a> {
    /// Its machine.
    pub(crate) node: &'a str,
    /// Whether it is a service, whose data directories count for requests over HTTP.
    pub(crate) is_service: bool,
    /// The key for sealed secrets that it has; empty for none.
    pub(crate) key_id: &'a str,
}

impl Claimant<'_> {
    /// The values of `sync_runs.claimable_by` that it may claim: WHO@WHERE. Runs that came over HTTP are a service's, whose
    /// data directories count; runs of local files are their node's.
    pub(super) fn values(self) -> Vec<String> {
        let services: &[&str] = if self.is_service { &["service", "any"] } else { &["any"] };
        services.iter().flat_map(|who| ["*", self.node].map(|place| format!("{who}@{place}"))).collect()
    }

    pub(super) fn may_claim(self, claimable_by: &str) -> bool {
        self.values().iter().any(|value| value == claimable_by)
    }

    /// Whether it may take up a run of another node, once nobody there does.
    pub(super) fn may_adopt(self, claimable_by: &str) -> bool {
        let is_of_another_node = claimable_by.split_once('@').is_some_and(|(_, node)| node != self.node);
        is_of_another_node && (self.is_service || claimable_by.starts_with("any@"))
    }

    /// Whether it can open secrets that are sealed with this key; those of no run need none.
    pub(super) fn has_key(self, key_id: Option<&str>) -> bool {
        key_id.is_none_or(|key_id| key_id == self.key_id)
    }

    pub(super) fn can_claim(self, holder: &Holder) -> bool {
        self.may_claim(&holder.claimable_by) && self.has_key(holder.key_id.as_deref())
    }
}
