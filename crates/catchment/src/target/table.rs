//! What a target table is: its columns, what fits into them, and what makes two rows the same.

/// A target table.
#[derive(Debug)]
pub(crate) struct Table {
    /// Its name, as in `options.targetTable`.
    pub(crate) name: &'static str,
    /// The columns that a mapping can feed.
    pub(crate) columns: &'static [Column],
    /// The columns that tell rows apart, within their source where [`Table::is_by_source`].
    pub(crate) identity: &'static [&'static str],
    /// Whether rows belong to a source, and are told apart within it only.
    pub(crate) is_by_source: bool,
    /// The JSON column for source columns that nothing maps.
    pub(crate) metadata: Option<&'static str>,
}

/// A column of a target table.
#[derive(Debug)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: &'static str,
    /// What fits into it.
    pub(crate) kind: ColumnKind,
    /// What an empty value means.
    pub(crate) when_empty: WhenEmpty,
    /// Names that sources give it, without case and accents, and with `_` between their words.
    pub(crate) known_names: &'static [&'static str],
}

/// What fits into a column.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ColumnKind {
    /// Text of at most so many characters.
    Text {
        /// Characters, not bytes.
        max_chars: usize,
    },
    /// A whole number from 0 to 2,147,483,647.
    Count,
    /// An exact decimal from 0, with at most 11 digits before the point and 4 after it. These are 15 digits in
    /// all, which SQLite keeps exactly as well.
    Money,
    /// true or false.
    Flag,
    /// One of these words, in any case.
    Choice(&'static [&'static str]),
}

/// What an empty value of a mapped column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenEmpty {
    /// The record is rejected.
    Reject,
    /// The column becomes NULL.
    Null,
    /// The column becomes true or false.
    Flag(bool),
}

/// Columns that every target has and no mapping feeds.
const OWN_COLUMNS: [&str; 4] = ["last_sync_run_id", "last_synced_at", "created_at", "updated_at"];

impl Table {
    /// All its columns: its id, those of its source where it has them, those that a mapping feeds, and our own.
    pub(crate) fn all_columns(&self) -> Vec<&'static str> {
        let origin: &[&str] = if self.is_by_source { &["source_type", "source_identifier"] } else { &[] };
        let fed = self.columns.iter().map(|column| column.name).chain(self.metadata);
        ["id"].into_iter().chain(origin.iter().copied()).chain(fed).chain(OWN_COLUMNS).collect()
    }

    /// What a column of [`Table::all_columns`] holds; `None` for text of our own and for JSON.
    pub(crate) fn kind_of(&self, name: &str) -> Option<ColumnKind> {
        match name {
            "id" | "last_sync_run_id" => Some(ColumnKind::Count),
            name => self.column(name).map(|(_, column)| column.kind),
        }
    }

    /// The column of that name, with its place.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, &'static Column)> {
        self.columns.iter().enumerate().find(|(_, column)| column.name == name)
    }
}
