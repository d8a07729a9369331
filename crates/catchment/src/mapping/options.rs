//! The options that are the engine's, whatever the source.

use std::time::Duration;

use catchment_core::{Error, Result, did_you_mean, invalid_option, split_options};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::names::{Names, column_hint};
use crate::target::{CONTENT_INDEX, Column, ColumnKind, TABLES, Table, WhenEmpty, find_table};

/// Target options, the same for every source: the table, the column mapping, and the limits on errors.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TargetOptions {
    /// The table to write: `content_index` (the default) or `catalog_items`.
    pub target_table: Option<String>,
    /// What all records are: `music`, `video`, `movie` or `game`. Needed for `content_index`, unless a column is
    /// mapped to `content_type`.
    pub content_type: Option<String>,
    /// Target column to source column; all that is mapped. Without it, columns map by their names.
    pub column_mapping: Option<Names>,
    /// The same as `columnMapping`, with paths into nested records, such as `artist.name`.
    pub field_mapping: Option<Names>,
    /// The decimal sign of numbers in text: `.` or `,`. When it is given, the other one and spaces may group thousands.
    /// Without it, `.` is the sign, nothing groups thousands, and a text that can be read two ways (`54.900`, `1,234`) is
    /// rejected with both readings; `inspect` and `check` find the sign out from the column's other values and propose it.
    /// Numbers of JSON are not text.
    pub decimal: Option<String>,
    /// Stable name of the source, used instead of its identifier to identify rows, so that dated files or signed URLs
    /// of one source update the same rows.
    pub source_name: Option<String>,
    /// The run fails when more records than this are rejected: a number, or a share of the records such as
    /// `"5%"`, which counts from 1,000 records on, and at the end. No limit by default.
    pub max_errors: Option<MaxErrors>,
    /// How many rejects, and how many skips, are stored in full; past that they are counted. Default 10000.
    pub max_stored_errors: Option<u64>,
    /// Longest total delay by rate limits (status 429, quotas) before an attempt counts as failed, in seconds.
    /// Default 3600.
    pub max_wait: Option<u64>,
    /// Whether to accept an empty source that had records before. Default false.
    pub allow_empty: Option<bool>,
}

/// A limit on rejects.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(try_from = "Value", into = "Value")]
#[schemars(with = "Value")]
pub enum MaxErrors {
    /// So many.
    Count(u64),
    /// Such a share of the records read, from 0 to 100.
    Percent(f64),
}

impl TryFrom<Value> for MaxErrors {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let percent = |text: &str| text.trim().strip_suffix('%')?.trim().parse::<f64>().ok();
        match &value {
            Value::Number(number) => number.as_u64().map(Self::Count),
            Value::String(text) => match text.trim().parse() {
                Ok(count) => Some(Self::Count(count)),
                Err(_) => percent(text).filter(|share| (0.0..=100.0).contains(share)).map(Self::Percent),
            },
            _ => None,
        }
        .ok_or_else(|| format!("{value} is neither a number of records nor a percentage such as \"5%\""))
    }
}

impl From<MaxErrors> for Value {
    fn from(limit: MaxErrors) -> Self {
        match limit {
            MaxErrors::Count(count) => count.into(),
            MaxErrors::Percent(share) => format!("{share}%").into(),
        }
    }
}

impl MaxErrors {
    /// Whether `failed` of `read` records are too many. A share says nothing about the first few records, so
    /// before the end it counts from 1,000 on.
    pub(crate) fn is_exceeded(self, failed: u64, read: u64, is_at_end: bool) -> bool {
        match self {
            Self::Count(limit) => failed > limit,
            #[expect(clippy::cast_precision_loss, reason = "a share of records needs no 53 bits")]
            Self::Percent(share) => {
                (is_at_end || read >= 1000) && failed as f64 * 100.0 > share * read as f64
            }
        }
    }
}

/// The sign before the decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DecimalSeparator {
    /// A point; nothing may group thousands, as nobody said which sign is which.
    Assumed,
    /// This one; the other one may group thousands.
    Named(char),
}

impl TargetOptions {
    /// Those that decide nothing about what a run leaves for the next one.
    pub(crate) const STATELESS: &'static [&'static str] =
        &["maxErrors", "maxStoredErrors", "maxWait", "allowEmpty"];

    /// Splits the options of a request into the engine's and the source's.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn split(mut options: Map<String, Value>) -> Result<(Self, Map<String, Value>)> {
        let target: Self = split_options(&mut options)?;
        target.check()?;
        Ok((target, options))
    }

    /// Whether what is given fits; whether all is given that is needed, [`Self::check_is_complete`] tells.
    fn check(&self) -> Result<()> {
        let table = self.table()?;
        self.decimal_sign()?;
        if self.column_mapping.is_some() && self.field_mapping.is_some() {
            return Err(invalid_option(
                "fieldMapping",
                "is the same as `columnMapping`; give only one of them",
            ));
        }
        if let Some(names) = self.mapping() {
            self.check_columns(table, names)?;
        }
        self.check_content_type(table)?;
        if self.source_name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(invalid_option("sourceName", "is empty; leave it out to use the identifier"));
        }
        Ok(())
    }

    /// Whether a mapping names columns of the table only.
    fn check_columns(&self, table: &Table, names: &Names) -> Result<()> {
        let Some(column) = names.keys().find(|column| table.column(column).is_none()) else { return Ok(()) };
        let known: Vec<_> = table.columns.iter().map(|column| column.name).collect();
        let hint = column_hint(column, known.iter().copied());
        let (table, known, option) = (table.name, known.join(", "), self.mapping_option());
        let problem = format!("`{table}` has no column `{column}` to map; it has: {known}{hint}");
        Err(invalid_option(&format!("{option}/{column}"), &problem))
    }

    /// Whether a mapping that is given feeds all that the table needs.
    ///
    /// # Errors
    /// `config`, with what is missing.
    pub(crate) fn check_is_complete(&self) -> Result<()> {
        let Some(names) = self.mapping() else { return Ok(()) };
        let table = self.table()?;
        let missing = self.missing(table, names);
        if let Some(column) = missing.iter().find(|column| **column != "content_type") {
            let given: Vec<_> = names.keys().map(String::as_str).collect();
            let (table, given) = (table.name, given.join(", "));
            let problem = format!(
                "maps {given} but not `{column}`, which `{table}` needs; add it, or leave the option out to map \
                 columns by their names"
            );
            return Err(invalid_option(self.mapping_option(), &problem));
        }
        if missing.is_empty() { Ok(()) } else { Err(missing_content_type()) }
    }

    /// The required columns of the table that nothing feeds: neither a mapping, nor an option, nor the table itself.
    pub(crate) fn missing(&self, table: &Table, names: &Names) -> Vec<&'static str> {
        let is_fed = |name: &str| match name {
            "external_id" => true,
            "content_type" if self.content_type.is_some() => true,
            name => names.contains_key(name),
        };
        let needed = table.columns.iter().filter(|column| column.when_empty == WhenEmpty::Reject);
        needed.map(|column| column.name).filter(|name| !is_fed(name)).collect()
    }

    /// Whether each record gets its content type from one place, where the table has one.
    fn check_content_type(&self, table: &Table) -> Result<()> {
        let is_mapped = self.mapping().is_some_and(|names| names.contains_key("content_type"));
        match (&self.content_type, table.name == CONTENT_INDEX.name) {
            (Some(_), false) => {
                Err(invalid_option("contentType", "is for the target `content_index` only; leave it out"))
            }
            (Some(given), true) if is_mapped => {
                let problem = format!(
                    "is `{given}`, and a column is mapped to `content_type` as well; give only one of them"
                );
                Err(invalid_option("contentType", &problem))
            }
            (Some(given), true) => content_type(given).map(drop),
            (None, _) => Ok(()),
        }
    }

    /// The name of the option that holds the mapping.
    pub(super) fn mapping_option(&self) -> &'static str {
        if self.field_mapping.is_some() { "fieldMapping" } else { "columnMapping" }
    }

    /// The table to write.
    ///
    /// # Errors
    /// `config`, when there is no such table.
    pub(crate) fn table(&self) -> Result<&'static Table> {
        Self::table_of(self.target_table.as_deref().unwrap_or(CONTENT_INDEX.name))
    }

    /// The table of a name.
    ///
    /// # Errors
    /// `config`, when there is no such table.
    pub(crate) fn table_of(name: &str) -> Result<&'static Table> {
        find_table(name).ok_or_else(|| {
            let known: Vec<_> = TABLES.iter().map(|table| table.name).collect();
            let hint = did_you_mean(name, known.iter().copied(), str::to_lowercase);
            let problem = format!("unknown target table `{name}`; use one of: {}{hint}", known.join(", "));
            invalid_option("targetTable", &problem)
        })
    }

    /// Whether the options say which table it is: by its name, or by what is for one of them only.
    pub(crate) fn is_table_known(&self) -> bool {
        self.target_table.is_some() || self.content_type.is_some() || self.mapping().is_some()
    }

    /// The mapping that was given.
    pub(crate) fn mapping(&self) -> Option<&Names> {
        self.column_mapping.as_ref().or(self.field_mapping.as_ref())
    }

    /// The sign before the decimals.
    ///
    /// # Errors
    /// `config`, when it is neither a point nor a comma.
    pub(crate) fn decimal_sign(&self) -> Result<DecimalSeparator> {
        match self.decimal.as_deref() {
            None => Ok(DecimalSeparator::Assumed),
            Some(".") => Ok(DecimalSeparator::Named('.')),
            Some(",") => Ok(DecimalSeparator::Named(',')),
            Some(other) => Err(invalid_option("decimal", &format!("is `{other}`; it must be `.` or `,`"))),
        }
    }

    /// How many rejects a run stores.
    pub(crate) fn max_stored(&self) -> u64 {
        self.max_stored_errors.unwrap_or(10_000)
    }

    /// How long a source may put a run off before that counts.
    pub(crate) fn max_wait(&self) -> Duration {
        Duration::from_secs(self.max_wait.unwrap_or(3600))
    }
}

/// The content type of that name.
pub(super) fn content_type(given: &str) -> Result<&'static str> {
    let words = match CONTENT_INDEX.column("content_type") {
        Some((_, Column { kind: ColumnKind::Choice(words), .. })) => *words,
        _ => &[],
    };
    words.iter().find(|word| word.eq_ignore_ascii_case(given.trim())).copied().ok_or_else(|| {
        invalid_option("contentType", &format!("is `{given}`; it must be one of: {}", words.join(", ")))
    })
}

pub(super) fn missing_content_type() -> Error {
    invalid_option(
        "contentType",
        "is missing: set it to what the records are (music, video, movie or game), or map a column to `content_type`",
    )
}
