//! Making a target from what a source holds.

use catchment_core::{Error, Page, Reading, Result, invalid_option};
use futures::StreamExt;
use serde_json::json;

use super::engine::Engine;
use super::request::Prepared;
use super::service::SyncService;
use super::timeouts::silence_error;
use crate::mapping::{InferredColumn, TargetOptions, infer};
use crate::principal::{Door, Principal, Scope};
use crate::request::SyncRequest;
use crate::store::NewTable;
use crate::target::is_built_in;

/// Records, and pages, of a source that are looked at.
const SAMPLE_RECORDS: usize = 10_000;
const SAMPLE_PAGES: usize = 10;

/// A table that a source would be loaded into, and that is not there yet.
#[derive(Debug, Clone)]
pub struct TableProposal {
    table: NewTable,
    request: SyncRequest,
}

impl TableProposal {
    /// The statement that makes the table.
    pub fn statement(&self) -> &str {
        &self.table.statement
    }

    /// The columns that tell rows apart; none where all their values do.
    pub fn key(&self) -> &[String] {
        &self.table.key
    }

    /// The request, with the mapping to the new table.
    pub fn request(&self) -> &SyncRequest {
        &self.request
    }
}

impl SyncService {
    /// What the table of a request would be like, by the first 10,000 records of its source; `None` where it is there.
    ///
    /// # Errors
    /// `config`: the request has no name for it, or does not fit; what reading the first records ends with.
    pub async fn propose_table(
        &self,
        principal: &Principal,
        request: SyncRequest,
    ) -> Result<Option<TableProposal>> {
        principal.require(Scope::Edit)?;
        if principal.door == Door::Http {
            return Err(Error::config("forbidden", "tables are not made over HTTP; use the command line"));
        }
        self.engine().propose_table(request, principal.door).await
    }

    /// Makes the table of a proposal.
    ///
    /// # Errors
    /// `database`; `config`, what the database says of the statement.
    pub async fn create_table(&self, principal: &Principal, proposal: &TableProposal) -> Result<()> {
        principal.require(Scope::Edit)?;
        self.engine().store.create_table(proposal.table.statement.clone()).await
    }
}

impl Engine {
    async fn propose_table(&self, request: SyncRequest, door: Door) -> Result<Option<TableProposal>> {
        let (options, _) = TargetOptions::split(request.options.clone())?;
        let Some(name) = options.target_table.clone() else {
            return Err(invalid_option("targetTable", "is missing; name the table to make"));
        };
        if is_built_in(&name) || self.store.table_facts(&name).await?.is_some() {
            return Ok(None);
        }
        self.refuse_own_name(&name)?;
        let pages = self.sample(&request, door).await?;
        let columns = infer(&options, &pages)?;
        if columns.is_empty() {
            let message = "the source has no records, so that nobody can tell what its table would be like";
            return Err(Error::config("source_empty", message));
        }
        let key = options.key().unwrap_or_default();
        let table = NewTable::new(self.store.dialect(), &name, &columns, key);
        check_key(&table, key, &columns)?;
        let mut request = request;
        if options.mapping().is_none() {
            let mapping: serde_json::Map<_, _> =
                table.columns.iter().map(|(column, field)| (column.clone(), json!(field))).collect();
            request.options.insert("columnMapping".to_owned(), mapping.into());
        }
        if !key.is_empty() {
            request.options.insert("key".to_owned(), json!(table.key));
        }
        Ok(Some(TableProposal { table, request }))
    }

    /// The first pages of a source, whatever its table is to be.
    async fn sample(&self, request: &SyncRequest, door: Door) -> Result<Vec<Page>> {
        let mut sample = request.clone();
        for option in ["targetTable", "key", "columnMapping", "fieldMapping", "where", "unmapped"] {
            sample.options.remove(option);
        }
        let Prepared { source, .. } = self.prepare_draft(sample, door).await?;
        let reading = Reading::default();
        let (mut pages, mut records, mut read) = (Vec::<Page>::new(), 0, source.read(reading));
        while records < SAMPLE_RECORDS && pages.len() < SAMPLE_PAGES {
            let page = tokio::time::timeout(self.settings.silence_timeout, read.next()).await;
            let Some(page) = page.map_err(|_| silence_error(&self.settings))? else { break };
            let page = page?;
            if !page.records.is_empty() {
                records += page.records.len();
                pages.push(page);
            }
        }
        Ok(pages)
    }
}

/// Whether a key names columns that there are, and that have values.
fn check_key(table: &NewTable, key: &[String], columns: &[InferredColumn]) -> Result<()> {
    let is_key = |column: &&InferredColumn| key.iter().any(|asked| **asked == *column.field);
    if let Some(empty) = columns.iter().filter(is_key).find(|column| column.empty > 0) {
        let problem =
            format!("names `{}`, which is empty in some records; choose columns that never are", empty.field);
        return Err(invalid_option("key", &problem));
    }
    let is_known =
        |asked: &String| table.columns.iter().any(|(column, field)| column == asked || **field == **asked);
    let Some(unknown) = key.iter().find(|asked| !is_known(asked)) else { return Ok(()) };
    let has: Vec<_> = table.columns.iter().map(|(column, _)| column.as_str()).collect();
    let problem =
        format!("names `{unknown}`, which is not a column of the source; it has: {}", has.join(", "));
    Err(invalid_option("key", &problem))
}
