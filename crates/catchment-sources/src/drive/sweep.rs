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
use super::tree::{Folder, Scope, Tree, Walker, entries};

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
        let mut known = KnownTree::default();
        known.extend(&tree);
        let (digest, account) = (known.digest(&tree), self.client.account_key()?);
        // Folders that came or left are in no state of what was read: their files would be lost, or kept for ever.
        if before.as_ref().is_some_and(|before| before.tree != digest || before.account != account) {
            return Err(changed(
                "folders or shortcuts came, moved or left, or it is read by another account",
            ));
        }
        let mut state =
            before.unwrap_or_else(|| SweepState { began, account, tree: digest, ..SweepState::default() });
        for (log, token) in &tree.logs {
            state.logs.entry(log.clone().unwrap_or_default()).or_insert_with(|| token.clone());
        }
        let mut delivered = HashSet::new();
        for (id, folder) in &tree.folders {
            if state.is_at_changes || state.folder.as_ref().is_some_and(|last| id < last) {
                continue;
            }
            let found = entries(self.client, self.scope, (id, folder), self.pulse).await?;
            let after = state.last.take().filter(|_| state.folder.as_ref() == Some(id));
            state.folder = Some(id.clone());
            for entry in found {
                if after.as_ref().is_some_and(|after| entry.order <= *after) {
                    continue;
                }
                // What an attempt before this one delivered is not known: what changed of it is delivered again.
                delivered.insert(hash(&entry.file.id));
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
        let Some(warning) = self.add_changed(&tree, &mut known, &delivered, &mut state, out).await? else {
            return Ok(());
        };
        self.end(&tree, known, state, warning, out).await
    }

    /// Adds what came into the tree while it was read, behind where the reading stood. Why that cannot be known, if it cannot;
    /// nothing where nobody reads on.
    async fn add_changed(
        &self,
        tree: &Tree,
        known: &mut KnownTree,
        delivered: &HashSet<u64>,
        state: &mut SweepState,
        out: &mut Output<'_>,
    ) -> Result<Option<Option<String>>> {
        let changes = match read_feed(self.client, &state.logs, self.pulse).await? {
            FeedEnd::Read(changes) => changes,
            FeedEnd::Stale(error) => {
                return Err(changed(&format!("its change feed cannot be read: {}", error.message())));
            }
            FeedEnd::TooMany => {
                let warning =
                    "too much changed in Google Drive while it was read; the next run reads all of it again";
                return Ok(Some(Some(warning.to_owned())));
            }
        };
        if self.has_other_links(tree, &changes, delivered) {
            let warning = "shortcuts, or what they lead to, came or moved while the folder was read; the next run reads all of it again";
            return Ok(Some(Some(warning.to_owned())));
        }
        for (id, (file, path)) in self.came_in(tree, known, &mut state.logs, &changes).await? {
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

    /// Whether a shortcut came into the tree, so that what it leads to was not listed; or what one leads to left the folder that it
    /// would be read in.
    fn has_other_links(&self, tree: &Tree, changes: &Changes, delivered: &HashSet<u64>) -> bool {
        let is_in = |file: &DriveFile| file.parents.iter().any(|parent| tree.folders.contains_key(parent));
        let is_other = |file: &DriveFile| match (file.target(), tree.links.contains(&file.id)) {
            (Some(_), is_known) => !is_known && is_in(file),
            (None, true) => !file.is_folder() && !is_in(file) && !delivered.contains(&hash(&file.id)),
            (None, false) => false,
        };
        let mut files = changes.files.values().flatten().filter(|file| !file.trashed);
        self.scope.follows_shortcuts && files.any(is_other)
    }

    /// The files of the tree that changes tell of, with the paths of their folders; folders that came in are known then.
    async fn came_in(
        &self,
        tree: &Tree,
        known: &mut KnownTree,
        logs: &mut Logs,
        changes: &Changes,
    ) -> Result<BTreeMap<String, (DriveFile, String)>> {
        let mut found = BTreeMap::new();
        for file in changes.files.values().flatten().filter(|file| !file.trashed) {
            if let Some(folder) = tree.folders.get(&file.id) {
                // One that was away for a moment was listed as an empty one.
                let again =
                    Folder { path: folder.path.clone(), drive: folder.drive.clone(), ..Folder::default() };
                found.extend(self.files_of(&file.id, &again).await?);
                continue;
            }
            let Some(folder) = file.parents.iter().find_map(|parent| tree.folders.get(parent)) else {
                continue;
            };
            if !file.is_folder() {
                if self.scope.wanted.has(file, &folder.path) {
                    found.insert(file.id.clone(), (file.clone(), folder.path.clone()));
                }
            } else if self.scope.is_recursive
                && let Some(came) = self.walk_in(file, &join(&folder.path, &file.name)).await?
            {
                known.extend(&came);
                for (log, token) in logs_of(&came) {
                    logs.entry(log).or_insert(token);
                }
                for (id, folder) in &came.folders {
                    found.extend(self.files_of(id, folder).await?);
                }
            }
        }
        Ok(found)
    }

    async fn files_of(&self, id: &str, folder: &Folder) -> Result<Vec<(String, (DriveFile, String))>> {
        let inside = entries(self.client, self.scope, (id, folder), self.pulse).await?;
        let files = inside.into_iter().map(|entry| entry.file);
        Ok(files.map(|file| (file.id.clone(), (file, folder.path.clone()))).collect())
    }

    /// A folder that came in, with all below it; nothing where it left again.
    pub(super) async fn walk_in(&self, folder: &DriveFile, path: &str) -> Result<Option<Tree>> {
        match Walker::new(self.client, self.scope, self.pulse, true).walk(folder, path).await {
            Err(error) if error.code() == "not_shared" => Ok(None),
            tree => tree.map(Some),
        }
    }

    async fn end(
        &self,
        tree: &Tree,
        known: KnownTree,
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
        let account = state.account.clone();
        let kept = DriveKept::Files { account, logs: state.logs.clone(), swept: state.began, tree: known };
        out.end(&DriveState::Sweep(state), Some(&kept).filter(|_| warning.is_none()), warning).await
    }
}

impl KnownTree {
    /// Adds the folders and shortcuts of a tree.
    pub(super) fn extend(&mut self, tree: &Tree) {
        self.folders.extend(tree.folders.keys().map(|id| hash(id)));
        self.links.extend(tree.links.iter().map(|id| hash(id)));
    }

    /// A digest of all of it, and of where the shortcuts to files are.
    fn digest(&self, tree: &Tree) -> String {
        let of_links = |(id, folder): (&String, &Folder)| {
            folder.linked.iter().map(|entry| hash(&format!("{id} {}", entry.order))).collect::<Vec<_>>()
        };
        let places = tree.folders.iter().flat_map(of_links);
        let hashes = self.folders.iter().chain(&[0]).chain(&self.links).copied().chain(places);
        let text: String = hashes.map(|hash| format!("{hash:016x}")).collect();
        format!("{:016x}", hash(&text))
    }
}

/// The tokens of a tree by the names of their logs.
pub(super) fn logs_of(tree: &Tree) -> Logs {
    tree.logs.iter().map(|(log, token)| (log.clone().unwrap_or_default(), token.clone())).collect()
}
