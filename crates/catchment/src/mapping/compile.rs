//! Compiling a mapping: the columns of a run's source to their indexes, once, and what feeds each column of the table.

use std::collections::BTreeSet;
use std::sync::Arc;

use catchment_core::{Columns, Error, Finding, Page, Result, WHOLE_RECORD};

use super::batch::FedColumn;
use super::decimal::{DecimalFinding, find_decimal};
use super::expression::Expression;
use super::feeds::{Feed, FeedCompiler, FeedSource};
use super::field::ColumnMapping;
use super::names;
use super::options::{TargetOptions, Unmapped, WhenGone};
use super::policies::Policies;
use super::reading::DecimalSeparator;
use crate::target::{ColumnKind, Comparison, Table, identified};

/// How the records of one source become rows of one table.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(super) table: Arc<Table>,
    decimal: DecimalSeparator,
    pub(super) feeds: Vec<Feed>,
    /// The columns that they feed.
    pub(super) fed: Arc<[FedColumn]>,
    /// Which records are not left out.
    pub(super) condition: Option<Expression>,
    names: ColumnMapping,
    /// The source columns that something uses.
    pub(super) used: BTreeSet<String>,
    /// Whether the names of the columns decided, and no option.
    is_by_name: bool,
    /// Whether local times are read as UTC because nobody said otherwise.
    assumes_utc: bool,
    /// Whether it matters which rows left their source.
    pub(super) tells_gone: bool,
    /// The source columns that nothing maps, with their names as JSON.
    pub(super) unmapped: Vec<(usize, String)>,
    /// The column that holds whole records, where the source has one: what nothing maps is taken from there.
    pub(super) whole: Option<usize>,
    /// Who wins where source and table differ; `None` where the source does everywhere.
    pub(super) policies: Option<Arc<Policies>>,
    /// The source columns that say which record it is, for people.
    pub(super) item: Vec<usize>,
    /// The source's columns, whose places these are.
    pub(super) columns: Columns,
}

impl Mapping {
    /// Works out the places of all columns. `chosen` is what an earlier attempt of the run chose; without it and
    /// without a mapping in the options, the columns' names decide.
    ///
    /// # Errors
    /// `config`: the mapping names a column that the source does not have, a required one is not fed, or no unique key is.
    pub(crate) fn compile(
        options: &TargetOptions,
        table: &Arc<Table>,
        chosen: Option<&ColumnMapping>,
        columns: &Columns,
    ) -> Result<Self> {
        let names = chosen.filter(|_| options.mapping().is_none()).cloned();
        let names = names.unwrap_or_else(|| options.choose_mapping(table, columns));
        let mut table = identified(table, options.key(), |column| names.contains_key(column))?;
        if matches!(options.unmapped, Some(Unmapped::Ignore | Unmapped::Fail)) && table.metadata.is_some() {
            table = Arc::new(Table { metadata: None, ..(*table).clone() });
        }
        let compiler = FeedCompiler { table: &table, options, mapping: &names, columns };
        let (feeds, used) = (compiler.compile()?, compiler.used());
        let whole = columns.iter().position(|column| **column == *WHOLE_RECORD);
        let named = columns.iter().map(|field| &**field).enumerate();
        let unmapped: Vec<_> = named.filter(|(_, field)| !used.contains(*field)).collect();
        if options.unmapped == Some(Unmapped::Fail) && !unmapped.is_empty() && whole.is_none() {
            return Err(new_columns(&table, &unmapped));
        }
        let keeps_unmapped = table.metadata.is_some() && whole.is_none();
        let unmapped = unmapped.into_iter().filter(|_| keeps_unmapped);
        let unmapped = unmapped.map(|(place, field)| (place, serde_json::Value::from(field).to_string()));
        let condition = options.condition.as_deref();
        let condition = condition.map(|text| Expression::compile("where", text, columns)).transpose()?;
        let has_instants = feeds
            .iter()
            .filter_map(|feed| table.columns.get(feed.place?))
            .any(|column| matches!(column.kind, ColumnKind::DateTime { is_instant: true, .. }));
        let fed: Arc<[FedColumn]> =
            feeds.iter().map(|feed| FedColumn { name: feed.name.clone(), place: feed.place }).collect();
        Ok(Self {
            decimal: options.decimal_sign()?,
            policies: Policies::compile(options, &table, &names_of(&fed), columns)?.map(Arc::new),
            fed,
            item: item_places(&table, &feeds),
            is_by_name: options.mapping().is_none(),
            tells_gone: options.when_gone() != WhenGone::Keep,
            assumes_utc: has_instants && options.time_zone.is_none(),
            columns: columns.clone(),
            table,
            feeds,
            condition,
            names,
            used,
            unmapped: unmapped.collect(),
            whole,
        })
    }

    /// Whether a page has the columns that the mapping was compiled for. With others, values would go where they do not
    /// belong.
    pub(crate) fn fits(&self, page: &Page) -> bool {
        self.columns == page.columns
    }

    /// Whether rows are told apart by what the source calls them, and not by what they say of themselves.
    pub(crate) fn has_mapped_identity(&self) -> bool {
        self.table.is_by_source() && self.table.identity.iter().all(|column| self.names.contains_key(column))
    }

    /// What was found out of the first page rather than given.
    pub(crate) fn findings(&self, page: &Page) -> Vec<Finding> {
        let decimal = self.find_decimal(page).map(|decimal| decimal.to_finding());
        let mapping = self.is_by_name.then(|| self.mapping_finding());
        mapping.into_iter().chain(decimal).chain(self.target_findings()).collect()
    }

    /// What people should know of the table: how its key compares, how local times are read, what its triggers do.
    pub(crate) fn target_findings(&self) -> Vec<Finding> {
        let compared = self.table.identity_columns().filter_map(|column| {
            let how = match &column.comparison {
                Comparison::Collation { name, .. } if name.contains("_ci") => {
                    format!("as the collation {name} does")
                }
                Comparison::NoCase => "without case (NOCASE)".to_owned(),
                _ => return None,
            };
            let name = &column.name;
            Some(Finding::sure(
                "key",
                format!("`{name}` is compared {how}, so that `abC` and `abc` may be one row"),
            ))
        });
        let zone = self.assumes_utc.then(|| {
            let message = "times that tell no time zone are read as UTC (option `timeZone`)";
            Finding::sure("timeZone", message.to_owned())
        });
        let warnings = self.table.warnings.iter().map(|warning| Finding::sure("target", warning.clone()));
        compared.chain(zone).chain(warnings).collect()
    }

    /// The mapping that the names of the columns decided, and what it leaves.
    fn mapping_finding(&self) -> Finding {
        let pairs: Vec<_> = self.names.iter().map(|(target, field)| format!("{target} ← {field}")).collect();
        let rest: Vec<_> = self
            .columns
            .iter()
            .filter(|field| !self.used.contains(&***field))
            .map(|field| &**field)
            .collect();
        let left = match (&self.table.metadata, rest.is_empty() || self.whole.is_some()) {
            (_, true) => String::new(),
            (Some(metadata), false) => format!("; kept in `{metadata}`: {}", rest.join(", ")),
            (None, false) => format!("; left out: {}", rest.join(", ")),
        };
        Finding::sure("mapping", format!("{} (by their names){left}", pairs.join(", ")))
    }

    /// What a page says of the decimal sign, where no option does and it matters.
    pub(crate) fn find_decimal(&self, page: &Page) -> Option<DecimalFinding> {
        let is_assumed = self.decimal == DecimalSeparator::Assumed;
        is_assumed.then(|| find_decimal(&self.table, &self.names, page)).flatten()
    }

    /// What feeds which target column, as given or as chosen.
    pub(crate) fn names(&self) -> &ColumnMapping {
        &self.names
    }
}

impl TargetOptions {
    /// What feeds which target column: as given, or by the columns' names.
    pub(crate) fn choose_mapping(&self, table: &Table, columns: &Columns) -> ColumnMapping {
        if let Some(given) = self.mapping() {
            return given.clone();
        }
        let mut names = names::suggest(table, columns);
        if let (Some(_), Some((column, _))) = (&self.content_type, table.optional_constant()) {
            names.remove(&*column.name);
        }
        names
    }
}

fn names_of(fed: &[FedColumn]) -> Vec<&str> {
    fed.iter().map(|column| &*column.name).collect()
}

/// The error of a source with columns that nothing maps, where the options refuse them.
fn new_columns(table: &Table, unmapped: &[(usize, &str)]) -> Error {
    let names: Vec<_> = unmapped.iter().map(|(_, name)| format!("`{name}`")).collect();
    let message = format!(
        "the source has columns that nothing maps to `{}`: {}; map them, or set the option `unmapped` to `ignore`",
        table.name,
        names.join(", ")
    );
    Error::config("new_columns", message.clone()).with_detail("/options/unmapped", message)
}

/// What tells people which record it is: its identity, or its title where that is derived.
fn item_places(table: &Table, feeds: &[Feed]) -> Vec<usize> {
    let places = |wanted: &[String]| -> Vec<usize> {
        let place = |feed: &Feed| match feed.from {
            FeedSource::Field { place, .. } if wanted.iter().any(|name| **name == *feed.name) => Some(place),
            _ => None,
        };
        feeds.iter().filter_map(place).collect()
    };
    match places(&table.identity) {
        found if found.is_empty() => places(&table.label),
        found => found,
    }
}
