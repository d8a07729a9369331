//! Dry run: what a request would do, without writing anything.

use catchment_core::{Host, Inspection, Reject, Result};

use serde_json::{Map, Value, json};

use super::engine::Engine;
use super::request::Prepared;
use super::timeouts::silence_error;
use crate::mapping::names::{fields, suggest};
use crate::mapping::{Batch, Cell, DecimalFinding, Mapping, Names, find_decimal};
use crate::principal::Door;
use crate::request::SyncRequest;
use crate::target::{CATALOG_ITEMS, CONTENT_INDEX, Table};

/// What [`SyncService::check`](crate::SyncService::check) found.
#[derive(Debug)]
pub struct CheckReport {
    /// The source's columns, and its first records; none where it is empty.
    pub inspection: Inspection,
    /// Target column to source column, as it would be used.
    pub mapping: Option<Names>,
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
    /// The table that its columns fit best.
    pub target_table: &'static str,
    /// Target column to source column, by their names.
    pub mapping: Names,
    /// What the values say of their decimal sign, where it matters.
    pub decimal: Option<DecimalFinding>,
    /// Options that fit, ready to be given.
    pub options: Map<String, Value>,
}

impl Engine {
    /// See [`SyncService::inspect`](crate::SyncService::inspect).
    pub(super) async fn inspect(&self, request: SyncRequest, door: Door) -> Result<InspectReport> {
        // Nothing is kept of what is only looked at, and no database is needed.
        let host = Host { tokens: None, ..self.host(door) };
        let Prepared { source, .. } = self.prepare_new(request, host).await?;
        let inspection = source.inspect([].into()).await?;
        let (table, mapping) = likeliest_table(&inspection);
        let decimal = inspection.page.as_ref().and_then(|page| find_decimal(table, &mapping, page));
        let options = options_that_fit(&inspection, table, &mapping, decimal.as_ref());
        Ok(InspectReport { inspection, target_table: table.name, mapping, decimal, options })
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
        match looked.unwrap_or_else(|_| Err(silence_error(&self.settings)))?.page {
            Some(page) => Mapping::compile(&target, None, &page.columns).map(|_| ()),
            None => Ok(()),
        }
    }

    /// See [`SyncService::check`](crate::SyncService::check).
    pub(super) async fn check(&self, request: SyncRequest, door: Door) -> Result<CheckReport> {
        let Prepared { target, source, .. } = self.prepare_new(request, self.host(door)).await?;
        let mut inspection = source.inspect(fields(target.mapping())).await?;
        let Some(page) = inspection.page.take() else {
            let (first_row, rejects) = (Vec::new(), Vec::new());
            return Ok(CheckReport {
                inspection,
                mapping: None,
                decimal: None,
                first_row,
                fitting: 0,
                rejects,
            });
        };
        let mapping = Mapping::compile(&target, None, &page.columns)?;
        let decimal = mapping.find_decimal(&page);
        let batch = mapping.apply(page);
        Ok(CheckReport {
            decimal,
            mapping: Some(mapping.names().clone()),
            first_row: first_row(&batch),
            fitting: batch.len(),
            rejects: batch.rejects,
            inspection,
        })
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

/// The table of which more columns are named, and how they map.
fn likeliest_table(inspection: &Inspection) -> (&'static Table, Names) {
    let columns = inspection.page.as_ref().map(|page| page.columns.clone()).unwrap_or_default();
    let (content, catalog) = (suggest(&CONTENT_INDEX, &columns), suggest(&CATALOG_ITEMS, &columns));
    if catalog.contains_key("price") && catalog.len() > content.len() {
        (&CATALOG_ITEMS, catalog)
    } else {
        (&CONTENT_INDEX, content)
    }
}

fn options_that_fit(
    inspection: &Inspection,
    table: &Table,
    mapping: &Names,
    decimal: Option<&DecimalFinding>,
) -> Map<String, Value> {
    let mut options = Map::new();
    options.insert("targetTable".into(), table.name.into());
    if table.name == CONTENT_INDEX.name && !mapping.contains_key("content_type") {
        options.insert("contentType".into(), "music".into());
    }
    options.extend(inspection.options.clone());
    if let Some(sign) = decimal.and_then(|decimal| decimal.sign) {
        options.insert("decimal".into(), sign.to_string().into());
    }
    if !mapping.is_empty() {
        options.insert("columnMapping".into(), json!(mapping));
    }
    options
}
