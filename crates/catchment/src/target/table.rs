//! What a target table is: its columns, what fits into them, and what makes two rows the same.

use std::sync::Arc;

use super::gone::GoneMark;
use super::kind::ColumnKind;

/// A target table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Its name, as in `options.targetTable`.
    pub(crate) name: String,
    /// The columns that a mapping can feed.
    pub(crate) columns: Vec<Column>,
    /// The columns that tell rows apart, within their source where there is an [`Table::origin`].
    pub(crate) identity: Vec<String>,
    /// The columns that the declaration of a table says its rows are told apart by.
    pub(crate) asked_key: Option<Vec<String>>,
    /// The unique keys that may become its identity, the primary one first; none where the identity is declared.
    pub(crate) keys: Vec<Vec<String>>,
    /// Where rows belong to a source, and are told apart within it only: the columns that name its type and its name.
    pub(crate) origin: Option<[String; 2]>,
    /// The columns of the primary key; none where there is none.
    pub(crate) primary: Vec<String>,
    /// The JSON column for source columns that nothing maps.
    pub(crate) metadata: Option<String>,
    /// Where it is kept what runs know of a row.
    pub(crate) ledger: Ledger,
    /// What marks a row that left its source.
    pub(crate) gone: Option<GoneMark>,
    /// The columns that name a row for people where its identity is derived from them.
    pub(crate) label: Vec<String>,
    /// Columns that no mapping feeds, beside those above.
    pub(crate) others: Vec<String>,
    /// How a row that differs is written.
    pub(crate) update: UpdateBy,
    /// Its CHECK constraints, as SQL.
    pub(crate) checks: Vec<String>,
    /// The statement that would add a unique key, up to its columns; empty where none is needed.
    pub(crate) add_key: String,
    /// What its database quotes names with.
    pub(crate) quote_mark: char,
    /// What people should know before they write to it.
    pub(crate) warnings: Vec<String>,
}

/// Where it is kept what runs know of a row: its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ledger {
    /// In columns of its own.
    Columns {
        /// The run that saw it last.
        seen_by: String,
        /// When that was.
        seen_at: Option<String>,
        /// When a value of it changed last, whoever changed it; then unchanged rows need not be read again.
        changed_at: Option<String>,
    },
    /// Beside it, in `sync_seen`.
    Beside,
}

impl Ledger {
    /// The column of the run that saw a row last, where there is one.
    pub(crate) fn seen_by(&self) -> Option<&str> {
        match self {
            Self::Columns { seen_by, .. } => Some(seen_by),
            Self::Beside => None,
        }
    }

    /// The column of when that was, where there is one.
    pub(crate) fn seen_at(&self) -> Option<&str> {
        match self {
            Self::Columns { seen_at, .. } => seen_at.as_deref(),
            Self::Beside => None,
        }
    }

    /// The column of when a value changed last, where there is one.
    pub(crate) fn changed_at(&self) -> Option<&str> {
        match self {
            Self::Columns { changed_at, .. } => changed_at.as_deref(),
            Self::Beside => None,
        }
    }
}

/// How a row that differs from its record is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UpdateBy {
    /// Many in a statement: an INSERT with the primary key, which is there.
    PrimaryKey,
    /// Row by row: nothing else says for certain which row of several keys is meant, and a trigger would take an INSERT for
    /// one.
    Statement,
}

/// A column of a target table.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// What fits into it.
    pub(crate) kind: ColumnKind,
    /// What an empty value means.
    pub(crate) when_empty: WhenEmpty,
    /// What it gets where nothing maps it.
    pub(crate) when_unmapped: WhenUnmapped,
    /// How the database compares its texts.
    pub(crate) comparison: Comparison,
    /// Names that sources give it, without case and accents, and with `_` between their words.
    pub(crate) known_names: Vec<String>,
}

/// How the database compares the texts of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Byte by byte.
    Bytes,
    /// As a collation of MySQL does, in its character set: only the server knows.
    Collation { charset: String, name: String },
    /// SQLite's NOCASE: letters of ASCII in any case.
    NoCase,
    /// SQLite's RTRIM: spaces at the end do not count.
    RTrim,
}

/// What an empty value of a mapped column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhenEmpty {
    /// The record is rejected.
    Reject,
    /// The column becomes NULL.
    Null,
    /// The column becomes empty text.
    EmptyText,
    /// The column becomes true or false.
    Flag(bool),
}

/// What a column gets that nothing maps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WhenUnmapped {
    /// New rows have the table's default, others keep their value.
    Keep,
    /// It must be mapped.
    Refuse,
    /// It must be mapped, or this option says what all records have.
    Option(String),
    /// A hash of these columns, which stand before it.
    Derived(Vec<String>),
    /// This flag, for every record that the source has.
    Flag(bool),
}

impl Column {
    /// Whether it takes no value.
    pub(crate) fn takes_null(&self) -> bool {
        self.when_empty == WhenEmpty::Null
    }
}

impl Table {
    /// Whether rows belong to a source, and are told apart within it only.
    pub(crate) fn is_by_source(&self) -> bool {
        self.origin.is_some()
    }

    /// All its columns: its key, those of its source where it has them, those that a mapping feeds, and our own.
    pub(crate) fn all_columns(&self) -> Vec<&str> {
        let unfed = self.primary.iter().filter(|name| self.column(name).is_none()).map(String::as_str);
        let fed = self.columns.iter().map(|column| &*column.name).chain(self.metadata.as_deref());
        unfed
            .chain(self.origin.iter().flatten().map(String::as_str))
            .chain(fed)
            .chain(self.ledger.seen_by())
            .chain(self.ledger.seen_at())
            .chain(self.others.iter().map(String::as_str))
            .chain(self.ledger.changed_at())
            .collect()
    }

    /// The column of that name that can be mapped, with its place.
    pub(crate) fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, column)| &*column.name == name)
    }

    /// What a column of [`Table::all_columns`] holds; `None` for text of our own and for JSON.
    pub(crate) fn kind_of(&self, name: &str) -> Option<&ColumnKind> {
        static ID: ColumnKind = ColumnKind::Integer { min: 0, max: i64::MAX as i128, is_flag: false };
        let is_run = self.ledger.seen_by() == Some(name);
        let is_id = self.column(name).is_none() && self.primary.iter().any(|key| key == name);
        if is_run || is_id { Some(&ID) } else { self.column(name).map(|(_, column)| &column.kind) }
    }

    /// The column of which an option says what all records have, with the name of that option.
    pub(crate) fn optional_constant(&self) -> Option<(&Column, &str)> {
        self.columns.iter().find_map(|column| match &column.when_unmapped {
            WhenUnmapped::Option(option) => Some((column, option.as_str())),
            _ => None,
        })
    }

    /// Whether a row is known to be unchanged without reading it again: its version and its number say so.
    pub(crate) fn has_versions(&self) -> bool {
        self.ledger.seen_at().is_some()
            && self.ledger.changed_at().is_some()
            && self.primary.len() == 1
            && self.column(&self.primary[0]).is_none()
            && self.identity_columns().all(|column| column.comparison == Comparison::Bytes)
    }

    /// The statement that would make a unique key of these columns.
    pub(crate) fn key_statement(&self, columns: &[String]) -> String {
        let mark = self.quote_mark;
        let quote = |name: &String| format!("{mark}{}{mark}", name.replace(mark, &format!("{mark}{mark}")));
        format!("{} ({});", self.add_key, columns.iter().map(quote).collect::<Vec<_>>().join(", "))
    }

    /// The columns that tell rows apart.
    pub(crate) fn identity_columns(&self) -> impl Iterator<Item = &Column> {
        self.identity.iter().filter_map(|name| self.column(name).map(|(_, column)| column))
    }
}
