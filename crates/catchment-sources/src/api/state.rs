//! The state of a reading, kept in its cursors: a run is resumed from it.

use catchment_core::{Error, Result};
use serde::{Deserialize, Serialize};

use super::cycle::CycleDetector;
use super::options::PaginationOptions;
use super::pagination::PageLocator;

/// Where a reading stands, and what it has found out. Each page that is sent has it in its cursor, and an attempt resumes
/// from the last one that was committed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiState {
    pub(super) place: PageLocator,
    /// The number of that page, from 1.
    pub(super) page: u64,
    /// Records of it that have been delivered, and a digest of them.
    #[serde(default)]
    pub(super) taken: u64,
    #[serde(default)]
    pub(super) digest: String,
    /// A digest of the page before.
    #[serde(default)]
    pub(super) last_page: String,
    #[serde(default)]
    pub(super) is_done: bool,
    /// What was found out.
    pub(super) layout: ApiLayout,
    /// What this run asked from on, and the highest value so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) highest: Option<String>,
    #[serde(rename = "rounds")]
    pub(super) cycles: CycleDetector,
    /// Pages in a row that held no record.
    #[serde(default)]
    pub(super) empty_pages: u64,
    /// Records of the largest page so far.
    #[serde(default)]
    pub(super) largest: u64,
    /// Records that the source said last to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) total: Option<u64>,
}

impl ApiState {
    /// At the first page; `since` is what this run asks from on, and `highest` what the runs before came to.
    pub(super) fn first(layout: ApiLayout, since: Option<String>, highest: Option<String>) -> Self {
        Self {
            place: PageLocator::First,
            page: 1,
            taken: 0,
            digest: String::new(),
            last_page: String::new(),
            is_done: false,
            layout,
            since,
            highest,
            cycles: CycleDetector::default(),
            empty_pages: 0,
            largest: 0,
            total: None,
        }
    }

    /// That its counts are ones that can be counted on from; databases hold no larger ones.
    ///
    /// # Errors
    /// `config`, `cursor`.
    pub(super) fn check(&self, records_read: u64) -> Result<()> {
        let Self { page, taken, empty_pages, .. } = *self;
        let [steps, power] = self.cycles.counts();
        let is_count = |count: u64| i64::try_from(count).is_ok();
        if [page, taken, empty_pages, steps, power, records_read].into_iter().all(is_count) {
            return Ok(());
        }
        let message = "the stored cursor cannot be read: its counts are out of range; schedule a new run, which \
                       reads the source from its beginning";
        Err(Error::config("cursor", message))
    }
}

/// How to read the source, as given and as found out from its first answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiLayout {
    pub(super) data_path: Option<String>,
    pub(super) pagination: Option<PaginationOptions>,
    pub(super) columns: Option<Vec<Box<str>>>,
}
