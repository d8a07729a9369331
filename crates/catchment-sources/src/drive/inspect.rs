//! What is found out of something in Drive: who reads it, what it is, which tabs or files there are, and the first rows.

use std::collections::VecDeque;
use std::sync::Arc;

use catchment_core::{
    Error, Finding, Inspection, Page, PageSize, Pulse, Reading, Result, feed, task_panicked,
};
use catchment_formats::Format;
use futures::StreamExt;
use serde_json::Map;

use super::folder::read_folder;
use super::inventory::Output;
use super::list::list_folder;
use super::meaning::API_DISABLED;
use super::pattern::join;
use super::plan::{Drive, Use};
use super::resource::DriveFile;
use super::root::{log_of, root};
use super::sheet::{Tab, tabs};
use super::state::{DriveState, SweepState};

/// Records that are shown.
const SHOWN: usize = 100;
/// Folders that are looked into for files.
const MAX_FOLDERS: usize = 20;

impl Drive {
    /// Proves that reading could start: the item is there, and what is in it can be asked for.
    pub(super) async fn test_connection(&self) -> Result<()> {
        let pulse = Pulse::default();
        let root = root(&self.client, &self.item, &pulse).await?;
        match self.use_of(&root)? {
            Use::Files | Use::FolderRows => {
                let drive = log_of(&self.client, &root, &pulse).await?;
                self.client.children(&root.id, drive.as_deref(), None, &pulse).await.map(|_| ())
            }
            Use::Rows => self.fetcher(&pulse).fetch(&root).await.map(|_| ()),
        }
    }

    /// What is found out, and the first records.
    pub(super) async fn inspect(
        self: &Arc<Self>,
        fields: Arc<[Box<str>]>,
        is_thorough: bool,
    ) -> Result<Inspection> {
        let pulse = Pulse::default();
        let root = root(&self.client, &self.item, &pulse).await?;
        let account = self.client.account(&pulse).await?;
        let mut findings = vec![Finding::sure("account", format!("Drive is read as {account}"))];
        let mut inspection = match self.use_of(&root)? {
            Use::Rows => self.inspect_file(&root, fields, is_thorough, &mut findings).await?,
            Use::Files => self.inspect_files(&root, &mut findings).await?,
            Use::FolderRows => {
                findings.push(Finding::sure(
                    "item",
                    format!("the rows of the files in the folder `{}`", root.name),
                ));
                let reading = Reading { fields, page_size: PageSize::rows(SHOWN), ..Reading::default() };
                let (feed, mut pages) = feed(1);
                let reading = read_folder(self, root, None, reading, feed);
                let page = first(reading, pages.next()).await?;
                let found = page.as_ref().map(|page| page.cursor.findings.clone()).unwrap_or_default();
                Inspection { options: Map::new(), findings: found, page }
            }
        };
        findings.append(&mut inspection.findings);
        Ok(Inspection { findings, page: inspection.page.filter(|page| page.count() > 0), ..inspection })
    }

    async fn inspect_file(
        &self,
        root: &DriveFile,
        fields: Arc<[Box<str>]>,
        is_thorough: bool,
        findings: &mut Vec<Finding>,
    ) -> Result<Inspection> {
        let pulse = Pulse::default();
        let modified = root.modified_time.as_deref().unwrap_or("at a time that is not known");
        let kind = if root.is_native() { root.native_kind() } else { &root.mime_type };
        findings.push(Finding::sure("item", format!("`{}`, {kind}, changed {modified}", root.name)));
        if root.is_spreadsheet() {
            match tabs(&self.client, root, &pulse).await {
                Ok(tabs) => {
                    let shown = tabs.iter().map(Tab::shown).collect::<Vec<_>>().join(", ");
                    findings.push(Finding::sure("tabs", shown));
                }
                Err(error) if error.code() == API_DISABLED => {}
                Err(error) => return Err(error),
            }
        }
        let content = self.fetcher(&pulse).fetch(root).await?;
        // Which tab it is, the format tells.
        findings.extend(content.findings.iter().filter(|finding| finding.topic != "sheet").cloned());
        let (format, name) = (self.format.clone(), root.name.clone());
        let look = move || {
            let blob = content.blob(Arc::new(|| true))?;
            let look = if is_thorough { Format::explore } else { Format::inspect };
            look(&format, blob, fields)
        };
        let looked = tokio::task::spawn_blocking(look).await.unwrap_or_else(|_| Err(task_panicked()));
        looked.map_err(|error: Error| error.with("file", name))
    }

    /// How many files there are at the top of a folder, and the first ones that are meant.
    async fn inspect_files(&self, root: &DriveFile, findings: &mut Vec<Finding>) -> Result<Inspection> {
        let pulse = Pulse::default();
        let scope = &self.files_scope;
        let drive = log_of(&self.client, root, &pulse).await?;
        let (feed, mut pages) = feed(1);
        let mut out = Output::new(&self.names, &feed, PageSize::rows(SHOWN), 0);
        let mut folders = VecDeque::from([(root.id.clone(), String::new())]);
        let mut looked_into = 0;
        while let Some((id, path)) =
            folders.pop_front().filter(|_| looked_into < MAX_FOLDERS && !out.is_full())
        {
            looked_into += 1;
            let files = list_folder(&self.client, &id, drive.as_deref(), &pulse).await?.unwrap_or_default();
            if id == root.id {
                findings.push(Finding::sure("item", summary(root, &files)));
            }
            for file in files {
                if file.is_folder() && scope.is_recursive {
                    folders.push_back((file.id.clone(), join(&path, &file.name)));
                } else if scope.wanted.has(&file, &path) && !out.is_full() {
                    out.add(&file, &path);
                }
            }
        }
        out.send(&DriveState::Sweep(SweepState::default())).await?;
        let page = pages.next().await.transpose()?;
        Ok(Inspection { options: Map::new(), findings: Vec::new(), page })
    }
}

/// What is at the top of a folder, for people.
fn summary(root: &DriveFile, files: &[DriveFile]) -> String {
    let folders = files.iter().filter(|file| file.is_folder()).count();
    let shortcuts = files.iter().filter(|file| file.target().is_some()).count();
    let documents = files.iter().filter(|file| file.is_native()).count() - folders - shortcuts;
    let others = files.len() - folders - shortcuts - documents;
    format!(
        "the folder `{}`: at its top {others} files, {documents} documents of Google's editors, {folders} folders, {shortcuts} shortcuts",
        root.name
    )
}

/// The first page of a reading, which ends with it.
async fn first(
    reading: impl Future<Output = (catchment_core::Feed<Page>, Result<()>)>,
    page: impl Future<Output = Option<Result<Page>>>,
) -> Result<Option<Page>> {
    tokio::select! {
        biased;
        page = page => page.transpose(),
        (_, ended) = reading => ended.map(|()| None),
    }
}
