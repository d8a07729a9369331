//! Items in pieces that fit a statement, of few sizes, so that there are only a few statements to prepare.

use super::db::StatementLimits;

/// Rows in one statement at most. The rest of a page goes by halves of it.
const MAX_CHUNK: usize = 1024;

/// Items in pieces that fit a statement of `width` parameters an item: as many as [`MAX_CHUNK`] or a power of two below
/// it. A piece of one may be too long all the same.
pub(super) fn chunks<T>(
    items: &[T],
    limits: StatementLimits,
    width: usize,
    bytes: impl Fn(&T) -> usize,
) -> impl Iterator<Item = &[T]> {
    // What a parameter takes in the text of the statement.
    const TEXT: usize = 4;
    let most =
        (limits.parameters / width.max(1)).min(limits.bytes / (TEXT * width.max(1))).clamp(1, MAX_CHUNK);
    let mut rest = items;
    std::iter::from_fn(move || {
        let mut size = 1 << most.min(rest.len()).checked_ilog2()?;
        while size > 1 && rest[..size].iter().map(&bytes).sum::<usize>() > limits.bytes {
            size /= 2;
        }
        let (chunk, further) = rest.split_at(size);
        rest = further;
        Some(chunk)
    })
}

/// Items, and the last one again up to a power of two, so that there are only a few statements to prepare.
pub(super) fn padded<T>(items: &[T]) -> impl Iterator<Item = &T> {
    let padding = items.len().next_power_of_two() - items.len();
    items.iter().chain(items.last().into_iter().cycle().take(padding))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: StatementLimits = StatementLimits { parameters: 65_535, bytes: 1 << 20, packet: 16 << 20 };

    fn sizes(len: usize, width: usize, bytes: usize) -> Vec<usize> {
        chunks(&vec![(); len], LIMITS, width, |()| bytes).map(<[()]>::len).collect()
    }

    #[test]
    fn chunks_cover_everything_in_few_sizes() {
        assert_eq!(sizes(5000 - 263, 10, 100), [1024, 1024, 1024, 1024, 512, 128, 1]);
        assert_eq!(sizes(0, 10, 100), [0_usize; 0]);
        assert_eq!(sizes(3, 10, 2 << 20), [1, 1, 1]);
        assert_eq!(sizes(1000, 1000, 100), [64; 15].into_iter().chain([32, 8]).collect::<Vec<_>>());
    }
}
