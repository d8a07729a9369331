//! How large pages should be: smaller when the database is slow, larger again when it is not.

use std::time::Duration;

use catchment_core::PageSize;

/// A page's transaction that takes longer is too large for this database.
const TOO_LONG: Duration = Duration::from_secs(2);
/// Good pages after which they may grow again.
const GOOD_PAGES: u32 = 10;
/// Pages do not become smaller.
const MIN_ROWS: usize = 100;

/// How large pages should be, by how long they take.
pub(super) struct Pace {
    page_size: PageSize,
    most: usize,
    good_pages: u32,
}

impl Pace {
    /// Pages begin at this size, and do not become larger.
    pub(super) fn new(page_size: PageSize) -> Self {
        Self { most: page_size.max_rows(), page_size, good_pages: 0 }
    }

    /// Learns from a page that was committed.
    pub(super) fn note(&mut self, took: Duration) {
        if took > TOO_LONG {
            return self.slow_down();
        }
        self.good_pages += 1;
        if self.good_pages >= GOOD_PAGES {
            self.good_pages = 0;
            self.page_size.set_rows((self.page_size.max_rows() * 2).min(self.most));
        }
    }

    /// Halves the pages.
    pub(super) fn slow_down(&mut self) {
        self.good_pages = 0;
        self.page_size.set_rows((self.page_size.max_rows() / 2).max(MIN_ROWS.min(self.most)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_shrink_when_they_are_slow_and_grow_again() {
        let page_size = PageSize::rows(5000);
        let mut pace = Pace::new(page_size.clone());
        pace.note(Duration::from_secs(3));
        assert_eq!(page_size.max_rows(), 2500);
        for _ in 0..9 {
            pace.note(Duration::from_secs(1));
        }
        assert_eq!(page_size.max_rows(), 2500);
        pace.note(Duration::from_secs(1));
        assert_eq!(page_size.max_rows(), 5000);
        for _ in 0..20 {
            pace.slow_down();
        }
        assert_eq!(page_size.max_rows(), 100);
        for _ in 0..200 {
            pace.note(Duration::ZERO);
        }
        assert_eq!(page_size.max_rows(), 5000);
    }
}
