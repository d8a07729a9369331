//! A plain walk of the fake's own state: what a client's table must equal.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::Timestamp;

use super::item::{Content, Item};
use super::state::World;
use crate::principal::Principal;

/// A file as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileView {
    /// Its id, that of the target where a shortcut led to it.
    pub id: String,
    /// Its own name.
    pub name: String,
    /// Its MIME type.
    pub mime: String,
    /// In bytes; of files with content.
    pub size: Option<u64>,
    /// As the API says it; of files with content.
    pub md5: Option<String>,
    /// `modifiedTime`.
    pub modified: Timestamp,
    /// `createdTime`.
    pub created: Timestamp,
    /// The one folder that it is in, if any.
    pub parents: Vec<String>,
    /// Itself, or by what is above it.
    pub trashed: bool,
    /// The names from the root of the walk on; as names hold `/` too, for reading only.
    pub path: String,
}

/// The md5 of a file whose md5 is wrong.
pub(crate) const WRONG_MD5: &str = "00000000000000000000000000000bad";

struct Walk<'a> {
    world: &'a World,
    principal: Principal,
    follows_shortcuts: bool,
    /// Folders to do, with their paths: the real ones before those that a shortcut leads to.
    folders: VecDeque<(String, String)>,
    done: BTreeSet<String>,
    found: BTreeMap<String, FileView>,
}

impl World {
    /// All files below a folder that a user sees and that are not in the bin, in the order of their ids. Shortcuts
    /// are no files; what they lead to is found once, if asked for.
    #[must_use]
    pub fn walk(&self, root: &str, principal: Principal, follows_shortcuts: bool) -> Vec<FileView> {
        let folders = VecDeque::from([(root.to_owned(), String::new())]);
        let (done, found) = (BTreeSet::new(), BTreeMap::new());
        let mut walk = Walk { world: self, principal, follows_shortcuts, folders, done, found };
        while let Some((folder, path)) = walk.folders.pop_front() {
            if walk.is_live(&folder) && walk.done.insert(folder.clone()) {
                self.children(&folder).for_each(|child| walk.visit(child, &join(&path, &child.name)));
            }
        }
        walk.found.into_values().collect()
    }

    /// An item as the server knows it; its path is its name. `None` where it was deleted.
    #[must_use]
    pub fn file(&self, id: &str) -> Option<FileView> {
        self.items.get(id).map(|item| self.view(item, &item.name))
    }

    /// All items there are, also those in the bin, with their paths from the top, in the order of these.
    #[must_use]
    pub fn everything(&self) -> Vec<FileView> {
        let view = |item: &Item| {
            let names: Vec<&str> = self.chain(&item.id).map(|above| above.name.as_str()).collect();
            self.view(item, &names.into_iter().rev().collect::<Vec<_>>().join("/"))
        };
        let mut views: Vec<FileView> = self.items.values().map(view).collect();
        views.sort_by(|one, other| one.path.cmp(&other.path));
        views
    }

    /// A file as the server knows it, with a path.
    fn view(&self, item: &Item, path: &str) -> FileView {
        let md5 = |item: &Item| {
            item.blob()
                .map(|blob| if item.traits.has_wrong_md5 { WRONG_MD5 } else { &blob.digests.md5 }.to_owned())
        };
        FileView {
            id: item.id.clone(),
            name: item.name.clone(),
            mime: item.mime().to_owned(),
            size: item.blob().map(|blob| u64::try_from(blob.bytes.len()).unwrap()),
            md5: md5(item),
            modified: item.modified,
            created: item.created,
            parents: item.parent.iter().cloned().collect(),
            trashed: self.is_trashed(&item.id),
            path: path.to_owned(),
        }
    }
}

impl Walk<'_> {
    fn visit(&mut self, item: &Item, path: &str) {
        if !self.is_live(&item.id) {
            return;
        }
        match &item.content {
            Content::Folder => self.folders.push_front((item.id.clone(), path.to_owned())),
            Content::Shortcut { target, .. } if self.follows_shortcuts => self.follow(target, path),
            Content::Shortcut { .. } => {}
            _ => {
                self.found.insert(item.id.clone(), self.world.view(item, path));
            }
        }
    }

    fn follow(&mut self, target: &str, path: &str) {
        if !self.is_live(target) {
            return;
        }
        let item = self.world.item(target);
        if item.is_folder() {
            self.folders.push_back((target.to_owned(), path.to_owned()));
        } else {
            let view = self.world.view(item, path);
            self.found.entry(target.to_owned()).or_insert(view);
        }
    }

    /// Whether it exists, is shown to the user (by whatever link), and is not in the bin.
    fn is_live(&self, id: &str) -> bool {
        let is_linked = || self.world.chain(id).any(|item| item.traits.is_link_shared);
        (self.world.has_permission(self.principal, id) || is_linked()) && !self.world.is_trashed(id)
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}
