//! What a database tells of a table that exists, and what becomes of it as a target.

use catchment_core::{Error, Result};

use super::declaration::{ColumnDeclaration, TargetDeclaration};
use super::kind::ColumnKind;
use super::table::{Column, Comparison, Ledger, Table, UpdateBy, WhenEmpty, WhenUnmapped};

/// The columns that say what runs know of a row, by their usual names.
const SEEN_BY: &str = "last_sync_run_id";
const SEEN_AT: &str = "last_synced_at";
/// The column that tells rows apart by all their values, in tables that `--create` made without a key.
pub(crate) const ROW_KEY: &str = "sync_row_key";

/// What a database tells of a table.
#[derive(Debug, Default)]
pub(crate) struct TableFacts {
    /// As the database spells it.
    pub(crate) name: String,
    pub(crate) columns: Vec<ColumnFacts>,
    /// Its unique keys over whole columns, the primary one first.
    pub(crate) keys: Vec<KeyFacts>,
    /// Its triggers: their names, and what they do.
    pub(crate) triggers: Vec<(String, String)>,
    /// Its CHECK constraints, as SQL.
    pub(crate) checks: Vec<String>,
    /// Why nothing can be written to it, if so.
    pub(crate) refusal: Option<String>,
    /// An open statement that adds a unique key, up to the columns.
    pub(crate) add_key: String,
    /// What the database quotes names with.
    pub(crate) quote_mark: char,
}

/// A unique key.
#[derive(Debug)]
pub(crate) struct KeyFacts {
    pub(crate) columns: Vec<String>,
    pub(crate) is_primary: bool,
}

/// What a database tells of a column.
#[derive(Debug)]
pub(crate) struct ColumnFacts {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
    pub(crate) is_nullable: bool,
    /// Whether a row that does not name it gets a value: it has a default, or is counted up.
    pub(crate) is_filled: bool,
    pub(crate) is_generated: bool,
    pub(crate) comparison: Comparison,
}

impl TableFacts {
    /// The table as a target. Its identity is still open where nothing declares it.
    ///
    /// # Errors
    /// `config`, `unfit_target`, with the reason; `unknown_column`, where the declaration names none.
    pub(crate) fn target(&self, declared: Option<&TargetDeclaration>) -> Result<Table> {
        if let Some(reason) = &self.refusal {
            return Err(Error::config(
                "unfit_target",
                format!("`{}` cannot be a target: {reason}", self.name),
            ));
        }
        let plain = TargetDeclaration::default();
        self.check_declared(declared.unwrap_or(&plain))?;
        let declared = declared.unwrap_or(&plain);
        let (ledger, metadata) =
            (self.ledger(declared), declared.metadata.clone().or_else(|| self.metadata()));
        let mut ours: Vec<&str> = metadata.iter().map(String::as_str).collect();
        ours.extend(
            declared.source_columns.iter().flatten().chain(&declared.other_columns).map(String::as_str),
        );
        ours.extend(ledger.seen_by().into_iter().chain(ledger.seen_at()));
        let candidates = self.columns.iter().filter(|facts| !ours.contains(&&*facts.name));
        let (fed, others): (Vec<_>, Vec<_>) = candidates.partition(|facts| !facts.is_generated);
        let primary = self.addressable_key(&fed);
        let others = others.iter().map(|facts| &facts.name).chain(&declared.other_columns);
        Ok(Table {
            name: self.name.clone(),
            columns: fed.iter().map(|facts| facts.column(declared)).collect(),
            identity: Vec::new(),
            asked_key: declared.key.clone(),
            keys: self.identifying_keys(declared),
            add_key: self.add_key.clone(),
            quote_mark: self.quote_mark,
            origin: declared.source_columns.clone(),
            update: if primary.is_empty() || !self.triggers.is_empty() {
                UpdateBy::Statement
            } else {
                UpdateBy::PrimaryKey
            },
            primary,
            metadata,
            gone: declared.gone.clone(),
            label: declared.label.clone(),
            others: others.cloned().collect(),
            checks: self.checks.clone(),
            warnings: self.warnings(),
            ledger,
        })
    }

    /// The primary key, where its columns can be read and written again as text.
    fn addressable_key(&self, fed: &[&ColumnFacts]) -> Vec<String> {
        let Some(primary) = self.keys.iter().find(|key| key.is_primary) else { return Vec::new() };
        let is_addressable =
            |name: &String| fed.iter().any(|facts| facts.name == *name && facts.kind.has_one_text());
        if primary.columns.iter().all(is_addressable) { primary.columns.clone() } else { Vec::new() }
    }

    /// The unique keys that can tell rows apart; where rows belong to a source, within it.
    fn identifying_keys(&self, declared: &TargetDeclaration) -> Vec<Vec<String>> {
        let keys = self.keys.iter().map(|key| key.columns.clone());
        let Some(origin) = &declared.source_columns else {
            return keys.collect();
        };
        keys.filter(|key| origin.iter().all(|name| key.contains(name)))
            .map(|mut key| {
                key.retain(|name| !origin.contains(name));
                key
            })
            .collect()
    }

    fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|facts| facts.name == name)
    }

    /// A declaration that names columns which are not there was made for another table.
    fn check_declared(&self, declared: &TargetDeclaration) -> Result<()> {
        let ledger =
            declared.ledger.iter().flat_map(|ledger| [Some(&ledger.seen_by), ledger.seen_at.as_ref()]);
        let names = declared.key.iter().flatten().chain(declared.metadata.iter()).chain(ledger.flatten());
        let names = names
            .chain(declared.gone.iter().map(|mark| &mark.column))
            .chain(&declared.label)
            .chain(&declared.other_columns);
        let names = names.chain(declared.source_columns.iter().flatten());
        let mut names = names.chain(declared.columns.iter().map(|column| &column.name));
        match names.find(|name| self.column(name).is_none()) {
            None => match declared.columns.iter().find(|column| column.sql_type.is_some()) {
                None => Ok(()),
                Some(ColumnDeclaration { name, .. }) => {
                    let message = format!(
                        "the declaration of the target `{}` has a `type` for the column `{name}`, which the database tells; leave \
                         it out",
                        self.name
                    );
                    Err(Error::config("invalid_settings", message))
                }
            },
            Some(name) => {
                let has: Vec<_> = self.columns.iter().map(|facts| facts.name.as_str()).collect();
                let message = format!(
                    "the declaration of the target `{}` names the column `{name}`, which the table does not have; it has: {}",
                    self.name,
                    has.join(", ")
                );
                Err(Error::config("unknown_column", message))
            }
        }
    }

    /// Where it is kept what runs know of a row: in the columns that are declared, or that have the usual names and types.
    fn ledger(&self, declared: &TargetDeclaration) -> Ledger {
        if let Some(columns) = &declared.ledger {
            return columns.ledger();
        }
        let is_number = |facts: &&ColumnFacts| {
            matches!(facts.kind, ColumnKind::Integer { max, .. } if max >= i128::from(i64::MAX))
                && facts.is_nullable
        };
        let is_time = |facts: &&ColumnFacts| matches!(facts.kind, ColumnKind::DateTime { .. });
        match self.column(SEEN_BY).filter(is_number) {
            Some(_) => Ledger::Columns {
                seen_by: SEEN_BY.to_owned(),
                seen_at: self.column(SEEN_AT).filter(is_time).map(|facts| facts.name.clone()),
                changed_at: None,
            },
            None => Ledger::Beside,
        }
    }

    /// A JSON column of the usual name.
    fn metadata(&self) -> Option<String> {
        let is_json =
            |facts: &&ColumnFacts| matches!(facts.kind, ColumnKind::Json { .. }) && facts.is_nullable;
        self.column("metadata").filter(is_json).map(|facts| facts.name.clone())
    }

    fn warnings(&self) -> Vec<String> {
        self.triggers
            .iter()
            .map(|(name, does)| {
                format!(
                    "the trigger `{name}` ({does}) runs for each row that is written; what it writes is not part of the run's \
                     account"
                )
            })
            .collect()
    }
}

impl ColumnFacts {
    fn column(&self, declared: &TargetDeclaration) -> Column {
        let is_text = matches!(self.kind, ColumnKind::Text(_));
        let mut column = Column {
            name: self.name.as_str().into(),
            kind: self.kind.clone(),
            when_empty: match (self.is_nullable, is_text) {
                (true, _) => WhenEmpty::Null,
                (false, true) => WhenEmpty::EmptyText,
                (false, false) => WhenEmpty::Reject,
            },
            when_unmapped: if self.name == ROW_KEY {
                WhenUnmapped::Derived(Vec::new())
            } else if self.is_nullable || self.is_filled {
                WhenUnmapped::Keep
            } else {
                WhenUnmapped::Refuse
            },
            comparison: self.comparison.clone(),
            known_names: Vec::new(),
        };
        if let Some(declared) = declared.columns.iter().find(|it| it.name == self.name) {
            declared.apply(&mut column);
        }
        column
    }
}
