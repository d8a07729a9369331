//! What people do with their files while a sync runs.

use jiff::Timestamp;

use super::change_log::{LogId, Subject};
use super::credentials::LoginCode;
use super::item::{Content, FileTraits};
use super::page_tokens::TokenDeath;
use super::state::World;
use crate::principal::Principal;

impl World {
    /// Uploads content, the same or another: a new revision. A native file gets it as its text.
    ///
    /// # Panics
    /// Where the item has no content of its own.
    pub fn set_content(&mut self, id: &str, bytes: &[u8]) {
        self.mutate(id, |world| {
            let (now, revision) = (world.clock.now(), world.ids.word("0B", 50));
            let item = world.item_mut(id);
            match &mut item.content {
                Content::Blob(blob) => blob.upload(bytes, revision),
                Content::Native { text, .. } => *text = String::from_utf8_lossy(bytes).into_owned(),
                _ => panic!("{id} has no content"),
            }
            item.modified = now;
        });
    }

    /// Sets `modifiedTime`, as anybody may who uploads: also back.
    pub fn touch(&mut self, id: &str, modified: Timestamp) {
        self.mutate(id, |world| world.item_mut(id).modified = modified);
    }

    /// Gives another name; `modifiedTime` does not move.
    pub fn rename(&mut self, id: &str, name: &str) {
        self.mutate(id, |world| name.clone_into(&mut world.item_mut(id).name));
    }

    /// Moves an item with all that is below it; also into or out of a shared drive. One entry in the logs, whatever is
    /// below.
    pub fn move_to(&mut self, id: &str, parent: &str) {
        self.mutate(id, |world| {
            let target = world.item(parent);
            let (drive, owner) = (target.drive.clone(), target.owner);
            world.item_mut(id).parent = Some(parent.to_owned());
            for below in world.below(id) {
                let item = world.item_mut(&below);
                (item.drive, item.owner) = (drive.clone(), owner);
            }
        });
    }

    /// Into the bin, with all that is below it.
    pub fn trash(&mut self, id: &str) {
        self.set_trashed(id, true);
    }

    /// Out of the bin.
    pub fn untrash(&mut self, id: &str) {
        self.set_trashed(id, false);
    }

    /// For good, with all that is below it, of which no log tells.
    pub fn delete(&mut self, id: &str) {
        self.mutate(id, |world| {
            for below in world.below(id) {
                world.items.remove(&below);
            }
        });
    }

    /// Shares an item, and all that is below it.
    pub fn share(&mut self, id: &str, principal: Principal) {
        self.mutate(id, |world| {
            world.item_mut(id).shared_with.insert(principal);
        });
    }

    /// Takes a permission back; what is above may still give it.
    pub fn unshare(&mut self, id: &str, principal: Principal) {
        self.mutate(id, |world| {
            world.item_mut(id).shared_with.remove(&principal);
        });
    }

    /// Somebody looked at a file: its version moves, and the logs get an entry.
    pub fn look_at(&mut self, id: &str) {
        self.mutate(id, |_| {});
    }

    /// Changes what is special about a file.
    pub fn change_traits(&mut self, id: &str, change: impl FnOnce(&mut FileTraits)) {
        self.mutate(id, |world| change(&mut world.item_mut(id).traits));
    }

    /// Gives a shared drive another name: an entry in its log and in those of its members.
    ///
    /// # Panics
    /// Where there is no such drive.
    pub fn rename_drive(&mut self, drive: &str, name: &str) {
        self.clock.advance(1);
        let shared = self.drives.get_mut(drive).unwrap();
        name.clone_into(&mut shared.name);
        let members: Vec<_> = shared.members.iter().copied().map(LogId::User).collect();
        for log in members.into_iter().chain([LogId::Drive(drive.to_owned())]) {
            self.record(log, Subject::Drive(drive.to_owned()));
        }
    }

    /// All page tokens of listings given out so far are refused from now on.
    pub fn kill_listing_tokens(&mut self, death: TokenDeath) {
        self.page_tokens.kill_listings(death);
    }

    /// All start and page tokens of change logs given out so far are refused from now on.
    pub fn kill_change_tokens(&mut self, death: TokenDeath) {
        self.page_tokens.kill_changes(death);
    }

    /// All access tokens given out so far are 401 from now on.
    pub fn end_access_tokens(&mut self) {
        self.credentials.end_access();
    }

    /// The person takes the consent back: refresh tokens are `invalid_grant`.
    pub fn revoke_refresh_tokens(&mut self) {
        self.credentials.revoke_refresh();
    }

    /// What the browser brings back after the person's consent.
    pub fn issue_code(&mut self, code_challenge: &str, redirect_uri: &str) -> String {
        let code = self.ids.word("4/0A", 60);
        let login = LoginCode { challenge: code_challenge.to_owned(), redirect_uri: redirect_uri.to_owned() };
        self.credentials.add_code(code.clone(), login);
        code
    }

    /// The time of the fake.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets time pass.
    pub fn advance(&mut self, seconds: i64) {
        self.clock.advance(seconds);
    }

    /// Sets the time.
    pub const fn set_now(&mut self, now: Timestamp) {
        self.clock.set(now);
    }

    fn set_trashed(&mut self, id: &str, is_trashed: bool) {
        self.mutate(id, |world| {
            let now = world.clock.now();
            let item = world.item_mut(id);
            item.is_explicitly_trashed = is_trashed;
            item.trashed_at = is_trashed.then_some(now);
        });
    }

    /// An item and all below it.
    fn below(&self, id: &str) -> Vec<String> {
        let mut found = vec![id.to_owned()];
        let mut next = 0;
        while let Some(id) = found.get(next).cloned() {
            found.extend(self.children(&id).map(|child| child.id.clone()));
            next += 1;
        }
        found
    }
}
