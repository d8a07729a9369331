//! Compiling a mapping: the columns of a run's source to their indexes, once, and what feeds each column of the table.

use catchment_core::{Columns, Error, Finding, Page, Result, WHOLE_RECORD};

use super::decimal::{DecimalFinding, find_decimal};
use super::names::{self, Names};
use super::options::{self, DecimalSeparator, TargetOptions};
use crate::target::{Column, Table, WhenEmpty};

/// How the records of one source become rows of one table.
#[derive(Debug)]
pub(crate) struct Mapping {
    pub(super) table: &'static Table,
    pub(super) decimal: DecimalSeparator,
    pub(super) feeds: Vec<ColumnSource>,
    pub(super) names: Names,
    /// Whether the names of the columns decided, and no option.
    is_by_name: bool,
    /// The source columns that nothing maps, with their names as JSON.
    pub(super) unmapped: Vec<(usize, String)>,
    /// The column that holds whole records, where the source has one: what nothing maps is taken from there.
    pub(super) whole: Option<usize>,
    /// The source columns that say which record it is, for people.
    pub(super) item: Vec<usize>,
    /// The source's columns, whose places these are.
    pub(super) columns: Columns,
}

/// What a derived identity is made of. They stand before it in their table.
const DERIVED_FROM: [&str; 3] = ["content_type", "title", "artist"];

/// Where a target column takes its value from.
#[derive(Debug)]
pub(super) enum ColumnSource {
    /// A column of the source.
    Field { column: &'static Column, place: usize, name: Box<str> },
    /// The same for all records.
    Constant { column: &'static str, text: String },
    /// A flag that is set for every record that the source has.
    Set { column: &'static str },
    /// An identity from what the record says of itself: the cells at these places of its row.
    Derived { column: &'static str, from: [Option<usize>; 3] },
    /// All that nothing maps.
    Metadata { column: &'static str },
}

impl ColumnSource {
    pub(super) fn column(&self) -> &'static str {
        match self {
            Self::Field { column, .. } => column.name,
            Self::Constant { column, .. }
            | Self::Set { column }
            | Self::Derived { column, .. }
            | Self::Metadata { column } => column,
        }
    }
}

impl Mapping {
    /// Works out the places of all columns. `chosen` is what an earlier attempt of the run chose; without it and
    /// without a mapping in the options, the columns' names decide.
    ///
    /// # Errors
    /// `config`: the mapping names a column that the source does not have, or a required one is not fed.
    pub(crate) fn compile(
        options: &TargetOptions,
        chosen: Option<&Names>,
        columns: &Columns,
    ) -> Result<Self> {
        let table = options.table()?;
        let names = chosen.filter(|_| options.mapping().is_none()).cloned();
        let names = names.unwrap_or_else(|| options.choose_names(table, columns));
        let mut feeds = Vec::new();
        for column in table.columns {
            let from =
                DERIVED_FROM.map(|name| feeds.iter().position(|feed: &ColumnSource| feed.column() == name));
            feeds.extend(feed(table, column, options, &names, columns, from)?);
        }
        feeds.extend(table.metadata.map(|column| ColumnSource::Metadata { column }));
        let unmapped =
            columns.iter().enumerate().filter(|(_, field)| !names.values().any(|name| **name == ***field));
        let whole = columns.iter().position(|column| **column == *WHOLE_RECORD);
        let unmapped = match table.metadata.filter(|_| whole.is_none()) {
            Some(_) => unmapped
                .map(|(place, field)| (place, serde_json::Value::from(&**field).to_string()))
                .collect(),
            None => Vec::new(),
        };
        let item = item_places(table, &feeds);
        let columns = columns.clone();
        let (decimal, is_by_name) = (options.decimal_sign()?, options.mapping().is_none());
        Ok(Self { table, decimal, feeds, names, is_by_name, unmapped, whole, item, columns })
    }

    /// Whether a page has the columns that the mapping was compiled for. With others, values would go where they do not
    /// belong.
    pub(crate) fn fits(&self, page: &Page) -> bool {
        self.columns == page.columns
    }

    /// Whether rows are told apart by what the source calls them, and not by what they say of themselves.
    pub(crate) fn has_mapped_identity(&self) -> bool {
        self.table.is_by_source && self.table.identity.iter().all(|column| self.names.contains_key(*column))
    }

    /// What was found out of the first page rather than given.
    pub(crate) fn findings(&self, page: &Page) -> Vec<Finding> {
        let decimal = self.find_decimal(page).map(|decimal| decimal.to_finding());
        self.is_by_name.then(|| self.mapping_finding()).into_iter().chain(decimal).collect()
    }

    /// The mapping that the names of the columns decided, and what it leaves.
    fn mapping_finding(&self) -> Finding {
        let pairs: Vec<_> = self.names.iter().map(|(target, field)| format!("{target} ← {field}")).collect();
        let is_mapped = |field: &str| self.names.values().any(|name| name == field);
        let rest: Vec<_> =
            self.columns.iter().filter(|field| !is_mapped(field)).map(|field| &**field).collect();
        let left = match (self.table.metadata, rest.is_empty() || self.whole.is_some()) {
            (_, true) => String::new(),
            (Some(metadata), false) => format!("; kept in `{metadata}`: {}", rest.join(", ")),
            (None, false) => format!("; left out: {}", rest.join(", ")),
        };
        Finding::sure("mapping", format!("{} (by their names){left}", pairs.join(", ")))
    }

    /// What a page says of the decimal sign, where no option does and it matters.
    pub(crate) fn find_decimal(&self, page: &Page) -> Option<DecimalFinding> {
        let is_assumed = self.decimal == DecimalSeparator::Assumed;
        is_assumed.then(|| find_decimal(self.table, &self.names, page)).flatten()
    }

    /// Which source column feeds which target column, as given or as chosen.
    pub(crate) fn names(&self) -> &Names {
        &self.names
    }
}

impl TargetOptions {
    /// Which source column feeds which target column: as given, or by the columns' names.
    pub(crate) fn choose_names(&self, table: &Table, columns: &Columns) -> Names {
        if let Some(given) = self.mapping() {
            return given.clone();
        }
        let mut names = names::suggest(table, columns);
        if self.content_type.is_some() {
            names.remove("content_type");
        }
        names
    }
}

/// Where a column takes its value from; `None` leaves it to the table's default and to what stands there.
fn feed(
    table: &Table,
    column: &'static Column,
    options: &TargetOptions,
    names: &Names,
    columns: &Columns,
    from: [Option<usize>; 3],
) -> Result<Option<ColumnSource>> {
    if let Some(name) = names.get(column.name) {
        let place = columns.iter().position(|field| **field == **name);
        let place = place.ok_or_else(|| unknown_field(column.name, name, options, columns))?;
        return Ok(Some(ColumnSource::Field { column, place, name: name.as_str().into() }));
    }
    match (column.name, &options.content_type) {
        ("content_type", Some(given)) => Ok(Some(ColumnSource::Constant {
            column: column.name,
            text: options::content_type(given)?.to_owned(),
        })),
        ("external_id", _) => Ok(Some(ColumnSource::Derived { column: column.name, from })),
        ("is_available", _) => Ok(Some(ColumnSource::Set { column: column.name })),
        ("content_type", None) => Err(options::missing_content_type()),
        _ if column.when_empty == WhenEmpty::Reject => Err(not_fed(table, column, columns)),
        _ => Ok(None),
    }
}

fn unknown_field(column: &str, name: &str, options: &TargetOptions, columns: &Columns) -> Error {
    let option = options.mapping_option();
    let hint = names::column_hint(name, columns.iter().map(|field| &**field));
    let has = named(columns);
    let message = format!("maps `{name}`, which is not a column of the source; it has: {has}{hint}");
    let pointer = format!("/options/{option}/{column}");
    Error::config("unknown_column", format!("{pointer}: {message}")).with_detail(pointer, message)
}

fn not_fed(table: &Table, column: &Column, columns: &Columns) -> Error {
    let message = format!(
        "`{}` needs a value for `{}`, and no column of the source has a matching name; it has: {}. Map one with the \
         option `columnMapping`, such as {{\"{}\": \"{}\"}}",
        table.name,
        column.name,
        named(columns),
        column.name,
        columns.first().map_or("…", |field| field),
    );
    Error::config("unmapped_column", message.clone()).with_detail("/options/columnMapping", message)
}

/// What tells people which record it is: its identity, or its title where that is derived.
fn item_places(table: &Table, feeds: &[ColumnSource]) -> Vec<usize> {
    let places = |wanted: &[&str]| -> Vec<usize> {
        let place = |feed: &ColumnSource| match feed {
            ColumnSource::Field { column, place, .. } if wanted.contains(&column.name) => Some(*place),
            _ => None,
        };
        feeds.iter().filter_map(place).collect()
    };
    match places(table.identity) {
        found if found.is_empty() => places(&["title", "artist"]),
        found => found,
    }
}

/// The names of a source's columns, for people: whole records are none.
fn named(columns: &Columns) -> String {
    let names: Vec<_> = columns.iter().map(|name| &**name).filter(|name| *name != WHOLE_RECORD).collect();
    names.join(", ")
}
