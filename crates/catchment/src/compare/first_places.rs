//! Where identities stood first, so that a duplicate can be told together with the record that it repeats.

use std::collections::HashMap;

use catchment_core::{Location, Position};

/// The most identities whose places are kept: about 24 MiB. The place of a later one's first record is not known.
const MAX_PLACES: usize = 500_000;

/// The place of the first record of each identity that an attempt has read, by the hash of the identity.
#[derive(Debug, Default)]
pub(super) struct FirstPlaces {
    places: HashMap<u64, Place>,
}

/// A place; that of a line, the most common one, needs no allocation.
#[derive(Debug, Clone)]
enum Place {
    Line { line: u64, byte: u64 },
    Other(Box<Location>),
}

impl FirstPlaces {
    /// Notes where a record stands, unless an earlier one of its identity is known.
    pub(super) fn note(&mut self, identity: u64, location: Option<&Location>) {
        let Some(location) = location.filter(|_| self.places.len() < MAX_PLACES) else { return };
        self.places.entry(identity).or_insert_with(|| match location {
            Location { file: None, position: Position::Line { line, byte } } => {
                Place::Line { line: *line, byte: *byte }
            }
            other => Place::Other(Box::new(other.clone())),
        });
    }

    /// Where the first record of an identity stands, if that is another place than `location`.
    pub(super) fn before(&self, identity: u64, location: Option<&Location>) -> Option<Location> {
        let first = match self.places.get(&identity)? {
            Place::Line { line, byte } => Position::Line { line: *line, byte: *byte }.into(),
            Place::Other(other) => (**other).clone(),
        };
        (Some(&first) != location).then_some(first)
    }

    /// Forgets an identity whose first record was not applied after all.
    pub(super) fn forget(&mut self, identity: u64) {
        self.places.remove(&identity);
    }
}
