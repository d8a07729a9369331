//! The folders below one, with what is in them: each listed by itself, as a query over several loses files in silence.

use std::collections::{BTreeMap, HashMap, HashSet};

use catchment_core::{Error, Pulse, Result};
use futures::{StreamExt, TryStreamExt, stream};

use super::client::DriveClient;
use super::list::list_folder;
use super::meaning::NOT_FOUND;
use super::pattern::{Wanted, join};
use super::resource::{DriveFile, FOLDER};
use super::root::log_of;

/// The most folders of a tree.
const MAX_FOLDERS: usize = 100_000;
/// Files that are kept from the walk until they are read; others are listed a second time.
const MAX_KEPT: usize = 100_000;

/// Which part of Drive is read.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) wanted: Wanted,
    pub(super) is_recursive: bool,
    pub(super) follows_shortcuts: bool,
}

/// A folder of a tree.
#[derive(Debug, Clone, Default)]
pub(super) struct Folder {
    /// Its path below the first one, which has none.
    pub(super) path: String,
    /// The shared drive that it is searched in, where the client is a member.
    pub(super) drive: Option<String>,
    /// Its files that are meant, in the order of their ids; none where they were too many to be kept.
    pub(super) files: Option<Vec<Entry>>,
    /// Files that shortcuts in it lead to.
    pub(super) linked: Vec<Entry>,
}

/// A file that is meant.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// What it is ordered by: its id, or that of the shortcut that leads to it.
    pub(super) order: String,
    pub(super) file: DriveFile,
}

/// All folders below one, with it.
#[derive(Debug, Default)]
pub(super) struct Tree {
    /// By their ids.
    pub(super) folders: BTreeMap<String, Folder>,
    /// The ids of shortcuts, and of what they lead to: what becomes of these tells of the tree as well.
    pub(super) links: HashSet<String>,
    /// Where each change log that tells of the tree stood before its first list.
    pub(super) logs: BTreeMap<Option<String>, String>,
    /// Shortcuts that lead to nothing that can be seen.
    pub(super) dangling: usize,
}

/// Walks folders.
pub(super) struct Walker<'a> {
    pub(super) client: &'a DriveClient,
    pub(super) scope: &'a Scope,
    pub(super) pulse: &'a Pulse,
    /// Whether what changes from now on matters.
    pub(super) notes_logs: bool,
    tree: Tree,
    memberships: HashMap<String, Option<String>>,
    /// The folders that are listed, or about to be, and the files that shortcuts led to.
    opened: HashSet<String>,
    kept: usize,
}

/// A folder that is to be listed.
type Open = (String, Folder);

impl<'a> Walker<'a> {
    pub(super) fn new(client: &'a DriveClient, scope: &'a Scope, pulse: &'a Pulse, notes_logs: bool) -> Self {
        Self {
            client,
            scope,
            pulse,
            notes_logs,
            tree: Tree::default(),
            memberships: HashMap::new(),
            opened: HashSet::new(),
            kept: 0,
        }
    }

    /// All folders below one.
    ///
    /// # Errors
    /// As of the calls of Drive; `config`, `too_many_folders`.
    pub(super) async fn walk(mut self, root: &DriveFile, path: &str) -> Result<Tree> {
        let mut level = vec![self.open(root, path.to_owned()).await?];
        let (client, pulse) = (self.client, self.pulse);
        while !level.is_empty() {
            let lists = level.into_iter().map(|(id, folder)| async move {
                let files = list_folder(client, &id, folder.drive.as_deref(), pulse).await?;
                Ok::<_, Error>((id, folder, files))
            });
            let mut lists = stream::iter(lists).buffered(client.http.concurrency());
            let mut next = Vec::new();
            while let Some((id, folder, files)) = lists.try_next().await? {
                let Some(files) = files else {
                    if id == root.id {
                        let message = format!("the folder `{}` cannot be seen any more", root.name);
                        return Err(Error::config("not_shared", message));
                    }
                    continue;
                };
                self.add((id, folder), files, &mut next).await?;
            }
            level = next;
        }
        self.drop_repeated();
        Ok(self.tree)
    }

    /// A folder that is about to be listed: from here on, what changes in it is in a log.
    async fn open(&mut self, folder: &DriveFile, path: String) -> Result<Open> {
        let (drive, _) = self.note_log(folder).await?;
        self.opened.insert(folder.id.clone());
        Ok((folder.id.clone(), Folder { path, drive, ..Folder::default() }))
    }

    /// The log that tells of a file or folder, and whether where it stands was noted just now.
    async fn note_log(&mut self, file: &DriveFile) -> Result<(Option<String>, bool)> {
        let drive = match file.drive_id.as_ref().and_then(|drive| self.memberships.get(drive)) {
            Some(known) => known.clone(),
            None => {
                let log = log_of(self.client, file, self.pulse).await?;
                if let Some(drive) = &file.drive_id {
                    self.memberships.insert(drive.clone(), log.clone());
                }
                log
            }
        };
        let is_new = self.notes_logs && !self.tree.logs.contains_key(&drive);
        if is_new {
            let token = self.client.start_token(drive.as_deref(), self.pulse).await?;
            self.tree.logs.insert(drive.clone(), token);
        }
        Ok((drive, is_new))
    }

    /// Adds a folder with what is in it; `next` are the folders in it.
    async fn add(
        &mut self,
        (id, mut folder): Open,
        files: Vec<DriveFile>,
        next: &mut Vec<Open>,
    ) -> Result<()> {
        let mut kept = Vec::new();
        for file in files {
            if file.is_folder() {
                if self.scope.is_recursive && !self.opened.contains(&file.id) {
                    let path = join(&folder.path, &file.name);
                    next.push(self.open(&file, path).await?);
                }
            } else if file.target().is_some() {
                if self.scope.follows_shortcuts {
                    self.follow(&file, &mut folder, next).await?;
                }
            } else if self.scope.wanted.has(&file, &folder.path) {
                kept.push(Entry { order: file.id.clone(), file });
            }
        }
        self.kept += kept.len();
        folder.files = (self.kept <= MAX_KEPT).then_some(kept);
        self.tree.folders.insert(id, folder);
        if self.tree.folders.len() + next.len() <= MAX_FOLDERS {
            return Ok(());
        }
        let message = format!("there are more than {MAX_FOLDERS} folders below it; name a folder with fewer");
        Err(Error::config("too_many_folders", message))
    }

    /// Follows a shortcut: to a folder that is listed with the others, or to a file. Those that lead back are known already.
    async fn follow(
        &mut self,
        shortcut: &DriveFile,
        folder: &mut Folder,
        next: &mut Vec<Open>,
    ) -> Result<()> {
        let Some(target) = shortcut.target() else { return Ok(()) };
        self.tree.links.insert(shortcut.id.clone());
        self.tree.links.insert(target.target_id.clone());
        let is_folder = target.target_mime_type == FOLDER;
        if self.opened.contains(&target.target_id) || is_folder && !self.scope.is_recursive {
            return Ok(());
        }
        let mut found = self.target(&target.target_id).await?;
        if let Some(file) = found.as_ref().filter(|file| !file.is_folder())
            && self.note_log(file).await?.1
        {
            // What became of it before its log was noted is in none.
            found = self.target(&target.target_id).await?;
        }
        match found {
            None => self.tree.dangling += 1,
            Some(found) if found.is_folder() => {
                let path = join(&folder.path, &shortcut.name);
                next.push(self.open(&found, path).await?);
            }
            Some(file) if self.scope.wanted.has(&file, &folder.path) => {
                self.opened.insert(file.id.clone());
                folder.linked.push(Entry { order: shortcut.id.clone(), file });
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// What a shortcut leads to, if that is there.
    async fn target(&self, id: &str) -> Result<Option<DriveFile>> {
        match self.client.file(id, self.pulse).await {
            Ok(found) if found.trashed => Ok(None),
            Err(error) if error.code() == NOT_FOUND => Ok(None),
            found => found.map(Some),
        }
    }

    /// Drops files behind shortcuts that are meant in one of the folders as well.
    fn drop_repeated(&mut self) {
        let folders = self.tree.folders.iter();
        let paths: HashMap<_, _> = folders.map(|(id, folder)| (id.clone(), folder.path.clone())).collect();
        let wanted = &self.scope.wanted;
        let is_meant = |file: &DriveFile| {
            file.parents.iter().filter_map(|parent| paths.get(parent)).any(|path| wanted.has(file, path))
        };
        for folder in self.tree.folders.values_mut() {
            folder.linked.retain(|entry| !is_meant(&entry.file));
        }
    }
}

/// The files of a folder in the order of their ids, and of those of shortcuts.
pub(super) async fn entries(
    client: &DriveClient,
    scope: &Scope,
    (id, folder): (&str, &Folder),
    pulse: &Pulse,
) -> Result<Vec<Entry>> {
    let mut entries = match &folder.files {
        Some(kept) => kept.clone(),
        None => {
            let files = list_folder(client, id, folder.drive.as_deref(), pulse).await?.unwrap_or_default();
            let wanted = files.into_iter().filter(|file| scope.wanted.has(file, &folder.path));
            wanted.map(|file| Entry { order: file.id.clone(), file }).collect()
        }
    };
    entries.extend(folder.linked.iter().cloned());
    entries.sort_by(|one, other| one.order.cmp(&other.order));
    Ok(entries)
}
