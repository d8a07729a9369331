//! The change log of a user or of a shared drive: each thing once, at the place of its last change.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::principal::Principal;

/// Whose log it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LogId {
    User(Principal),
    Drive(String),
}

/// What an entry is about; how that is now is looked up when it is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    File(String),
    Drive(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) position: u64,
    pub(crate) subject: Subject,
    pub(crate) time: Timestamp,
}

#[derive(Debug, Default)]
pub(crate) struct ChangeLog {
    entries: BTreeMap<u64, (Subject, Timestamp)>,
    positions: HashMap<Subject, u64>,
    end: u64,
}

impl ChangeLog {
    /// Moves a thing to the end of the log.
    pub(crate) fn append(&mut self, subject: Subject, time: Timestamp) {
        self.end += 1;
        if let Some(earlier) = self.positions.insert(subject.clone(), self.end) {
            self.entries.remove(&earlier);
        }
        self.entries.insert(self.end, (subject, time));
    }

    /// The position of the last entry.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    /// The entries after a position, in their order.
    pub(crate) fn after(&self, position: u64) -> impl Iterator<Item = Entry> {
        self.entries.range(position + 1..).map(|(position, (subject, time))| Entry {
            position: *position,
            subject: subject.clone(),
            time: *time,
        })
    }
}
