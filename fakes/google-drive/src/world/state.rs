//! All that the fake knows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::change_log::{ChangeLog, LogId, Subject};
use super::clock::Clock;
use super::credentials::Credentials;
use super::ids::IdGenerator;
use super::item::{Content, FileTraits, Item};
use super::page_tokens::PageTokens;
use super::settings::{Addresses, Settings};
use crate::principal::Principal;

/// A shared drive.
#[derive(Debug, Clone)]
pub(crate) struct SharedDrive {
    pub(crate) name: String,
    pub(crate) members: BTreeSet<Principal>,
    pub(crate) created: Timestamp,
}

/// What an item is made from.
pub(crate) struct NewItem<'a> {
    pub(crate) parent: &'a str,
    pub(crate) name: &'a str,
    pub(crate) content: Content,
    pub(crate) traits: FileTraits,
}

/// The state of the fake: items, permissions, logs, tokens. Hooks get it, to change it.
#[derive(Debug)]
pub struct World {
    /// What an administrator, a console or Google decides.
    pub settings: Settings,
    pub(crate) items: BTreeMap<String, Item>,
    pub(crate) drives: BTreeMap<String, SharedDrive>,
    pub(crate) roots: BTreeMap<Principal, String>,
    pub(crate) clock: Clock,
    pub(crate) ids: IdGenerator,
    pub(crate) logs: BTreeMap<LogId, ChangeLog>,
    /// Entries that come late, while there are to be such.
    pub(crate) held_entries: Option<Vec<(LogId, Subject)>>,
    pub(crate) page_tokens: PageTokens,
    pub(crate) credentials: Credentials,
    /// Content that a redirect leads to, good once.
    pub(crate) downloads: BTreeMap<String, (String, Vec<u8>)>,
    pub(crate) addresses: Addresses,
}

impl World {
    /// Two users with an empty My Drive each.
    pub(crate) fn new(seed: u64) -> Self {
        let mut world = Self {
            settings: Settings::default(),
            items: BTreeMap::new(),
            drives: BTreeMap::new(),
            roots: BTreeMap::new(),
            clock: Clock::new(),
            ids: IdGenerator::new(seed),
            logs: BTreeMap::new(),
            held_entries: None,
            page_tokens: PageTokens::default(),
            credentials: Credentials::new(),
            downloads: BTreeMap::new(),
            addresses: Addresses::default(),
        };
        for principal in Principal::ALL {
            let id = world.ids.root();
            world.add_top_folder(&id, "My Drive", Some(principal), None);
            world.roots.insert(principal, id);
        }
        world
    }

    /// The folder at the top of a My Drive or of a shared drive.
    pub(crate) fn add_top_folder(
        &mut self,
        id: &str,
        name: &str,
        owner: Option<Principal>,
        drive: Option<String>,
    ) {
        let now = self.clock.now();
        let item = Item {
            id: id.to_owned(),
            name: name.to_owned(),
            content: Content::Folder,
            parent: None,
            drive,
            owner,
            shared_with: BTreeSet::new(),
            is_explicitly_trashed: false,
            trashed_at: None,
            created: now,
            modified: now,
            version: 1,
            traits: FileTraits::default(),
        };
        self.items.insert(id.to_owned(), item);
    }

    /// The item with an id.
    ///
    /// # Panics
    /// Where there is none.
    pub(crate) fn item(&self, id: &str) -> &Item {
        self.items.get(id).unwrap_or_else(|| panic!("the fake has no item {id}"))
    }

    pub(crate) fn item_mut(&mut self, id: &str) -> &mut Item {
        self.items.get_mut(id).unwrap_or_else(|| panic!("the fake has no item {id}"))
    }

    pub(crate) fn children<'a>(&'a self, parent: &'a str) -> impl Iterator<Item = &'a Item> {
        self.items.values().filter(move |item| item.parent.as_deref() == Some(parent))
    }

    /// An item and all that is above it, from below; at most 200, as no chain ends in a circle that way.
    pub(crate) fn chain<'a>(&'a self, id: &str) -> impl Iterator<Item = &'a Item> {
        let parent = |item: &&'a Item| item.parent.as_ref().and_then(|parent| self.items.get(parent));
        std::iter::successors(self.items.get(id), parent).take(200)
    }
}
