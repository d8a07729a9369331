//! What saving a draft comes to: what differs from what is stored, and whether its secrets may be kept.

use std::collections::BTreeSet;

use serde_json::Value;
use url::Url;

use crate::request::SyncRequest;
use crate::saved::{Saved, SyncSchedule};
use crate::store::StoredSync;

/// What saving a draft comes to.
pub(super) struct PlannedSync {
    pub(super) before: Option<StoredSync>,
    pub(super) request: SyncRequest,
    pub(super) schedule: Option<SyncSchedule>,
    pub(super) is_paused: bool,
}

impl PlannedSync {
    pub(super) fn saved(&self) -> Saved {
        match &self.before {
            None => Saved::Created,
            Some(_) if self.changes().is_empty() => Saved::Unchanged,
            Some(_) => Saved::Changed,
        }
    }

    /// What differs from what is stored, as JSON pointers.
    pub(super) fn changes(&self) -> Vec<String> {
        let Some(before) = &self.before else { return Vec::new() };
        let (old, new) = (&before.request, &self.request);
        let mut changes = Vec::new();
        let mut note = |differs: bool, pointer: &str| {
            if differs {
                changes.push(pointer.to_owned());
            }
        };
        note(old.source_type != new.source_type, "/sourceType");
        note(old.source_identifier != new.source_identifier, "/sourceIdentifier");
        let names: BTreeSet<_> = old.options.keys().chain(new.options.keys()).collect();
        for name in names {
            note(old.options.get(name) != new.options.get(name), &format!("/options/{name}"));
        }
        note(before.schedule != self.schedule, "/schedule");
        note(before.is_paused != self.is_paused, "/paused");
        changes
    }
}

/// The origins that a request names, in its identifier and anywhere in its options.
pub(super) fn origins(request: &SyncRequest) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    note(&request.source_identifier, &mut found);
    request.options.values().for_each(|value| walk(value, &mut found));
    found
}

fn walk(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => note(text, found),
        Value::Array(values) => values.iter().for_each(|value| walk(value, found)),
        Value::Object(object) => object.values().for_each(|value| walk(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn note(text: &str, found: &mut BTreeSet<String>) {
    if let Ok(url) = Url::parse(text.trim())
        && url.has_host()
    {
        found.insert(url.origin().ascii_serialization());
    }
}
