//! Folders, files and drives that a test makes.

use std::collections::BTreeSet;

use super::blob::Blob;
use super::cell::Cell;
use super::change_log::{LogId, Subject};
use super::item::{Content, FileTraits, Item};
use super::native::NativeKind;
use super::spreadsheet::{Spreadsheet, Tab};
use super::state::{NewItem, SharedDrive, World};
use crate::principal::Principal;

impl World {
    /// The id of a user's My Drive.
    #[must_use]
    pub fn root(&self, principal: Principal) -> String {
        self.roots[&principal].clone()
    }

    /// A folder in the person's My Drive that is shared with the service account.
    pub fn root_folder(&mut self, name: &str) -> String {
        let id = self.add_folder(&self.root(Principal::User), name);
        self.share(&id, Principal::ServiceAccount);
        id
    }

    /// An empty folder.
    pub fn add_folder(&mut self, parent: &str, name: &str) -> String {
        self.add(NewItem { parent, name, content: Content::Folder, traits: FileTraits::default() })
    }

    /// A file with content.
    pub fn add_file(&mut self, parent: &str, name: &str, mime: &str, bytes: &[u8]) -> String {
        self.add_file_with(parent, name, mime, bytes, |_| {})
    }

    /// A file with content, and something special about it.
    pub fn add_file_with(
        &mut self,
        parent: &str,
        name: &str,
        mime: &str,
        bytes: &[u8],
        describe: impl FnOnce(&mut FileTraits),
    ) -> String {
        let mut traits = FileTraits::default();
        describe(&mut traits);
        let revision = self.ids.word("0B", 50);
        self.add(NewItem { parent, name, content: Content::Blob(Blob::new(mime, bytes, revision)), traits })
    }

    /// A file of one of Google's editors, with a text that its exports hold.
    pub fn add_native(&mut self, parent: &str, name: &str, kind: NativeKind) -> String {
        let content = Content::Native { kind, text: format!("{name}\n") };
        self.add(NewItem { parent, name, content, traits: FileTraits::default() })
    }

    /// A Google Sheet.
    pub fn add_sheet(&mut self, parent: &str, name: &str, tabs: Vec<Tab>) -> String {
        let content = Content::Sheet(Spreadsheet::new(tabs));
        self.add(NewItem { parent, name, content, traits: FileTraits::default() })
    }

    /// A shortcut.
    ///
    /// # Panics
    /// Where the target is missing, or a shortcut itself: Google makes none to these.
    pub fn add_shortcut(&mut self, parent: &str, name: &str, target: &str) -> String {
        let item = self.item(target);
        assert!(!matches!(item.content, Content::Shortcut { .. }), "Google makes no shortcut to a shortcut");
        let content = Content::Shortcut { target: target.to_owned(), target_mime: item.mime().to_owned() };
        self.add(NewItem { parent, name, content, traits: FileTraits::default() })
    }

    /// A shared drive; its id is that of its top folder.
    pub fn add_shared_drive(&mut self, name: &str, members: &[Principal]) -> String {
        self.clock.advance(1);
        let id = self.ids.root();
        let drive =
            SharedDrive { name: name.to_owned(), members: BTreeSet::new(), created: self.clock.now() };
        self.drives.insert(id.clone(), drive);
        self.add_top_folder(&id, name, None, Some(id.clone()));
        for member in members {
            self.set_member(&id, *member, true);
        }
        id
    }

    /// Makes a user a member of a shared drive, or none; one entry for the drive in the user's log, none for its files.
    ///
    /// # Panics
    /// Where there is no such drive.
    pub fn set_member(&mut self, drive: &str, principal: Principal, is_member: bool) {
        self.clock.advance(1);
        let members = &mut self.drives.get_mut(drive).unwrap().members;
        if is_member {
            members.insert(principal);
        } else {
            members.remove(&principal);
        }
        self.record(LogId::User(principal), Subject::Drive(drive.to_owned()));
    }

    /// Replaces a tab's cells; the content of the spreadsheet has changed then.
    ///
    /// # Panics
    /// Where there is no such spreadsheet or tab.
    pub fn set_cells(&mut self, id: &str, title: &str, rows: Vec<Vec<Cell>>) {
        self.change_tabs(id, |tabs| tabs.iter_mut().find(|tab| tab.title == title).unwrap().fill(rows));
    }

    /// Changes a spreadsheet's tabs in any way.
    ///
    /// # Panics
    /// Where it is no spreadsheet.
    pub fn change_tabs(&mut self, id: &str, change: impl FnOnce(&mut Vec<Tab>)) {
        self.mutate(id, |world| {
            let now = world.clock.now();
            let item = world.item_mut(id);
            let Content::Sheet(sheet) = &mut item.content else { panic!("{id} is no spreadsheet") };
            change(&mut sheet.tabs);
            item.modified = now;
        });
    }

    /// Sets a spreadsheet's locale and time zone, as `es_UY` and `America/Montevideo`.
    ///
    /// # Panics
    /// Where it is no spreadsheet.
    pub fn set_locale(&mut self, id: &str, locale: &str, time_zone: &str) {
        self.mutate(id, |world| {
            let Content::Sheet(sheet) = &mut world.item_mut(id).content else {
                panic!("{id} is no spreadsheet")
            };
            (sheet.locale, sheet.time_zone) = (locale.to_owned(), time_zone.to_owned());
        });
    }

    fn add(&mut self, new: NewItem<'_>) -> String {
        let id = match new.content {
            Content::Native { .. } | Content::Sheet(_) => self.ids.native(),
            _ => self.ids.file(),
        };
        let parent = self.item(new.parent);
        let (drive, owner) = (parent.drive.clone(), parent.owner);
        self.mutate(&id, |world| {
            let now = world.clock.now();
            let item = Item {
                id: id.clone(),
                name: new.name.to_owned(),
                content: new.content,
                parent: Some(new.parent.to_owned()),
                drive,
                owner,
                shared_with: BTreeSet::new(),
                is_explicitly_trashed: false,
                trashed_at: None,
                created: new.traits.created.unwrap_or(now),
                modified: new.traits.modified.unwrap_or(now),
                version: 0,
                traits: new.traits,
            };
            world.items.insert(id.clone(), item);
        });
        id
    }
}
