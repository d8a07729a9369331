//! Reading all files of a folder: folders in the order of their ids, files in the order of theirs, and at last what changed
//! meanwhile, so that what moved behind the reading is seen and not taken for gone.

use std::collections::{BTreeMap, HashSet};

use catchment_core::{Finding, Pulse, Result};

use super::client::DriveClient;
use super::feed::{Changes, FeedEnd, read_feed};
use super::identifier::ItemId;
use super::inventory::Output;
use super::pattern::join;
use super::resource::DriveFile;
use super::root::{changed, root};
use super::state::{DriveKept, DriveState, KnownTree, Logs, SweepState, hash};
use super::tree::{Scope, Tree, Walker, entries};

/// A folder whose files are read.
pub(super) struct Inventory<'a> {
    pub(super) client: &'a DriveClient,
    pub(super) item: &'a ItemId,
    pub(super) scope: &'a Scope,
    pub(super) root: &'a DriveFile,
    pub(super) pulse: &'a Pulse,
}

impl Inventory<'_> {
    /// Reads all files, or goes on with that.
    ///
    /// # Errors
    /// As of the calls of Drive; `config`, `not_shared`; `system`, `source_changed`.
    pub(super) async fn sweep(&self, before: Option<SweepState>, out: &mut Output<'_>) -> Result<()> {
        let began = self.client.server_seconds();
        let tree = Walker::new(self.client, self.scope, self.pulse, true).walk(self.root, "").await?;
        let mut state = before.unwrap_or_else(|| SweepState { began, ..SweepState::default() });
        for (log, token) in &tree.logs {
            state.logs.entry(log.clone().unwrap_or_default()).or_insert_with(|| token.clone());
        }
        let mut delivered = HashSet::new();
        for (id, folder) in &tree.folders {
            let found = entries(self.client, self.scope, (id, folder), self.pulse).await?;
            delivered.extend(found.iter().map(|entry| hash(&entry.file.id)));
            if state.is_at_changes || state.folder.as_ref().is_some_and(|last| id < last) {
                continue;
            }
            let after = state.last.take().filter(|_| state.folder.as_ref() == Some(id));
            state.folder = Some(id.clone());
            for entry in found {
                if after.as_ref().is_some_and(|after| entry.order <= *after) {
                    continue;
                }
                out.add(&entry.file, &folder.path);
                state.last = Some(entry.order);
                if out.is_full() && !out.send(&DriveState::Sweep(state.clone())).await? {
                    return Ok(());
                }
            }
        }
        if !state.is_at_changes {
            (state.is_at_changes, state.last) = (true, None);
        }
        let Some(warning) = self.add_changed(&tree, &delivered, &mut state, out).await? else {
            return Ok(());
        };
        self.end(&tree, state, warning, out).await
    }

    /// Adds what came into the tree while it was read, behind where the reading stood. Why that cannot be known, if it cannot;
    /// nothing where nobody reads on.
    async fn add_changed(
        &self,
        tree: &Tree,
        delivered: &HashSet<u64>,
        state: &mut SweepState,
        out: &mut Output<'_>,
    ) -> Result<Option<Option<String>>> {
        let changes = match read_feed(self.client, &state.logs, self.pulse).await? {
            FeedEnd::Read(changes) => changes,
            FeedEnd::Stale => return Err(changed("the token of its change feed is not valid any more")),
            FeedEnd::TooMany => {
                let warning =
                    "too much changed in Google Drive while it was read; the next run reads all of it again";
                return Ok(Some(Some(warning.to_owned())));
            }
        };
        for (id, (file, path)) in self.came_in(tree, &changes).await? {
            if delivered.contains(&hash(&id)) || state.last.as_ref().is_some_and(|last| id <= *last) {
                continue;
            }
            out.add(&file, &path);
            state.last = Some(id);
            if out.is_full() && !out.send(&DriveState::Sweep(state.clone())).await? {
                return Ok(None);
            }
        }
        Ok(Some(None))
    }

    /// The files of the tree that changes tell of, with the paths of their folders.
    async fn came_in(&self, tree: &Tree, changes: &Changes) -> Result<BTreeMap<String, (DriveFile, String)>> {
        let mut found = BTreeMap::new();
        for file in changes.files.values().flatten().filter(|file| !file.trashed) {
            let Some(folder) = file.parents.iter().find_map(|parent| tree.folders.get(parent)) else {
                continue;
            };
            if file.is_folder() {
                if self.scope.is_recursive && !tree.folders.contains_key(&file.id) {
                    let path = join(&folder.path, &file.name);
                    let walker = Walker::new(self.client, self.scope, self.pulse, false);
                    for (id, folder) in &walker.walk(file, &path).await?.folders {
                        let inside = entries(self.client, self.scope, (id, folder), self.pulse).await?;
                        let files = inside.into_iter().map(|entry| entry.file);
                        found.extend(files.map(|file| (file.id.clone(), (file, folder.path.clone()))));
                    }
                }
            } else if self.scope.wanted.has(file, &folder.path) {
                found.insert(file.id.clone(), (file.clone(), folder.path.clone()));
            }
        }
        Ok(found)
    }

    async fn end(
        &self,
        tree: &Tree,
        state: SweepState,
        warning: Option<String>,
        out: &mut Output<'_>,
    ) -> Result<()> {
        // A folder that nobody shares any more is listed as an empty one.
        root(self.client, self.item, self.pulse).await?;
        if tree.dangling > 0 {
            let message = format!("{} shortcuts lead to nothing that this account can see", tree.dangling);
            out.find(Finding::unsure("shortcuts", message));
        }
        let message = format!("all files were read, of {} folders", tree.folders.len());
        out.find(Finding::sure("files", message));
        let kept = DriveKept::Files { logs: state.logs.clone(), swept: state.began, tree: known(tree) };
        out.end(&DriveState::Sweep(state), Some(&kept).filter(|_| warning.is_none()), warning).await
    }
}

/// What is kept of a tree.
pub(super) fn known(tree: &Tree) -> KnownTree {
    KnownTree {
        folders: tree.folders.keys().map(|id| hash(id)).collect(),
        links: tree.links.iter().map(|id| hash(id)).collect(),
    }
}

/// The tokens of a tree by the names of their logs.
pub(super) fn logs_of(tree: &Tree) -> Logs {
    tree.logs.iter().map(|(log, token)| (log.clone().unwrap_or_default(), token.clone())).collect()
}
