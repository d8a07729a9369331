//! Faults of the listings themselves: answers that are well formed, and not what was hoped for.

/// How the answer to one request is twisted.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Twists {
    /// `incompleteSearch` is true, and every other file of the page is missing.
    pub(crate) is_incomplete: bool,
    /// No entries, and a next page token all the same.
    pub(crate) is_empty_page: bool,
    /// So many entries at most.
    pub(crate) short_page: Option<usize>,
    /// Each entry of a page of changes comes twice.
    pub(crate) repeats_entries: bool,
    /// Removals are left out of a page of changes, and never come again.
    pub(crate) loses_removals: bool,
}

impl Twists {
    /// Twists an answer in one way more.
    pub(crate) fn add(&mut self, other: Self) {
        self.is_incomplete |= other.is_incomplete;
        self.is_empty_page |= other.is_empty_page;
        self.short_page = other.short_page.or(self.short_page);
        self.repeats_entries |= other.repeats_entries;
        self.loses_removals |= other.loses_removals;
    }
}
