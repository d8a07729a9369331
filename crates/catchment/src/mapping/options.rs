//! The options that are the engine's, whatever the source.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use catchment_core::{Result, invalid_option, split_options};
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::date_format::strptime;
use super::expression::variables;
use super::field::{ColumnMapping, FieldMapping};
use super::max_errors::MaxErrors;
use super::reading::{DecimalSeparator, Reading};
use crate::conflicts::{ConflictRule, ConflictRules};
use crate::target::built_in;

/// Target options, the same for every source: the table, the column mapping, and the limits on errors.
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TargetOptions {
    /// The table to write: `content_index` (the default), `catalog_items`, or another one of the database. Over HTTP, others
    /// only if the operator lists them (`[[target]]`, `--target-table`).
    pub target_table: Option<String>,
    /// The columns that tell rows apart, of which the table has a unique key: a name, or a list of names. Default: the
    /// primary key where it is mapped, else the only unique key that is.
    pub key: Option<KeyColumns>,
    /// What all records are: `music`, `video`, `movie` or `game`. Needed for `content_index`, unless a column is
    /// mapped to `content_type`.
    pub content_type: Option<String>,
    /// Target column to source column; all that is mapped. Without it, columns map by their names. In the place of a name may
    /// stand rules, such as `{"from": "precio", "default": "0", "values": {"Sí": 1}, "format": "dd/MM/yyyy", "trim": false}`,
    /// a constant, `{"const": "music"}`, or an expression, `{"expr": "artist ~ ' - ' ~ title"}`.
    pub column_mapping: Option<ColumnMapping>,
    /// The same as `columnMapping`, with paths into nested records, such as `artist.name`.
    pub field_mapping: Option<ColumnMapping>,
    /// An expression over the source's columns: records of which it is not true are left out, and counted as skipped.
    #[serde(rename = "where")]
    pub condition: Option<String>,
    /// What becomes of source columns that nothing maps: `metadata` keeps them in the table's JSON column (the default where
    /// it has one), `ignore` leaves them out, and `fail` ends the run before its first row.
    pub unmapped: Option<Unmapped>,
    /// How dates and times are written where it is not ISO 8601: such as `dd/MM/yyyy HH:mm`, or with the signs of strptime,
    /// `%d/%m/%Y %H:%M`.
    pub date_format: Option<String>,
    /// The time zone of times that tell none, by its name in the IANA database. Default UTC.
    pub time_zone: Option<String>,
    /// The decimal sign of numbers in text: `.` or `,`. When it is given, the other one and spaces may group thousands, a
    /// currency may stand beside a number (`$ 54.900`, `54,90 EUR`), and a negative one in parentheses.
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
    /// How many changes of each kind a preview stores with their values; past that they are counted. Default 10000.
    pub max_stored_changes: Option<u64>,
    /// What becomes of rows that left their source, after a pass that saw all of it: `keep` leaves them, `mark`
    /// marks them as not available (`is_available = 0`, or what the table's declaration says), `delete` deletes them. Default
    /// `mark` of inventories, such as a folder of Google Drive, where the table can be marked, and else `keep`.
    pub when_gone: Option<WhenGone>,
    /// Nothing is marked or deleted where more rows than this have left: a number, or a share of the source's rows such as
    /// `"20%"`, which counts where there are more than 20. The run says so, and it can be released. Default `"20%"`.
    pub max_gone: Option<MaxErrors>,
    /// Who wins in a column of the table where source and table differ, by the column's name: `source` (the default), `target` (once
    /// it has a value), `fill_empty`, `max`, `min`, `keep_edits` (what somebody changed by hand since a run wrote it stays), `ask`
    /// (the same; where both have changed, it is filed for somebody to settle), or
    /// `{"newest": {"source": "modified", "target": "updated_at"}}`.
    pub conflicts: Option<ConflictRules>,
    /// Longest total delay by rate limits (status 429, quotas) before an attempt counts as failed, in seconds.
    /// Default 3600.
    pub max_wait: Option<u64>,
    /// Whether to accept an empty source that had records before. Default false.
    pub allow_empty: Option<bool>,
}

/// The columns of a key.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged, expecting = "must be the name of a column, or a list of names")]
pub enum KeyColumns {
    /// One column.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl KeyColumns {
    /// Their names.
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

/// What becomes of rows that left their source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WhenGone {
    /// They stay as they are.
    #[default]
    Keep,
    /// They are marked as not available.
    Mark,
    /// They are deleted.
    Delete,
}

/// What becomes of source columns that nothing maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Unmapped {
    /// They are kept in the table's JSON column.
    Metadata,
    /// They are left out.
    Ignore,
    /// The run ends before its first row.
    Fail,
}

/// How much a run stores of what it finds; past that it counts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct StorageLimits {
    /// Rejects, and skips.
    pub(crate) errors: u64,
    /// Changes of each kind.
    pub(crate) changes: u64,
}

impl TargetOptions {
    /// Those that decide nothing about what a run leaves for the next one.
    pub(crate) const STATELESS: &'static [&'static str] =
        &["maxErrors", "maxStoredErrors", "maxStoredChanges", "maxGone", "maxWait", "allowEmpty"];

    /// Splits the options of a request into the engine's and the source's.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub fn split(mut options: Map<String, Value>) -> Result<(Self, Map<String, Value>)> {
        let target: Self = split_options(&mut options)?;
        target.check()?;
        Ok((target, options))
    }

    /// Whether what is given fits, whatever the table is.
    fn check(&self) -> Result<()> {
        self.decimal_sign()?;
        self.zone()?;
        self.format("dateFormat", self.date_format.as_deref())?;
        if self.column_mapping.is_some() && self.field_mapping.is_some() {
            return Err(invalid_option(
                "fieldMapping",
                "is the same as `columnMapping`; give only one of them",
            ));
        }
        for (column, field) in self.mapping().into_iter().flatten() {
            let option = format!("{}/{column}", self.mapping_option());
            if let Some(problem) = field.problem() {
                return Err(invalid_option(&option, problem));
            }
            if let Some(expression) = field.rule().and_then(|rule| rule.expr.as_deref()) {
                variables(&option, expression)?;
            }
        }
        if let Some(condition) = &self.condition {
            variables("where", condition)?;
        }
        if self.source_name.as_ref().is_some_and(|name| name.trim().is_empty()) {
            return Err(invalid_option("sourceName", "is empty; leave it out to use the identifier"));
        }
        Ok(())
    }

    /// The name of the option that holds the mapping.
    pub(super) fn mapping_option(&self) -> &'static str {
        if self.field_mapping.is_some() { "fieldMapping" } else { "columnMapping" }
    }

    /// The name of the table to write.
    pub(crate) fn table_name(&self) -> &str {
        self.target_table.as_deref().unwrap_or_else(|| &built_in()[0].name)
    }

    /// The columns that are asked for to tell rows apart.
    pub(crate) fn key(&self) -> Option<&[String]> {
        self.key.as_ref().map(KeyColumns::names)
    }

    /// Whether the options say which table it is: by its name, or by what is for one of them only.
    pub(crate) fn is_table_known(&self) -> bool {
        self.target_table.is_some() || self.content_type.is_some() || self.mapping().is_some()
    }

    /// The mapping that was given.
    pub(crate) fn mapping(&self) -> Option<&ColumnMapping> {
        self.column_mapping.as_ref().or(self.field_mapping.as_ref())
    }

    /// The source's fields that a mapping needs, as a source is asked for them: the one that was given, or else the one that
    /// was chosen. None means all.
    pub(crate) fn source_fields(&self, chosen: Option<&ColumnMapping>) -> Arc<[Box<str>]> {
        let Some(mapping) = self.mapping().or(chosen) else { return [].into() };
        let mut fields = BTreeSet::new();
        let mut add = |option: &str, expression: &str| {
            // What does not parse was refused when the options were checked.
            fields.extend(variables(option, expression).unwrap_or_default());
        };
        for rule in mapping.values().filter_map(FieldMapping::rule) {
            rule.expr.iter().for_each(|expression| add("columnMapping", expression));
        }
        self.condition.iter().for_each(|expression| add("where", expression));
        fields.extend(self.conflicts.iter().flatten().filter_map(|(_, rule)| match rule {
            ConflictRule::Newest(by) => Some(by.newest.source.clone()),
            ConflictRule::Policy(_) => None,
        }));
        fields.extend(mapping.values().filter_map(FieldMapping::field).map(str::to_owned));
        fields.into_iter().map(String::into_boxed_str).collect()
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

    /// The zone of times that tell none.
    ///
    /// # Errors
    /// `config`, when there is none of that name.
    pub(super) fn zone(&self) -> Result<TimeZone> {
        let Some(name) = &self.time_zone else { return Ok(TimeZone::UTC) };
        TimeZone::get(name).map_err(|_| {
            let problem = format!(
                "is `{name}`, which is not a time zone of the IANA database; use a name such as Europe/Madrid"
            );
            invalid_option("timeZone", &problem)
        })
    }

    /// A format of dates, as strptime has it.
    ///
    /// # Errors
    /// `config`, when it is none.
    pub(super) fn format(&self, option: &str, given: Option<&str>) -> Result<Option<String>> {
        let format = given.map(strptime).transpose();
        format.map_err(|problem| invalid_option(option, &problem))
    }

    /// How values are read where nothing else is said of them.
    ///
    /// # Errors
    /// `config`, when an option of it does not fit.
    pub(super) fn reading(&self) -> Result<Reading> {
        Ok(Reading {
            decimal: self.decimal_sign()?,
            format: self.format("dateFormat", self.date_format.as_deref())?,
            zone: self.zone()?,
            trims: true,
        })
    }

    /// How much a run stores of what it finds.
    pub(crate) fn storage(&self) -> StorageLimits {
        const DEFAULT: u64 = 10_000;
        StorageLimits {
            errors: self.max_stored_errors.unwrap_or(DEFAULT),
            changes: self.max_stored_changes.unwrap_or(DEFAULT),
        }
    }

    /// What becomes of rows that left their source.
    pub(crate) fn when_gone(&self) -> WhenGone {
        self.when_gone.unwrap_or_default()
    }

    /// How long a source may put a run off before that counts.
    pub(crate) fn max_wait(&self) -> Duration {
        Duration::from_secs(self.max_wait.unwrap_or(3600))
    }
}
