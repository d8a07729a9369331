//! Ids as ranges: rows that were inserted together are found by the ends of their range.

use crate::store::chunks::padded;
use crate::store::db::Arg;
use crate::store::db::dialect::list;

/// A range of ids has at least so many, and between two of them at most so many others.
const MIN_RANGE: usize = 32;
const MAX_GAP: i64 = 16;
/// Ids of others within a range at most.
const MAX_EXCEPTIONS: usize = 256;

/// Ids from one to another, but for a few.
#[derive(Debug, PartialEq)]
pub(super) struct IdRange {
    pub(super) ids: std::ops::RangeInclusive<i64>,
    pub(super) exceptions: Vec<i64>,
}

impl IdRange {
    /// The condition that finds them, with its parameters; `name` is the column, quoted.
    pub(super) fn condition(&self, name: &str) -> (String, Vec<Arg<'static>>) {
        let mut args = vec![Arg::Int(*self.ids.start()), Arg::Int(*self.ids.end())];
        let mut condition = format!("{name} BETWEEN ? AND ?");
        if !self.exceptions.is_empty() {
            args.extend(padded(&self.exceptions).copied().map(Arg::Int));
            condition.push_str(&format!(" AND {name} NOT IN ({})", list("?", args.len() - 2)));
        }
        (condition, args)
    }
}

/// Sorted ids as ranges, and those that are too far from all others.
pub(super) fn ranges(ids: &[i64]) -> (Vec<IdRange>, Vec<i64>) {
    let (mut ranges, mut others) = (Vec::new(), Vec::new());
    let mut rest = ids;
    while let [first, ..] = rest {
        let (mut exceptions, mut last, mut count) = (Vec::new(), *first, 1);
        for id in &rest[1..] {
            let gap = last + 1..*id;
            let missing = gap.end - gap.start;
            if missing > MAX_GAP || exceptions.len() + gap.clone().count() > MAX_EXCEPTIONS {
                break;
            }
            exceptions.extend(gap);
            (last, count) = (*id, count + 1);
        }
        let (range, further) = rest.split_at(count);
        if count >= MIN_RANGE {
            ranges.push(IdRange { ids: *first..=last, exceptions });
        } else {
            others.extend_from_slice(range);
        }
        rest = further;
    }
    (ranges, others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_close_are_a_range() {
        let ids: Vec<i64> = (1..=100).filter(|id| *id != 50).chain([200, 300]).chain(1000..1040).collect();
        let (ranges, others) = ranges(&ids);
        let range = |ids, exceptions| IdRange { ids, exceptions };
        assert_eq!(ranges, [range(1..=100, vec![50]), range(1000..=1039, vec![])]);
        assert_eq!(others, [200, 300]);
    }
}
