//! The one way in which an item changes: time passes, its version moves, and the logs that are concerned get an entry.

use super::change_log::{LogId, Subject};
use super::state::World;

impl World {
    /// Changes an item, with an entry in the logs of those who saw it before or see it after.
    pub(crate) fn mutate(&mut self, id: &str, change: impl FnOnce(&mut Self)) {
        self.clock.advance(1);
        let before = self.logs_of(id);
        change(self);
        if let Some(item) = self.items.get_mut(id) {
            item.version += 1;
        }
        let after = self.logs_of(id);
        let removals = before.into_iter().filter(|log| !after.contains(log));
        let removals: Vec<_> = removals.filter(|_| !self.settings.loses_removals).collect();
        for log in removals.into_iter().chain(after) {
            self.record(log, Subject::File(id.to_owned()));
        }
    }

    pub(crate) fn record(&mut self, log: LogId, subject: Subject) {
        if let Some(held) = &mut self.held_entries {
            held.push((log, subject));
        } else {
            self.logs.entry(log).or_default().append(subject, self.clock.now());
        }
    }

    /// From now on changes are made, and their entries come late.
    pub fn hold_changes(&mut self) {
        self.held_entries.get_or_insert_default();
    }

    /// The late entries come, in the order in which they were made.
    pub fn release_changes(&mut self) {
        for (log, subject) in self.held_entries.take().unwrap_or_default() {
            self.record(log, subject);
        }
    }
}
