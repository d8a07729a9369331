//! Where identities stood first, so that a duplicate can be told together with the record that it repeats.

use std::collections::HashMap;

use catchment_core::{Location, Position};
use hashbrown::HashTable;

/// The most identities whose places are kept, which fill a table of 2^19 slots of 12 bytes. Where the first record of a
/// later one stands is not known.
const MAX_LINES: usize = (1 << 19) / 8 * 7;
/// The same for places that are no lines, which have texts of their own.
const MAX_OTHERS: usize = 50_000;

/// The place of the first record of each identity that an attempt has read, by the hash of the identity.
#[derive(Debug, Default)]
pub(super) struct FirstPlaces {
    /// Halves of hashes, and lines of files that are not part of a set.
    lines: HashTable<[u32; 3]>,
    others: HashMap<u64, Box<Location>>,
}

impl FirstPlaces {
    /// Notes where the first record of an identity stands.
    pub(super) fn note(&mut self, identity: u64, location: Option<&Location>) {
        match location {
            Some(Location { file: None, position: Position::Line { line, .. } }) => {
                let Ok(line) = u32::try_from(*line) else { return };
                if self.lines.len() < MAX_LINES {
                    let [low, high] = halves(identity);
                    self.lines.insert_unique(identity, [low, high, line], |[low, high, _]| hash(*low, *high));
                }
            }
            Some(other) if self.others.len() < MAX_OTHERS => {
                self.others.insert(identity, Box::new(other.clone()));
            }
            _ => {}
        }
    }

    /// Where the first record of an identity stands, if it was noted.
    pub(super) fn get(&self, identity: u64) -> Option<Location> {
        let [low, high] = halves(identity);
        let line = self.lines.find(identity, |entry| entry[..2] == [low, high]);
        let line = line.map(|entry| Position::Line { line: entry[2].into(), byte: 0 }.into());
        line.or_else(|| self.others.get(&identity).map(|other| (**other).clone()))
    }

    /// Forgets an identity whose first record was not applied after all.
    pub(super) fn forget(&mut self, identity: u64) {
        let [low, high] = halves(identity);
        if let Ok(entry) = self.lines.find_entry(identity, |entry| entry[..2] == [low, high]) {
            entry.remove();
        }
        self.others.remove(&identity);
    }
}

#[expect(clippy::cast_possible_truncation, reason = "halves")]
fn halves(identity: u64) -> [u32; 2] {
    [identity as u32, (identity >> 32) as u32]
}

fn hash(low: u32, high: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_again_and_forgotten() {
        let line = |line| Location::from(Position::Line { line, byte: 0 });
        let item = Location::from(Position::Item { page: 2, path: "$[3]".into() });
        let mut places = FirstPlaces::default();
        for identity in 0..2000_u64 {
            places.note(identity << 40 | identity, Some(&line(identity + 1)));
        }
        places.note(7, Some(&item));
        assert_eq!(places.get(1999 << 40 | 1999), Some(line(2000)));
        assert_eq!((places.get(7), places.get(8)), (Some(item), None));
        places.forget(1999 << 40 | 1999);
        assert_eq!(places.get(1999 << 40 | 1999), None);
    }
}
