//! Applying a mapping: the records of a page become rows, or rejects.

use catchment_core::{ErrorKind, Page, Record, Reject, Result};

use super::batch::{Batch, BatchBuilder};
use super::compile::{ColumnSource, Mapping};
use super::convert::{Converted, convert};
use super::identity::derived_id;
use crate::target::{Column, WhenEmpty};

impl Mapping {
    /// Maps a page. What does not fit is among the batch's rejects, in the order of the source.
    pub(crate) fn apply(&self, page: Page) -> Batch {
        let columns = self.feeds.iter().map(ColumnSource::column).collect();
        let has_mapped_identity = self.has_mapped_identity();
        let mut builder = BatchBuilder::new(self.table, columns, page.records.len(), has_mapped_identity);
        let mut rejects = Vec::new();
        for (index, record) in page.records.iter().enumerate() {
            let mark = builder.mark();
            match self.map_record(record, &mut builder) {
                Ok(()) => builder.end_row(index),
                Err(reject) => {
                    builder.back_to(mark);
                    rejects.push(*reject);
                }
            }
        }
        builder.finish(page, rejects)
    }

    fn map_record(&self, record: Record<'_>, builder: &mut BatchBuilder) -> Result<(), Box<Reject>> {
        for feed in &self.feeds {
            match feed {
                ColumnSource::Constant { text, .. } => builder.push_text(text),
                ColumnSource::Set { .. } => builder.push_int(1),
                ColumnSource::Derived { from, .. } => {
                    let id = derived_id(&from.map(|place| builder.current_cell(place?).as_text()));
                    builder.push_text(&id);
                }
                ColumnSource::Metadata { .. } => self.push_metadata(record, builder),
                ColumnSource::Field { column, place, name } => {
                    let converted = convert(record.value(*place), column.kind, self.decimal)
                        .map_err(|error| self.reject(record, column, name, error.code, &error.message))?;
                    match (converted, column.when_empty) {
                        (Some(Converted::Text(text)), _) => builder.push_text(&text),
                        (Some(Converted::Int(number)), _) => builder.push_int(number),
                        (None, WhenEmpty::Null) => builder.push_null(),
                        (None, WhenEmpty::Flag(flag)) => builder.push_int(flag.into()),
                        (None, WhenEmpty::Reject) => {
                            return Err(self.reject(
                                record,
                                column,
                                name,
                                "empty",
                                "is empty; a value is required",
                            ));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn reject(
        &self,
        record: Record<'_>,
        column: &Column,
        field: &str,
        code: &'static str,
        problem: &str,
    ) -> Box<Reject> {
        let place = if column.name == field { String::new() } else { format!(" (from `{field}`)") };
        let message = format!("{}{place}: {problem}", column.name);
        let location = record.location().clone();
        let mut reject = Reject::new(ErrorKind::Validation, code, message, location, record.raw());
        reject.column = Some(column.name.into());
        reject.item = self.item(record);
        Box::new(reject)
    }

    fn item(&self, record: Record<'_>) -> Option<Box<str>> {
        let parts: Vec<_> = self.item.iter().filter_map(|place| record.value(*place).as_trimmed()).collect();
        (!parts.is_empty()).then(|| parts.join(" / ").chars().take(512).collect::<String>().into())
    }
}
