//! Targets as they are declared: those that Catchment makes itself, and `[[target]]` in `catchment.toml` for others.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::gone::GoneMark;
use super::kind::{ColumnKind, DecimalLimits};
use super::sql_type::mysql_kind;
use super::table::{Column, Comparison, Ledger, Table, UpdateBy, WhenEmpty, WhenUnmapped};

/// What is declared of a target. Of a table that exists, the database tells the rest.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TargetDeclaration {
    /// The table's name.
    pub name: String,
    /// The columns that tell rows apart; a unique key must be of these.
    pub key: Option<Vec<String>>,
    /// The JSON column that keeps what nothing maps.
    pub metadata: Option<String>,
    /// The columns that say what runs know of a row, where the table has such.
    pub ledger: Option<LedgerColumns>,
    /// Columns whose names, or whose meaning, the database does not tell.
    #[serde(rename = "column")]
    pub columns: Vec<ColumnDeclaration>,
    /// What marks a row that left its source.
    pub gone: Option<GoneMark>,
    pub(crate) label: Vec<String>,
    pub(crate) source_columns: Option<[String; 2]>,
    pub(crate) other_columns: Vec<String>,
}

/// The columns of a table that say what runs know of a row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerColumns {
    /// The run that saw the row last: BIGINT.
    pub seen_by: String,
    /// When that was: TIMESTAMP or DATETIME.
    #[serde(default)]
    pub seen_at: Option<String>,
    #[serde(default)]
    pub(crate) changed_at: Option<String>,
}

/// What is declared of a column.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnDeclaration {
    /// Its name.
    pub name: String,
    /// Names that sources give it.
    pub names: Vec<String>,
    #[serde(rename = "type")]
    pub(crate) sql_type: Option<String>,
    pub(crate) min: Option<i64>,
    pub(crate) empty: Option<Empty>,
    pub(crate) unmapped: Option<bool>,
    pub(crate) option: Option<String>,
    pub(crate) derived_from: Option<Vec<String>>,
}

/// What an empty value means, where it is not NULL.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Empty {
    Flag(bool),
    Word(EmptyWord),
}

/// The words for it.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmptyWord {
    Reject,
}

/// A file of declarations.
#[derive(Deserialize)]
struct Declarations {
    target: Vec<TargetDeclaration>,
}

/// The tables that Catchment makes itself; the first one is the default.
static BUILT_IN: LazyLock<Vec<Arc<Table>>> = LazyLock::new(|| {
    let file: Declarations = toml::from_str(include_str!("builtin.toml")).unwrap_or_else(|error| {
        debug_assert!(false, "builtin.toml: {error}");
        Declarations { target: Vec::new() }
    });
    file.target.iter().map(|declaration| Arc::new(declaration.table())).collect()
});

/// The tables that Catchment makes itself; the first one is the default.
pub(crate) fn built_in() -> &'static [Arc<Table>] {
    &BUILT_IN
}

/// The one of that name.
pub(crate) fn find_built_in(name: &str) -> Option<&'static Arc<Table>> {
    built_in().iter().find(|table| table.name == name)
}

impl TargetDeclaration {
    /// A table of which the database tells everything.
    pub fn named(name: String) -> Self {
        Self { name, ..Self::default() }
    }

    /// The table that is declared with all its types.
    fn table(&self) -> Table {
        let key = self.key.clone().unwrap_or_default();
        Table {
            name: self.name.clone(),
            columns: self.columns.iter().map(ColumnDeclaration::column).collect(),
            identity: key,
            asked_key: None,
            keys: Vec::new(),
            add_key: String::new(),
            quote_mark: '`',
            checks: Vec::new(),
            origin: self.source_columns.clone(),
            primary: vec!["id".to_owned()],
            metadata: self.metadata.clone(),
            ledger: self.ledger.as_ref().map_or(Ledger::Beside, LedgerColumns::ledger),
            gone: self.gone.clone(),
            label: self.label.clone(),
            others: self.other_columns.clone(),
            update: UpdateBy::PrimaryKey,
            warnings: Vec::new(),
        }
    }
}

impl LedgerColumns {
    pub(super) fn ledger(&self) -> Ledger {
        Ledger::Columns {
            seen_by: self.seen_by.clone(),
            seen_at: self.seen_at.clone(),
            changed_at: self.changed_at.clone(),
        }
    }
}

impl ColumnDeclaration {
    /// The column that is declared with its type.
    fn column(&self) -> Column {
        let mut column = Column {
            name: self.name.as_str().into(),
            kind: mysql_kind(self.sql_type.as_deref().unwrap_or_default(), None),
            when_empty: WhenEmpty::Null,
            when_unmapped: WhenUnmapped::Keep,
            comparison: Comparison::Bytes,
            known_names: Vec::new(),
        };
        self.apply(&mut column);
        column
    }

    /// Adds what is declared to what the type says.
    pub(super) fn apply(&self, column: &mut Column) {
        column.known_names.clone_from(&self.names);
        match (&mut column.kind, self.min) {
            (ColumnKind::Integer { min, .. }, Some(declared)) => *min = declared.into(),
            (ColumnKind::Decimal(DecimalLimits { is_signed, .. }), Some(0..)) => *is_signed = false,
            _ => {}
        }
        match self.empty {
            None => {}
            Some(Empty::Flag(flag)) => column.when_empty = WhenEmpty::Flag(flag),
            Some(Empty::Word(EmptyWord::Reject)) => {
                column.when_empty = WhenEmpty::Reject;
                column.when_unmapped = WhenUnmapped::Refuse;
            }
        }
        match (&self.option, &self.derived_from, self.unmapped) {
            (Some(option), ..) => column.when_unmapped = WhenUnmapped::Option(option.clone()),
            (_, Some(columns), _) => column.when_unmapped = WhenUnmapped::Derived(columns.clone()),
            (_, _, Some(flag)) => column.when_unmapped = WhenUnmapped::Flag(flag),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_built_in_is_declared_with_all_its_types() {
        assert_eq!(
            built_in().iter().map(|table| table.name.as_str()).collect::<Vec<_>>(),
            ["content_index", "catalog_items"]
        );
        for table in built_in() {
            assert!(table.has_versions(), "{}", table.name);
            assert!(table.columns.iter().all(|column| !matches!(column.kind, ColumnKind::Other(_))));
            assert_eq!(table.identity_columns().count(), table.identity.len());
        }
    }
}
