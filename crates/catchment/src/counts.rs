//! What a run counts, and what else it keeps beside its counts.

use catchment_core::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::mapping::ColumnMapping;
use crate::preview::PreviewSummary;
use crate::replay::ReplayOf;

/// What became of records. Their sum is what was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Counters {
    /// New rows.
    pub inserted: u64,
    /// Rows of which a value changed.
    pub updated: u64,
    /// Rows that were as the source has them.
    pub unchanged: u64,
    /// Records left alone on purpose.
    pub skipped: u64,
    /// Records rejected.
    pub failed: u64,
}

impl Counters {
    /// Rows that are now as the source has them.
    pub const fn processed(&self) -> u64 {
        self.inserted + self.updated + self.unchanged
    }

    /// All records accounted for.
    pub const fn total(&self) -> u64 {
        self.processed() + self.skipped + self.failed
    }

    /// These and those.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            inserted: self.inserted + other.inserted,
            updated: self.updated + other.updated,
            unchanged: self.unchanged + other.unchanged,
            skipped: self.skipped + other.skipped,
            failed: self.failed + other.failed,
        }
    }
}

/// Rows with their versions: how many, and the sum of their digests, which are the same only for the same rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RowVersions {
    /// How many.
    pub rows: u64,
    /// The sum of XXH3-64 over the number and the version of each, as if without an end.
    pub sum: u64,
}

impl RowVersions {
    /// Adds the digest of a row.
    pub(crate) fn add(&mut self, digest: u64) {
        self.rows += 1;
        self.sum = self.sum.wrapping_add(digest);
    }
}

/// What a run keeps in `sync_metadata`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RunMetadata {
    /// The finer counts.
    #[serde(flatten)]
    pub counts: Counters,
    /// Rejects stored in `sync_errors`; the others are only counted.
    pub errors_stored: u64,
    /// Skipped records stored in `sync_skips`; the others are only counted.
    pub skips_stored: u64,
    /// Skipped records that have the identity of an earlier one, and other values.
    #[serde(skip_serializing_if = "is_default")]
    pub duplicates_differing: u64,
    /// Skipped records whose rows keep all their values as the policies say.
    #[serde(skip_serializing_if = "is_default")]
    pub rows_kept: u64,
    /// Fields that differ from the source, and that keep their values as the policies say (`conflicts`).
    #[serde(skip_serializing_if = "is_default")]
    pub fields_kept: u64,
    /// Of these, how many somebody has to settle that nobody had to before the run.
    #[serde(skip_serializing_if = "is_default")]
    pub conflicts: u64,
    /// What feeds which target column, as given or as chosen by name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<ColumnMapping>,
    /// What was found out rather than given, the last finding of each topic. Set by the pages that know it, never reset.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The versions of the rows that it has seen, of a source that may vouch for them next time. Raised by each page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<RowVersions>,
    /// The run that read all rows which this one did not, as their source vouches for them to be as they were. Set at the beginning
    /// of each attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vouched_by: Option<i64>,
    /// Whether the pass was not complete (`Coverage::Truncated`). Set by the page that says so, or at the end by a
    /// source whose list moved twice; never reset.
    #[serde(skip_serializing_if = "is_default")]
    pub truncated: bool,
    /// Whether it has seen all that its source holds, and that was something. Set at the end of the source.
    #[serde(skip_serializing_if = "is_default")]
    pub is_whole: bool,
    /// Why a run that is completed cannot be sure to have seen all, where no limit of the options is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
    /// Evidence that the source's list moved while it was read: a record that stood on two pages. Set by the first page
    /// that shows it, never reset; judged at the end of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shifted: Option<String>,
    /// The page of the source that the last record stood on. Set by each page that has records, to find shifts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_page: Option<u64>,
    /// The run that this one replaces, because its source changed while it was read. Set when it is inserted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<i64>,
    /// The run that replaced this one. Set just before this one becomes failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<i64>,
    /// What a preview found out beside its counts. Set by its pages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preview: Option<PreviewSummary>,
    /// Whether a run that writes what a preview has shown has seen that all is as it was: it writes then. Set once.
    #[serde(skip_serializing_if = "is_default")]
    pub is_verified: bool,
    /// Rows that left the source, and were marked or deleted; of a preview, that would be. Not part of what was read.
    #[serde(skip_serializing_if = "is_default")]
    pub gone: u64,
    /// Rows that left the source, and were left alone all the same. Set at the end of the source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gone_held: Option<GoneHeld>,
    /// Rejected records of which nobody knows which rows they are; counted where rows that left the source matter.
    #[serde(skip_serializing_if = "is_default")]
    pub rejects_unidentified: u64,
    /// Records that left the source, as it tells, and of which nobody knows which rows they are.
    #[serde(skip_serializing_if = "is_default")]
    pub gone_unidentified: u64,
    /// Whether the source is an inventory of things. Set by its pages, never reset.
    #[serde(skip_serializing_if = "is_default")]
    pub is_inventory: bool,
    /// How far the sweep of rows that left the source has come. Set once it may begin; moved by its steps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// The rejects that it replays. Set when it is inserted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayOf>,
    /// How many runs in a row were replaced before this one. Set when it is inserted; no more are replaced after 5.
    #[serde(skip_serializing_if = "is_default")]
    pub replacements: u32,
}

/// Rows that left the source, and why they are left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GoneHeld {
    /// How many; null where that is not known.
    pub rows: Option<u64>,
    /// Why.
    pub reason: String,
    /// Whether somebody may release them.
    pub can_be_released: bool,
}

/// How far a sweep has come: the phase of a run after its last page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Sweep {
    /// The slice of the digests that it goes through.
    pub(crate) slice: u64,
    /// The primary key of the last row that it looked at.
    pub(crate) after: Option<Vec<String>>,
    /// Whether it has come to its end.
    pub(crate) is_over: bool,
}

impl RunMetadata {
    /// Whether people should look at a run that is completed: records were rejected, or repeat others with other values, or
    /// the source may not have been read to its end.
    pub fn needs_attention(&self) -> bool {
        self.counts.failed > 0
            || self.duplicates_differing > 0
            || self.truncated
            || self.gone_held.is_some()
            || self.conflicts > 0
            || self.effective_warning().is_some()
    }

    /// Whether something was found out of a topic.
    pub fn has_found(&self, topic: &str) -> bool {
        self.findings.iter().any(|finding| finding.topic == topic)
    }

    /// Adds findings; a later one of a topic takes the place of an earlier one.
    pub(crate) fn find(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            match self.findings.iter_mut().find(|known| known.topic == finding.topic) {
                Some(known) => *known = finding,
                None => self.findings.push(finding),
            }
        }
    }

    /// What people should know of a run that is completed and not complete.
    pub fn effective_warning(&self) -> Option<&str> {
        const MAX_PAGES_REACHED: &str = "the source was not read to its end; raise the option `maxPages` to read \
                                         more";
        self.warning.as_deref().or(self.truncated.then_some(MAX_PAGES_REACHED))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
