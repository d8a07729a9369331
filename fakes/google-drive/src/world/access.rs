//! Who sees what. Permissions come from the item, from what is above it, from membership of a drive, or from a link.

use std::collections::BTreeMap;

use super::change_log::LogId;
use super::state::World;
use crate::principal::Principal;

/// Who asks, with the resource keys that it sent.
#[derive(Debug, Clone)]
pub(crate) struct Viewer {
    pub(crate) principal: Principal,
    /// By file id.
    pub(crate) resource_keys: BTreeMap<String, String>,
}

impl World {
    /// Whether a user has a permission on an item: what searches and the change log go by.
    pub(crate) fn has_permission(&self, principal: Principal, id: &str) -> bool {
        self.chain(id).any(|item| {
            item.owner == Some(principal)
                || item.shared_with.contains(&principal)
                || item.drive.as_ref().is_some_and(|drive| self.is_member(principal, drive))
        })
    }

    /// Whether an item is shown to who has its id: also by a link, for which its key may be needed.
    pub(crate) fn is_visible(&self, viewer: &Viewer, id: &str) -> bool {
        self.has_permission(viewer.principal, id) || self.is_reached_by_link(viewer, id)
    }

    fn is_reached_by_link(&self, viewer: &Viewer, id: &str) -> bool {
        let has_key = |id: &str, key: &Option<String>| {
            key.as_ref().is_none_or(|key| viewer.resource_keys.get(id) == Some(key))
        };
        self.chain(id).any(|item| item.traits.is_link_shared && has_key(&item.id, &item.traits.resource_key))
            && self.items.get(id).is_some_and(|item| has_key(id, &item.traits.resource_key))
    }

    pub(crate) fn is_member(&self, principal: Principal, drive: &str) -> bool {
        self.drives.get(drive).is_some_and(|drive| drive.members.contains(&principal))
    }

    /// Trashed itself, or below what is.
    pub(crate) fn is_trashed(&self, id: &str) -> bool {
        self.chain(id).any(|item| item.is_explicitly_trashed)
    }

    /// The logs that an item's changes are written to: that of its drive, which is its members' only one, and those of
    /// the others who see it.
    pub(crate) fn logs_of(&self, id: &str) -> Vec<LogId> {
        let Some(item) = self.items.get(id) else { return Vec::new() };
        let drive = item.drive.as_ref();
        let is_elsewhere =
            |principal: &Principal| drive.is_none_or(|drive| !self.is_member(*principal, drive));
        let seeing = Principal::ALL.into_iter().filter(|principal| self.has_permission(*principal, id));
        let users = seeing.filter(is_elsewhere).map(LogId::User);
        drive.cloned().map(LogId::Drive).into_iter().chain(users).collect()
    }
}
