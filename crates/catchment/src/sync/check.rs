//! Dry run: what a request would do, without writing anything.

use std::sync::Arc;

use catchment_core::{Columns, Error, Finding, Inspection, Page, Reject, Result};
use serde_json::{Map, Value, json};

use super::dates::{DateForm, find_date_form};
use super::engine::Engine;
use super::request::Prepared;
use super::timeouts::silence_error;
use crate::mapping::names::suggest;
use crate::mapping::{
    Batch, Cell, ColumnMapping, DecimalFinding, InferredColumn, Mapping, TargetOptions, find_decimal, infer,
};
use crate::principal::Door;
use crate::request::SyncRequest;
use crate::target::{Table, WhenUnmapped, built_in};

/// What [`SyncService::check`](crate::SyncService::check) found.
#[derive(Debug)]
pub struct CheckReport {
    /// The source's columns, and its first records; none where it is empty. Its findings are those of the run, too.
    pub inspection: Inspection,
    /// Target column to source column, as it would be used.
    pub mapping: Option<ColumnMapping>,
    /// Columns that the table needs, and that nothing feeds.
    pub missing: Vec<String>,
    /// Why a run would be refused, where something is missing.
    pub refusal: Option<Error>,
    /// What the values say of their decimal sign, where the options do not and it matters.
    pub decimal: Option<DecimalFinding>,
    /// The first row as the table would take it: column and value.
    pub first_row: Vec<(String, Value)>,
    /// Of the first records: how many fit, and how many would be rejected.
    pub fitting: usize,
    /// The rejects among them.
    pub rejects: Vec<Reject>,
}

/// What [`SyncService::inspect`](crate::SyncService::inspect) found.
#[derive(Debug)]
pub struct InspectReport {
    /// What the source found out, and its first records.
    pub inspection: Inspection,
    /// The table that was given, or that its columns fit best.
    pub target_table: String,
    /// What the columns of the source hold, by the first records.
    pub columns: Vec<ColumnProfile>,
    /// Target column to source column, as given or by their names.
    pub mapping: ColumnMapping,
    /// Columns that the table needs, and that nothing feeds: a sync with these options is refused until they are.
    pub missing: Vec<String>,
    /// What the values say of their decimal sign, where the options do not and it matters.
    pub decimal: Option<DecimalFinding>,
    /// The options that were given, with those that were found out: ready to be given again.
    pub options: Map<String, Value>,
}

/// What a column of a source holds, by the records that were looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnProfile {
    /// Its name.
    pub name: String,
    /// What all its values are: `boolean`, `integer`, `decimal`, `float`, `date`, `time`, `date and time`, `uuid`, `json` or
    /// `text`.
    pub holds: &'static str,
    /// The decimal sign with which they are numbers, where the options say none.
    pub decimal: Option<char>,
    /// How many records were looked at, and how many have no value there.
    pub records: usize,
    /// See `records`.
    pub empty: usize,
    /// Whether each record has a value there, and each another one: it may tell rows apart.
    pub is_unique: bool,
}

impl Engine {
    /// See [`SyncService::inspect`](crate::SyncService::inspect).
    pub(super) async fn inspect(&self, request: SyncRequest, door: Door) -> Result<InspectReport> {
        let Prepared { request, target, table, source } = self.prepare_draft(request, door).await?;
        let mut inspection = source.explore([].into()).await?;
        let columns = inspection.page.as_ref().map(|page| page.columns.clone()).unwrap_or_default();
        let table = if target.is_table_known() { table } else { likeliest_table(&columns).clone() };
        let mapping = target.choose_mapping(&table, &columns);
        let missing = missing(&target, &table, &mapping, &mut inspection);
        let is_assumed = target.decimal.is_none();
        let page = inspection.page.as_ref().filter(|_| is_assumed);
        let decimal = page.and_then(|page| find_decimal(&table, &mapping, page));
        let dates = page.filter(|_| target.date_format.is_none()).and_then(find_date_form);
        inspection.findings.extend(dates.as_ref().map(DateForm::to_finding));
        let sign = decimal.as_ref().and_then(|decimal| decimal.sign).map(String::from);
        let reading = TargetOptions { decimal: target.decimal.clone().or(sign), ..target.clone() };
        let columns = profile(&reading, inspection.page.as_ref())?;
        let mut options = request.options;
        options.entry("targetTable").or_insert_with(|| table.name.clone().into());
        merge(&mut options, inspection.options.clone());
        if let Some(sign) = decimal.as_ref().and_then(|decimal| decimal.sign) {
            options.insert("decimal".to_owned(), sign.to_string().into());
        }
        if let Some(format) = dates.and_then(|dates| dates.format) {
            options.insert("dateFormat".to_owned(), format.into());
        }
        if target.mapping().is_none() && !mapping.is_empty() {
            options.insert("columnMapping".to_owned(), json!(mapping));
        }
        let target_table = table.name.clone();
        Ok(InspectReport { inspection, target_table, columns, mapping, missing, decimal, options })
    }

    /// See [`SyncService::preflight`](crate::SyncService::preflight).
    pub(super) async fn preflight(&self, request: SyncRequest, door: Door) -> Result<()> {
        let Prepared { target, table, source, .. } = self.prepare_draft(request, door).await?;
        target.check_is_complete(&table)?;
        if !source.is_bound_to_node() {
            return Ok(());
        }
        let look = source.inspect(target.source_fields(None));
        let looked = tokio::time::timeout(self.settings.silence_timeout, look).await;
        let inspection = looked.unwrap_or_else(|_| Err(silence_error(&self.settings)))?;
        let Some(page) = &inspection.page else { return Ok(()) };
        let compiled = Mapping::compile(&target, &table, None, &page.columns).map(|_| ());
        compiled.map_err(|error| with_likely_cause(error, &inspection, &target, &page.columns))
    }

    /// See [`SyncService::check`](crate::SyncService::check).
    pub(super) async fn check(&self, request: SyncRequest, door: Door) -> Result<CheckReport> {
        let Prepared { target, table, source, .. } = self.prepare_new(request, door).await?;
        let mut inspection = source.inspect(target.source_fields(None)).await?;
        let page = inspection.page.take();
        let mut report = CheckReport {
            inspection,
            mapping: None,
            missing: Vec::new(),
            refusal: None,
            decimal: None,
            first_row: Vec::new(),
            fitting: 0,
            rejects: Vec::new(),
        };
        let Some(page) = page else { return Ok(report) };
        match Mapping::compile(&target, &table, None, &page.columns) {
            Ok(mapping) => {
                report.decimal = mapping.find_decimal(&page);
                report.inspection.findings.extend(mapping.target_findings());
                report.mapping = Some(mapping.names().clone());
                let batch = mapping.apply(page);
                (report.first_row, report.fitting) = (first_row(&batch), batch.len());
                report.rejects = batch.rejects;
            }
            Err(error) => {
                let names = target.choose_mapping(&table, &page.columns);
                report.missing = missing(&target, &table, &names, &mut report.inspection);
                let error = with_likely_cause(error, &report.inspection, &target, &page.columns);
                if report.missing.is_empty() {
                    return Err(error);
                }
                (report.mapping, report.refusal) = (Some(names), Some(error));
            }
        }
        Ok(report)
    }
}

/// What the columns of a page hold. Numbers with a comma are told where nothing says which sign is the decimal one.
fn profile(reading: &TargetOptions, page: Option<&Page>) -> Result<Vec<ColumnProfile>> {
    let Some(page) = page else { return Ok(Vec::new()) };
    let pages = std::slice::from_ref(page);
    let inferred = infer(reading, pages)?;
    let comma = TargetOptions { decimal: Some(",".to_owned()), ..reading.clone() };
    let with_comma = if reading.decimal.is_none() { infer(&comma, pages)? } else { Vec::new() };
    let records = page.records.len();
    let profile = |(index, column): (usize, InferredColumn)| {
        let as_number = with_comma.get(index).filter(|_| column.holds.is_text());
        let as_number = as_number.filter(|column| column.holds.is_number());
        ColumnProfile {
            name: column.field.into(),
            holds: as_number.map_or(column.holds, |column| column.holds).word(),
            decimal: as_number.map(|_| ','),
            records,
            empty: column.empty,
            is_unique: column.is_unique && records > 1,
        }
    };
    Ok(inferred.into_iter().enumerate().map(profile).collect())
}

/// The required columns that nothing feeds, and a finding that tells them.
fn missing(
    target: &TargetOptions,
    table: &Table,
    mapping: &ColumnMapping,
    inspection: &mut Inspection,
) -> Vec<String> {
    let missing = target.missing(table, mapping);
    let constant = table.optional_constant();
    let ways = missing.iter().map(|name| match constant {
        Some((column, option)) if *column.name == **name => {
            format!("`{name}` (give the option `{option}`: {})", column.kind.alternatives())
        }
        _ => format!("`{name}` (map a column of the source to it with the option `columnMapping`)"),
    });
    let ways: Vec<_> = ways.collect();
    if !ways.is_empty() {
        let message =
            format!("`{}` needs a value for {}, which has no source", table.name, ways.join(" and for "));
        inspection.findings.push(Finding::unsure("required", message));
    }
    missing
}

/// Adds what was found out to what was given, which counts; but an object that was given in part was found as a whole.
fn merge(options: &mut Map<String, Value>, found: Map<String, Value>) {
    for (name, value) in found {
        let is_part = |given: &Value| given.is_object() && value.is_object();
        if options.get(&name).is_none_or(is_part) {
            options.insert(name, value);
        }
    }
}

/// What stands in the first row, by its columns.
fn first_row(batch: &Batch) -> Vec<(String, Value)> {
    if batch.is_empty() {
        return Vec::new();
    }
    let value = |cell| match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => number.into(),
        Cell::Text(text) => text.into(),
    };
    batch.columns.iter().map(|column| column.name.to_string()).zip(batch.row(0).map(value)).collect()
}

/// Adds what may be behind columns that do not map: a first record that is no header, or records that are meant for another
/// table.
fn with_likely_cause(
    error: Error,
    inspection: &Inspection,
    target: &TargetOptions,
    columns: &Columns,
) -> Error {
    let header = inspection.findings.iter().find(|finding| finding.topic == "header" && finding.is_unsure);
    if let Some(header) = header {
        return error.with_hint(&format!(". {header}; where lines stand above the header, delete them, or read the file with the source type `file`, which passes \
             them over"));
    }
    let likeliest = &likeliest_table(columns).name;
    let is_other = target.target_table.is_none() && likeliest != target.table_name();
    if !is_other {
        return error;
    }
    error.with_hint(&format!(
        ". Its columns are like those of `{likeliest}`: set the option `targetTable` (--target {likeliest})"
    ))
}

/// The table of which more columns are named, with a number that it needs among them: texts are called alike in all of them. The
/// default where there is none.
fn likeliest_table(columns: &Columns) -> &'static Arc<Table> {
    let default = &built_in()[0];
    let named = |table: &Table| suggest(table, columns).len();
    let has_number = |table: &Table| {
        let mapping = suggest(table, columns);
        table.columns.iter().any(|column| {
            column.when_unmapped == WhenUnmapped::Refuse
                && column.kind.is_number()
                && mapping.contains_key(&*column.name)
        })
    };
    let better = built_in()[1..].iter().filter(|table| named(table) > named(default) && has_number(table));
    better.max_by_key(|table| named(table)).unwrap_or(default)
}
