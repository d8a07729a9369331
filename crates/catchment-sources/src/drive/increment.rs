//! Reading what changed in a folder since an earlier run, as Drive's change feed tells it.
//!
//! The feed is read to its end first, and delivered in the order of ids: delivered as it comes, the second entry of a file would
//! be skipped as a duplicate, and the token would pass it.

use std::collections::{BTreeMap, HashSet};

use catchment_core::{Coverage, Finding, Result};

use super::feed::{Changes, FeedEnd, read_feed};
use super::inventory::Output;
use super::resource::DriveFile;
use super::root::changed;
use super::state::{DriveKept, DriveState, IncrementState, KnownTree, Logs};
use super::sweep::{Inventory, logs_of};
use super::tree::entries;

/// What earlier runs know of a folder.
pub(super) struct Known {
    pub(super) account: String,
    pub(super) logs: Logs,
    pub(super) swept: u64,
    pub(super) tree: KnownTree,
}

impl Known {
    /// The same for the next run, with where the logs stand.
    fn kept(&self, logs: Logs) -> DriveKept {
        self.kept_until(self.swept, logs)
    }

    fn kept_until(&self, swept: u64, logs: Logs) -> DriveKept {
        DriveKept::Files { account: self.account.clone(), logs, swept, tree: self.tree.clone() }
    }
}

/// What is known of the files that changed, by their ids: what they are, or that they are no files of the folder any more.
type Changed = BTreeMap<String, Option<DriveFile>>;

/// What changes come to.
struct Judged {
    files: Changed,
    /// Folders that came into the tree, the uppermost ones.
    came_in: Vec<DriveFile>,
}

impl Inventory<'_> {
    /// Reads what changed since the run that left `known`; why all has to be read instead, if so.
    ///
    /// # Errors
    /// As of the calls of Drive.
    pub(super) async fn increment(&self, known: Known, out: &mut Output<'_>) -> Result<Option<&'static str>> {
        let changes = match read_feed(self.client, &known.logs, self.pulse).await? {
            FeedEnd::Read(changes) => changes,
            FeedEnd::Stale(_) => {
                return Ok(Some("the change feed cannot be read on from where the last run left it"));
            }
            FeedEnd::TooMany => return Ok(Some("too much changed since the last run")),
        };
        if changes.has_memberships {
            return Ok(Some("the account became a member of a shared drive, or is none any more"));
        }
        let judged = match self.judge(&known.tree, &changes) {
            Ok(judged) => judged,
            Err(reason) => return Ok(Some(reason)),
        };
        let state = IncrementState {
            from: known.logs.clone(),
            to: changes.next.clone(),
            last: None,
            has_folders: !judged.came_in.is_empty(),
        };
        self.deliver(known, state, judged, None, out).await?;
        Ok(None)
    }

    /// Goes on with changes that were being read.
    ///
    /// # Errors
    /// As of the calls of Drive; `system`, `source_changed`.
    pub(super) async fn resume(
        &self,
        known: Known,
        state: IncrementState,
        out: &mut Output<'_>,
    ) -> Result<()> {
        let FeedEnd::Read(changes) = read_feed(self.client, &state.from, self.pulse).await? else {
            return Err(changed("its change feed cannot be read on"));
        };
        // What says otherwise came after the tokens that are kept; but what left since cannot be told from what left before.
        let judged = self.judge(&known.tree, &changes);
        let is_read_again = state.has_folders || judged.is_err();
        let judged = judged
            .unwrap_or_else(|_| Judged { files: self.plain(&known.tree, &changes), came_in: Vec::new() });
        // What came into folders that came in has no entry of its own: the next run reads all of the changes once more.
        let came_in = if state.has_folders { judged.came_in } else { Vec::new() };
        // What of a folder that came in was delivered before is in no state: all is read next time.
        let kept = is_read_again.then(|| known.kept_until(0, state.from.clone()));
        self.deliver(known, state, Judged { came_in, ..judged }, kept, out).await
    }

    /// Delivers what changed. `kept` is what the next run is told, where that is not where the logs stood when they were read.
    async fn deliver(
        &self,
        mut known: Known,
        mut state: IncrementState,
        Judged { mut files, came_in }: Judged,
        kept: Option<DriveKept>,
        out: &mut Output<'_>,
    ) -> Result<()> {
        out.coverage = Coverage::Increment;
        for folder in &came_in {
            let Some(tree) = self.walk_in(folder, "").await? else { continue };
            for (id, folder) in &tree.folders {
                let found = entries(self.client, self.scope, (id, folder), self.pulse).await?;
                files.extend(found.into_iter().map(|entry| (entry.file.id.clone(), Some(entry.file))));
            }
            for (log, token) in logs_of(&tree) {
                state.to.entry(log).or_insert(token);
            }
            known.tree.extend(&tree);
        }
        let (mut present, mut gone) = (0_u64, 0_u64);
        for (id, file) in files {
            if state.last.as_ref().is_some_and(|last| id <= *last) {
                continue;
            }
            match file {
                Some(file) => {
                    present += 1;
                    out.add(&file, "");
                }
                None => {
                    gone += 1;
                    out.add_gone(&id);
                }
            }
            state.last = Some(id);
            if out.is_full() && !out.send(&DriveState::Increment(state.clone())).await? {
                return Ok(());
            }
        }
        let message =
            format!("by Drive's change feed: {present} changed or new, {gone} not in the folder (any more)");
        out.find(Finding::sure("files", message));
        let kept = kept.unwrap_or_else(|| known.kept(state.to.clone()));
        out.end(&DriveState::Increment(state), Some(&kept), None).await
    }

    /// What changes come to; or why they do not tell enough.
    fn judge(&self, tree: &KnownTree, changes: &Changes) -> Result<Judged, &'static str> {
        let came_in = self.came_into(tree, changes);
        let is_in = |file: &DriveFile| {
            file.parents.iter().any(|parent| tree.has_folder(parent) || came_in.contains(parent.as_str()))
        };
        let mut files = Changed::new();
        for (id, file) in &changes.files {
            let is_known = tree.has_folder(id) || tree.has_link(id);
            let file = match file.as_ref().filter(|file| !file.trashed) {
                None if is_known => return Err("a folder or a shortcut was removed"),
                None => {
                    // Of a folder that was none of ours nothing is to be told.
                    if !file.as_ref().is_some_and(DriveFile::is_folder) {
                        files.insert(id.clone(), None);
                    }
                    continue;
                }
                Some(file) => file,
            };
            if let Some(reason) = self.doubt(tree, file, is_in(file), changes.found.contains(id)) {
                return Err(reason);
            }
            if !file.is_folder() && file.target().is_none() {
                let is_ours = (is_in(file) || tree.has_link(id)) && self.scope.wanted.has(file, "");
                files.insert(id.clone(), is_ours.then(|| file.clone()));
            }
        }
        let came = changes.files.values().flatten().filter(|file| came_in.contains(file.id.as_str()));
        let is_at_top = |file: &&DriveFile| file.parents.iter().any(|parent| tree.has_folder(parent));
        let came_in = came.filter(is_at_top).cloned().collect();
        Ok(Judged { files, came_in })
    }

    /// Why what became of a file or folder tells too little, if so. `moved` is one that one log had lost.
    fn doubt(&self, tree: &KnownTree, file: &DriveFile, is_in: bool, moved: bool) -> Option<&'static str> {
        let (is_known, is_linked) = (tree.has_folder(&file.id), tree.has_link(&file.id));
        match () {
            () if self.scope.wanted.needs_path() && (is_known || is_linked || is_in) => {
                Some("the pattern is one of paths, which changes do not tell")
            }
            () if file.id == self.root.id => None,
            () if file.is_folder() && is_known => (!is_in && !is_linked).then_some("a folder was moved out"),
            () if file.is_folder() => is_linked.then_some("a folder that a shortcut leads to came back"),
            // Where one was moved, what it leads to may be reached no more, also where it is in the tree.
            () if file.target().is_some() => (self.scope.follows_shortcuts && (is_linked || is_in))
                .then_some("a shortcut came in, or one of the folder's changed"),
            () => (moved && !is_in && !is_linked).then_some("a file moved from one change log to another"),
        }
    }

    /// The files of the folder that changes tell of, where these tell of more than can be judged: what left is for the next run.
    fn plain(&self, tree: &KnownTree, changes: &Changes) -> Changed {
        let is_ours = |file: &DriveFile| {
            let is_in = file.parents.iter().any(|parent| tree.has_folder(parent)) || tree.has_link(&file.id);
            let is_file = !file.is_folder() && file.target().is_none() && !file.trashed;
            is_in && is_file && self.scope.wanted.has(file, "")
        };
        let files = changes.files.iter().filter(|(_, file)| file.as_ref().is_some_and(is_ours));
        files.map(|(id, file)| (id.clone(), file.clone())).collect()
    }

    /// The folders that came into the tree, or into one that did.
    fn came_into<'c>(&self, tree: &KnownTree, changes: &'c Changes) -> HashSet<&'c str> {
        let mut came_in = HashSet::new();
        let folders = || changes.files.values().flatten().filter(|file| file.is_folder() && !file.trashed);
        loop {
            let is_in = |parent: &String| tree.has_folder(parent) || came_in.contains(parent.as_str());
            let more: Vec<_> = folders()
                .filter(|file| !tree.has_folder(&file.id) && !came_in.contains(file.id.as_str()))
                .filter(|file| file.parents.iter().any(is_in))
                .map(|file| file.id.as_str())
                .collect();
            if more.is_empty() || !self.scope.is_recursive {
                return came_in;
            }
            came_in.extend(more);
        }
    }
}
