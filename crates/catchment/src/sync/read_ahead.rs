//! Reading and mapping, a page ahead of the writing.

use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Finding, Page, Reading, Result, Source, feed};
use futures::StreamExt;
use futures::stream::BoxStream;

use crate::mapping::{Batch, ColumnMapping, Mapping, TargetOptions};
use crate::target::Table;

/// A page, mapped.
pub(super) struct Mapped {
    pub(super) batch: Batch,
    /// The mapping that did it, if there was anything to map.
    pub(super) mapping: Option<Arc<Mapping>>,
    /// What mapping the first page has found out.
    pub(super) findings: Vec<Finding>,
}

/// Reads and maps in a task of its own, while pages are written by whoever takes them. `chosen` is what an earlier attempt
/// mapped by.
pub(super) fn read_ahead(
    source: Arc<dyn Source>,
    options: TargetOptions,
    table: Arc<Table>,
    chosen: Option<ColumnMapping>,
    reading: Reading,
) -> BoxStream<'static, Result<Mapped>> {
    let (feed, mapped) = feed(1);
    tokio::spawn(async move {
        let mut mapping: Option<Arc<Mapping>> = None;
        let mut pages = source.read(reading);
        let result = loop {
            let page = tokio::select! {
                page = pages.next() => page,
                // The attempt is over.
                () = feed.closed() => return,
            };
            let Some(page) = page else { break Ok(()) };
            match page.and_then(|page| map(page, &mut mapping, &options, &table, chosen.as_ref())) {
                Ok(mapped) => {
                    if !feed.send(mapped).await {
                        return;
                    }
                }
                Err(error) => break Err(error),
            }
        };
        feed.end(result).await;
    });
    mapped
}

/// Maps a page, and compiles the mapping at the first one.
fn map(
    page: Page,
    mapping: &mut Option<Arc<Mapping>>,
    options: &TargetOptions,
    table: &Arc<Table>,
    chosen: Option<&ColumnMapping>,
) -> Result<Mapped> {
    let mut findings = Vec::new();
    let compiled = match mapping {
        Some(mapping) if !mapping.fits(&page) && !page.records.is_empty() => {
            return Err(Error::new(
                ErrorKind::System,
                "columns_changed",
                format!(
                    "the source delivered a page with other columns than before: {}; this is a bug of the source \
                     type, please report it",
                    page.columns.join(", ")
                ),
            ));
        }
        Some(mapping) => mapping,
        None if page.columns.is_empty()
            || page.records.is_empty()
                && page.rejects.is_empty()
                && page.gone.is_empty()
                && page.unchanged.is_empty() =>
        {
            let batch = Batch::empty(table.clone(), page);
            return Ok(Mapped { batch, mapping: None, findings });
        }
        None => {
            let options = if page.cursor.is_inventory { &options.for_inventory(table) } else { options };
            let compiled = Mapping::compile(options, table, chosen, &page.columns)?;
            findings = compiled.findings(&page);
            mapping.insert(Arc::new(compiled))
        }
    };
    Ok(Mapped { batch: compiled.apply(page), mapping: Some(compiled.clone()), findings })
}
