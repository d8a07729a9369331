//! Saved syncs: what is to be kept in step, said once, and when.

use catchment_core::{Error, Result};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::body::parse_body;
use crate::request::SyncRequest;
use crate::run::RunStatus;

/// The longest name, in characters.
const MAX_NAME: usize = 64;

/// A saved sync as it is asked for: the body of `PUT /v1/syncs/NAME`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncDraft {
    /// Its name: small letters of ASCII, digits and hyphens, 64 at most.
    pub name: String,
    /// `csv`, or another registered type.
    pub source_type: String,
    /// Path or address of the source.
    pub source_identifier: String,
    /// Options of the source and of the target. A secret that is stored already may be given as `{"set": true}`.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// When it runs by itself; never without one.
    #[serde(default)]
    pub schedule: Option<SyncSchedule>,
    /// Whether its schedule rests. Left as it is where it is not given.
    #[serde(default)]
    pub paused: Option<bool>,
}

impl SyncDraft {
    /// A draft from its JSON form.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn from_json(value: Value) -> Result<Self> {
        let draft: Self = parse_body(value)?;
        check_name(&draft.name)?;
        Ok(draft)
    }

    /// What its runs are asked to do.
    pub(crate) fn request(&self) -> SyncRequest {
        SyncRequest {
            source_type: self.source_type.clone(),
            source_identifier: self.source_identifier.clone(),
            options: self.options.clone(),
        }
    }
}

/// Refuses what cannot be the name of a saved sync.
///
/// # Errors
/// `config`, `invalid_name`.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits) {
        return Ok(());
    }
    let message = format!(
        "`{}` is no name of a saved sync; use small letters from a to z, digits and hyphens, at most {MAX_NAME}",
        catchment_core::truncate_text(name, MAX_NAME)
    );
    Err(Error::config("invalid_name", message.clone()).with_detail("/name", message))
}

/// When a saved sync runs by itself.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SyncSchedule {
    /// Five fields of cron (minute, hour, day, month, weekday), or `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`.
    pub cron: String,
    /// The time zone that they are in, of the IANA database; that of the service where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// What happens when it is due while a run of it waits or is under way.
    #[serde(default)]
    pub overlap: Overlap,
    /// How much later than its time it may begin, so that many do not begin at once: such as `5m`, at most a day. The same for each
    /// time and name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<String>,
    /// What happens to times that passed while no service was there.
    #[serde(default)]
    pub catch_up: CatchUp,
}

/// What happens when a sync is due while a run of it waits or is under way.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// This time is left out.
    #[default]
    Skip,
    /// A run waits for its turn; of several times one does.
    Queue,
}

/// What happens to times that passed while no service was there.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// They are left out, unless they are less than five minutes ago.
    None,
    /// They are made up for by one run.
    #[default]
    Once,
}

/// What came of a time at which a sync was due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TickOutcome {
    /// A run was put into the queue.
    Run,
    /// A run of it waited or was under way already.
    Skipped,
    /// No service was there.
    Missed,
    /// It does not fit any more, as the error tells.
    Failed,
}

stored_names!(TickOutcome, "outcome", Run = "run", Skipped = "skipped", Missed = "missed", Failed = "failed");

/// A time at which a sync was due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// That time.
    pub at: Timestamp,
    /// What came of it.
    pub outcome: TickOutcome,
    /// Why no run could be made.
    pub error: Option<String>,
}

/// A saved sync.
#[derive(Debug, Clone)]
pub struct SavedSync {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Goes up with each change.
    pub version: i64,
    /// What its runs are asked to do; secrets that were given in the clear are shown as `{"set": true}`.
    pub request: SyncRequest,
    /// When it runs by itself.
    pub schedule: Option<SyncSchedule>,
    /// Whether its schedule rests.
    pub is_paused: bool,
    /// The next times at which it is due, with its jitter; none while it is paused.
    pub next: Vec<Timestamp>,
    /// The last time at which it was due.
    pub last_tick: Option<Tick>,
    /// Its last run, with its state.
    pub last_run: Option<(i64, RunStatus)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

/// What must be so that a saved sync is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    Any,
    /// There is none of that name.
    Absent,
    /// There is one, of whatever version.
    Present,
    /// It has this version.
    Version(i64),
}

/// What came of writing a saved sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saved {
    /// It is new.
    Created,
    /// It was another one.
    Changed,
    /// It is as it was.
    Unchanged,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_hosts_and_files() {
        assert!(check_name("precios-drive-2").is_ok() && check_name(&"a".repeat(64)).is_ok());
        for name in ["", "Precios", "a b", "ñ", "a/b", "..", &"a".repeat(65)] {
            assert_eq!(check_name(name).unwrap_err().code(), "invalid_name", "{name}");
        }
    }
}
