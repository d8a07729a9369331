//! What a reading knows of where it stands, kept in its cursors; and what a completed one leaves for the next run.

use catchment_core::{Error, Result};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::options::PaginationOptions;
use super::pagination::Place;

/// What a cursor of this source holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct State {
    pub(super) place: Place,
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
    pub(super) layout: Layout,
    /// What this run asked from on, and the highest value so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) highest: Option<String>,
    pub(super) rounds: Rounds,
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

impl State {
    /// That its counts are ones that can be counted on from; databases hold no larger ones.
    ///
    /// # Errors
    /// `config`, `cursor`.
    pub(super) fn check(&self, records_read: u64) -> Result<()> {
        let Self { page, taken, empty_pages, rounds: Rounds { steps, power, .. }, .. } = self;
        let is_count = |count: &u64| i64::try_from(*count).is_ok();
        if [page, taken, empty_pages, steps, power, &records_read].into_iter().all(is_count) {
            return Ok(());
        }
        let message = "the stored cursor is not one of this source: it counts more than there can be";
        Err(Error::config("cursor", message))
    }
}

/// How to read the source, as given and as found out from its first answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Layout {
    pub(super) data_path: Option<String>,
    pub(super) pagination: Option<PaginationOptions>,
    pub(super) columns: Option<Vec<Box<str>>>,
}

/// What a completed run leaves for the next one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Kept {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) highest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
}

/// Finds out that places come round again, in constant memory (Brent's algorithm): a mark is set at each power of two.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Rounds {
    mark: u64,
    steps: u64,
    power: u64,
}

impl Rounds {
    /// Whether this place was one of those before it.
    pub(super) fn is_again(&mut self, place: &Place) -> bool {
        let text = serde_json::to_string(place).unwrap_or_default();
        let digest = xxh3_64(text.as_bytes()) | 1;
        if digest == self.mark {
            return true;
        }
        self.steps += 1;
        if self.steps > self.power {
            *self = Self { mark: digest, steps: 0, power: (self.power * 2).max(1) };
        }
        false
    }
}
