//! Dry run: what a request would do, without writing anything.

use catchment_core::{Columns, Error, Finding, Host, Inspection, Reject, Result};
use serde_json::{Map, Value, json};

use super::engine::Engine;
use super::request::Prepared;
use super::timeouts::silence_error;
use crate::mapping::names::{fields, suggest};
use crate::mapping::{Batch, Cell, DecimalFinding, Mapping, Names, TargetOptions, find_decimal};
use crate::principal::Door;
use crate::request::SyncRequest;
use crate::target::{CATALOG_ITEMS, CONTENT_INDEX, Table};

/// What [`SyncService::check`](crate::SyncService::check) found.
#[derive(Debug)]
pub struct CheckReport {
    /// The source's columns, and its first records; none where it is empty. Its findings are those of the run, too.
    pub inspection: Inspection,
    /// Target column to source column, as it would be used.
    pub mapping: Option<Names>,
    /// Columns that the table needs, and that nothing feeds.
    pub missing: Vec<&'static str>,
    /// Why a run would be refused, where something is missing.
    pub refusal: Option<Error>,
    /// What the values say of their decimal sign, where the options do not and it matters.
    pub decimal: Option<DecimalFinding>,
    /// The first row as the table would take it: column and value.
    pub first_row: Vec<(&'static str, Value)>,
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
    pub target_table: &'static str,
    /// Target column to source column, as given or by their names.
    pub mapping: Names,
    /// Columns that the table needs, and that nothing feeds: a sync with these options is refused until they are.
    pub missing: Vec<&'static str>,
    /// What the values say of their decimal sign, where the options do not and it matters.
    pub decimal: Option<DecimalFinding>,
    /// The options that were given, with those that were found out: ready to be given again.
    pub options: Map<String, Value>,
}

impl Engine {
    /// See [`SyncService::inspect`](crate::SyncService::inspect).
    pub(super) async fn inspect(&self, request: SyncRequest, door: Door) -> Result<InspectReport> {
        // Nothing is kept of what is only looked at, and no database is needed.
        let host = Host { tokens: None, ..self.host(door) };
        let Prepared { request, target, source } = self.prepare_draft(request, host).await?;
        let mut inspection = source.explore([].into()).await?;
        let columns = inspection.page.as_ref().map(|page| page.columns.clone()).unwrap_or_default();
        let table = if target.is_table_known() { target.table()? } else { likeliest_table(&columns) };
        let mapping = target.choose_names(table, &columns);
        let missing = missing(&target, table, &mapping, &mut inspection);
        let is_assumed = target.decimal.is_none();
        let page = inspection.page.as_ref().filter(|_| is_assumed);
        let decimal = page.and_then(|page| find_decimal(table, &mapping, page));
        let mut options = request.options;
        options.entry("targetTable").or_insert_with(|| table.name.into());
        merge(&mut options, inspection.options.clone());
        if let Some(sign) = decimal.as_ref().and_then(|decimal| decimal.sign) {
            options.insert("decimal".to_owned(), sign.to_string().into());
        }
        if target.mapping().is_none() && !mapping.is_empty() {
            options.insert("columnMapping".to_owned(), json!(mapping));
        }
        Ok(InspectReport { inspection, target_table: table.name, mapping, missing, decimal, options })
    }

    /// See [`SyncService::preflight`](crate::SyncService::preflight).
    pub(super) async fn preflight(&self, request: SyncRequest, door: Door) -> Result<()> {
        let host = Host { tokens: None, ..self.host(door) };
        let Prepared { target, source, .. } = self.prepare_new(request, host).await?;
        if !source.is_bound_to_node() {
            return Ok(());
        }
        let look = source.inspect(fields(target.mapping()));
        let looked = tokio::time::timeout(self.settings.silence_timeout, look).await;
        let inspection = looked.unwrap_or_else(|_| Err(silence_error(&self.settings)))?;
        let Some(page) = &inspection.page else { return Ok(()) };
        let compiled = Mapping::compile(&target, None, &page.columns).map(|_| ());
        compiled.map_err(|error| with_likely_cause(error, &inspection, &target, &page.columns))
    }

    /// See [`SyncService::check`](crate::SyncService::check).
    pub(super) async fn check(&self, request: SyncRequest, door: Door) -> Result<CheckReport> {
        let Prepared { target, source, .. } = self.prepare_new(request, self.host(door)).await?;
        let mut inspection = source.inspect(fields(target.mapping())).await?;
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
        match Mapping::compile(&target, None, &page.columns) {
            Ok(mapping) => {
                report.decimal = mapping.find_decimal(&page);
                report.mapping = Some(mapping.names().clone());
                let batch = mapping.apply(page);
                (report.first_row, report.fitting) = (first_row(&batch), batch.len());
                report.rejects = batch.rejects;
            }
            Err(error) => {
                let table = target.table()?;
                let names = target.choose_names(table, &page.columns);
                report.missing = missing(&target, table, &names, &mut report.inspection);
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

/// The required columns that nothing feeds, and a finding that tells them.
fn missing(
    target: &TargetOptions,
    table: &Table,
    mapping: &Names,
    inspection: &mut Inspection,
) -> Vec<&'static str> {
    let missing = target.missing(table, mapping);
    let ways = missing.iter().map(|column| match *column {
        "content_type" => {
            "`content_type` (give the option `contentType`: music, video, movie or game)".to_owned()
        }
        column => format!("`{column}` (map a column of the source to it with the option `columnMapping`)"),
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
fn first_row(batch: &Batch) -> Vec<(&'static str, Value)> {
    if batch.is_empty() {
        return Vec::new();
    }
    let value = |cell| match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => number.into(),
        Cell::Text(text) => text.into(),
    };
    batch.columns.iter().copied().zip(batch.row(0).map(value)).collect()
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
        return error.with_hint(&format!(". {header}; where lines stand above the header, delete them"));
    }
    let likeliest = likeliest_table(columns).name;
    let is_other = target.target_table.is_none() && likeliest != CONTENT_INDEX.name;
    if !is_other {
        return error;
    }
    error.with_hint(&format!(
        ". Its columns are like those of `{likeliest}`: set the option `targetTable` (--target {likeliest})"
    ))
}

/// The table of which more columns are named.
fn likeliest_table(columns: &Columns) -> &'static Table {
    let (content, catalog) = (suggest(&CONTENT_INDEX, columns), suggest(&CATALOG_ITEMS, columns));
    let is_catalog = catalog.contains_key("price") && catalog.len() > content.len();
    if is_catalog { &CATALOG_ITEMS } else { &CONTENT_INDEX }
}
