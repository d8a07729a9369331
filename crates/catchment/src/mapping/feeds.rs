//! Where each column of a table takes its value from, worked out once for a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use catchment_core::{Columns, Error, Result, WHOLE_RECORD, invalid_option};

use super::convert::convert;
use super::converted::Converted;
use super::expression::Expression;
use super::field::{ColumnMapping, FieldMapping, FieldRule};
use super::fit::{constant_word, missing_constant};
use super::names;
use super::options::{TargetOptions, WhenGone};
use super::reading::Reading;
use super::rule::{OwnedValue, ValueRule};
use crate::target::{Column, ColumnKind, MarkValue, ROW_KEY, Table, WhenUnmapped};

/// What feeds a column of the table.
#[derive(Debug)]
pub(super) struct Feed {
    /// The column; `None` for the JSON of what nothing maps.
    pub(super) place: Option<usize>,
    pub(super) name: Arc<str>,
    pub(super) from: FeedSource,
}

/// Where a target column takes its value from.
#[derive(Debug)]
pub(super) enum FeedSource {
    /// A column of the source.
    Field { place: usize, name: Box<str>, rule: Option<ValueRule>, reading: Reading },
    /// An expression over them.
    Expression { expression: Expression, rule: Option<ValueRule>, reading: Reading },
    /// The same for all records.
    Constant(Option<Converted<'static>>),
    /// An identity from what the record says of itself: the cells at these places of its row.
    Derived(Vec<Option<usize>>),
    /// A hash of all cells before it.
    RowKey,
    /// All that nothing maps.
    Metadata,
}

/// Compiles what feeds the columns of a table.
pub(super) struct FeedCompiler<'a> {
    pub(super) table: &'a Table,
    pub(super) options: &'a TargetOptions,
    pub(super) mapping: &'a ColumnMapping,
    pub(super) columns: &'a Columns,
}

impl FeedCompiler<'_> {
    /// What feeds each column that is fed, in the order of the table; what hashes others comes last.
    ///
    /// # Errors
    /// `config`: the mapping names a column that the source does not have, or a required one is not fed.
    pub(super) fn compile(&self) -> Result<Vec<Feed>> {
        let mut feeds: Vec<Feed> = Vec::new();
        let (hashed, fed): (Vec<_>, Vec<_>) =
            self.table.columns.iter().enumerate().partition(|(_, column)| *column.name == *ROW_KEY);
        for (place, column) in fed {
            if let Some(from) = self.source(column, &feeds)? {
                feeds.push(Feed { place: Some(place), name: column.name.clone(), from });
            }
        }
        for (place, column) in hashed {
            let from = match self.mapping.get(&*column.name) {
                Some(field) => self.mapped(column, field)?,
                None => FeedSource::RowKey,
            };
            feeds.push(Feed { place: Some(place), name: column.name.clone(), from });
        }
        if let Some(metadata) = self.table.metadata.as_deref() {
            feeds.push(Feed { place: None, name: metadata.into(), from: FeedSource::Metadata });
        }
        Ok(feeds)
    }

    /// Where a column takes its value from; `None` leaves it to the table's default and to what stands there.
    fn source(&self, column: &Column, before: &[Feed]) -> Result<Option<FeedSource>> {
        if let Some(field) = self.mapping.get(&*column.name) {
            return self.mapped(column, field).map(Some);
        }
        let mark = self.table.gone.as_ref().filter(|_| self.options.when_gone() == WhenGone::Mark);
        if let Some(back) =
            mark.filter(|mark| mark.column == *column.name).and_then(|mark| mark.back.as_ref())
        {
            // Whatever the source has is there again.
            return Ok(Some(FeedSource::Constant(Some(match back {
                MarkValue::Flag(flag) => Converted::Int((*flag).into()),
                MarkValue::Number(number) => Converted::Int(*number),
                MarkValue::Text(text) => Converted::Text(text.clone().into()),
            }))));
        }
        Ok(match &column.when_unmapped {
            WhenUnmapped::Keep => None,
            WhenUnmapped::Option(_) => {
                let given = self.options.content_type.as_deref();
                let given = given.ok_or_else(|| missing_constant(self.table, column))?;
                let word = constant_word(column, given)?.to_owned();
                Some(FeedSource::Constant(Some(Converted::Text(word.into()))))
            }
            WhenUnmapped::Derived(columns) => {
                let place = |name: &String| before.iter().position(|feed| *feed.name == **name);
                Some(FeedSource::Derived(columns.iter().map(place).collect()))
            }
            WhenUnmapped::Flag(flag) => Some(FeedSource::Constant(Some(Converted::Int((*flag).into())))),
            WhenUnmapped::Refuse => return Err(self.not_fed(column)),
        })
    }

    fn mapped(&self, column: &Column, field: &FieldMapping) -> Result<FeedSource> {
        let option = format!("{}/{}", self.options.mapping_option(), column.name);
        let plain = FieldRule::default();
        let given = field.rule();
        let reading = self.reading(&option, column, given.unwrap_or(&plain))?;
        let rule = given.filter(|rule| rule.values.is_some() || rule.default.is_some()).map(ValueRule::of);
        if let Some(name) = field.field() {
            let place = self.columns.iter().position(|field| **field == *name);
            let place = place.ok_or_else(|| self.unknown_field(&option, name))?;
            return Ok(FeedSource::Field { place, name: name.into(), rule, reading });
        }
        match given {
            Some(FieldRule { expr: Some(text), .. }) => {
                let expression = Expression::compile(&format!("{option}/expr"), text, self.columns)?;
                Ok(FeedSource::Expression { expression, rule, reading })
            }
            Some(FieldRule { constant: Some(value), .. }) => {
                let value = OwnedValue::of(value);
                let converted = convert(value.as_value(), &column.kind, &reading);
                let converted = converted.map_err(|error| invalid_option(&option, &error.message))?;
                if converted.is_none() && !column.takes_null() {
                    return Err(invalid_option(
                        &option,
                        "is an empty constant, and the column needs a value",
                    ));
                }
                Ok(FeedSource::Constant(converted.map(Converted::into_owned)))
            }
            _ => Err(invalid_option(&option, "needs one of `from`, `const` and `expr`")),
        }
    }

    /// How the values of a column are read.
    fn reading(&self, option: &str, column: &Column, rule: &FieldRule) -> Result<Reading> {
        let usual = self.options.reading()?;
        let is_bytes = matches!(column.kind, ColumnKind::Bytes { .. });
        let format = match &rule.format {
            Some(given) if is_bytes => {
                if !matches!(given.as_str(), "hex" | "base64") {
                    let problem = format!("is `{given}`; for bytes it must be `hex` or `base64`");
                    return Err(invalid_option(&format!("{option}/format"), &problem));
                }
                Some(given.clone())
            }
            Some(given) => self.options.format(&format!("{option}/format"), Some(given))?,
            None if is_bytes => None,
            None => usual.format.clone(),
        };
        Ok(Reading { format, trims: rule.trim.unwrap_or(usual.trims), ..usual })
    }

    /// The source columns that something uses.
    pub(super) fn used(&self) -> BTreeSet<String> {
        let fields = self.options.source_fields(Some(self.mapping));
        let first = |name: &str| name.split(['.', '[']).next().unwrap_or_default().to_owned();
        let direct: BTreeSet<_> = self.mapping.values().filter_map(FieldMapping::field).collect();
        // An expression may name a column by its first part alone.
        let of_expressions = fields.iter().filter(|name| !direct.contains(&***name)).map(|name| first(name));
        fields.iter().map(ToString::to_string).chain(of_expressions).collect()
    }

    fn unknown_field(&self, option: &str, name: &str) -> Error {
        let hint = names::column_hint(name, self.columns.iter().map(|field| &**field));
        let has = named(self.columns);
        let message = format!("maps `{name}`, which is not a column of the source; it has: {has}{hint}");
        let pointer = format!("/options/{option}");
        Error::config("unknown_column", format!("{pointer}: {message}")).with_detail(pointer, message)
    }

    fn not_fed(&self, column: &Column) -> Error {
        let message = format!(
            "`{}` needs a value for `{}`, and no column of the source has a matching name; it has: {}. Map one with the \
             option `columnMapping`, such as {{\"{}\": \"{}\"}}",
            self.table.name,
            column.name,
            named(self.columns),
            column.name,
            self.columns.first().map_or("…", |field| field),
        );
        Error::config("unmapped_column", message.clone()).with_detail("/options/columnMapping", message)
    }
}

/// The names of a source's columns, for people: whole records are none.
pub(super) fn named(columns: &Columns) -> String {
    let names: Vec<_> = columns.iter().map(|name| &**name).filter(|name| *name != WHOLE_RECORD).collect();
    names.join(", ")
}
