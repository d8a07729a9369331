//! Applying a mapping: the records of a page become rows, or rejects.

use catchment_core::{ErrorKind, Page, Record, Records, Reject, Result, Value};

use std::collections::BTreeSet;

use super::batch::{Batch, Cell, stored_record};
use super::batch_builder::BatchBuilder;
use super::compile::Mapping;
use super::convert::{convert, or_when_empty};
use super::converted::Converted;
use super::feeds::{Feed, FeedSource};
use super::identity::{derived_id, row_key};
use super::reading::Reading;
use super::rule::ValueRule;
use crate::target::Column;

impl Mapping {
    /// Maps a page. What does not fit is among the batch's rejects, in the order of the source.
    pub(crate) fn apply(&self, mut page: Page) -> Batch {
        let gone = self.identities(&std::mem::take(&mut page.gone), self.tells_gone);
        let unchanged = self.identities(&std::mem::take(&mut page.unchanged), true);
        let has_mapped_identity = self.has_mapped_identity();
        let mut builder =
            BatchBuilder::new(self.table.clone(), self.fed.clone(), page.records.len(), has_mapped_identity)
                .with_policies(self.policies.clone());
        let mut rejects = Vec::new();
        let mut rejected = Identities::new(self, page.rejects.len(), self.tells_gone);
        for (index, record) in page.records.iter().enumerate() {
            match self.is_wanted(record) {
                Ok(true) => {}
                Ok(false) => {
                    builder.leave_out(index);
                    continue;
                }
                Err(reject) => {
                    rejected.add(self, record);
                    rejects.push(*reject);
                    continue;
                }
            }
            let mark = builder.mark();
            match self.map_record(record, &mut builder) {
                Ok(()) => builder.end_row(index),
                Err(reject) => {
                    builder.back_to(mark);
                    rejected.add(self, record);
                    rejects.push(*reject);
                }
            }
        }
        let mut batch = builder.finish(page, rejects);
        batch.unidentified = rejected.unidentified;
        batch.rejected = rejected.finish();
        (batch.gone, batch.gone_unidentified) = gone;
        (batch.unchanged, batch.unchanged_unidentified) = unchanged;
        batch
    }

    /// The identities of records that are only named, where they matter, and of how many nobody knows it.
    fn identities(&self, named: &Records, matter: bool) -> (Option<Box<Batch>>, u64) {
        if named.is_empty() {
            return (None, 0);
        }
        let mut identities = Identities::new(self, 0, matter);
        named.iter().for_each(|record| identities.add(self, record));
        let unidentified = identities.unidentified;
        (identities.finish(), unidentified)
    }

    /// Whether the option `where` holds for a record.
    fn is_wanted(&self, record: Record<'_>) -> Result<bool, Box<Reject>> {
        let Some(condition) = &self.condition else { return Ok(true) };
        condition.holds(record).map_err(|why| {
            let message = format!("the option `where` cannot be evaluated: {why}");
            self.reject_record(record, "expression_failed", message)
        })
    }

    fn map_record(&self, record: Record<'_>, builder: &mut BatchBuilder) -> Result<(), Box<Reject>> {
        self.feeds.iter().try_for_each(|feed| self.feed(feed, record, builder))?;
        self.read_clocks(record, builder)
    }

    /// Reads when a record changed last, where that decides who wins.
    fn read_clocks(&self, record: Record<'_>, builder: &mut BatchBuilder) -> Result<(), Box<Reject>> {
        for clock in self.policies.iter().flat_map(|policies| &policies.clocks) {
            let changed_at = convert(record.value(clock.source), &clock.kind, &clock.reading);
            let changed_at = changed_at.map_err(|error| {
                let message =
                    format!("{} (which says when the record changed): {}", clock.name, error.message);
                self.reject_record(record, error.code, message)
            })?;
            builder.push_changed_at(changed_at.map(|changed_at| changed_at.into_text().into()));
        }
        Ok(())
    }

    fn feed(&self, feed: &Feed, record: Record<'_>, builder: &mut BatchBuilder) -> Result<(), Box<Reject>> {
        match &feed.from {
            FeedSource::Constant(value) => push(builder, value.as_ref()),
            FeedSource::Derived(from) => {
                let fields: Vec<_> =
                    from.iter().map(|place| builder.current_cell((*place)?).as_text()).collect();
                let id = derived_id(&fields);
                builder.push_text(&id);
            }
            FeedSource::RowKey => {
                let key = row_key(&builder.current_row());
                builder.push_text(&key);
            }
            FeedSource::Metadata => self.push_metadata(record, builder),
            FeedSource::Field { place, name, rule, reading } => {
                let value = record.value(*place);
                self.push_value(feed, Some(name), record, (value, rule.as_ref(), reading), builder)?;
            }
            FeedSource::Expression { expression, rule, reading } => {
                let value = expression.value(record).map_err(|why| {
                    let message = format!("{}: its expression cannot be evaluated: {why}", feed.name);
                    let mut reject = self.reject_record(record, "expression_failed", message);
                    reject.column = Some((*feed.name).into());
                    reject
                })?;
                let value = (value.as_value(), rule.as_ref(), reading);
                self.push_value(feed, None, record, value, builder)?;
            }
        }
        Ok(())
    }

    fn push_value(
        &self,
        feed: &Feed,
        field: Option<&str>,
        record: Record<'_>,
        (value, rule, reading): (Value<'_>, Option<&ValueRule>, &Reading),
        builder: &mut BatchBuilder,
    ) -> Result<(), Box<Reject>> {
        let Some(column) = feed.place.and_then(|place| self.table.columns.get(place)) else { return Ok(()) };
        let value = rule.map_or(value, |rule| rule.apply(value));
        let converted = convert(value, &column.kind, reading);
        let converted = converted
            .and_then(|converted| or_when_empty(converted, column.when_empty))
            .map_err(|error| self.reject(record, column, field, error.code, &error.message))?;
        push(builder, converted.as_ref());
        Ok(())
    }

    fn reject(
        &self,
        record: Record<'_>,
        column: &Column,
        field: Option<&str>,
        code: &'static str,
        problem: &str,
    ) -> Box<Reject> {
        let name = &*column.name;
        let from = field.filter(|field| *field != name).map(|field| format!(" (from `{field}`)"));
        let message = format!("{name}{}: {problem}", from.unwrap_or_default());
        let mut reject = self.reject_record(record, code, message);
        reject.column = Some(name.into());
        reject
    }

    fn reject_record(&self, record: Record<'_>, code: &'static str, message: String) -> Box<Reject> {
        let location = record.location().clone();
        let mut reject = Reject::new(ErrorKind::Validation, code, message, location, record.raw());
        reject.item = self.item(record);
        reject.record = stored_record(record, &self.columns);
        Box::new(reject)
    }

    fn item(&self, record: Record<'_>) -> Option<Box<str>> {
        let parts: Vec<_> = self.item.iter().filter_map(|place| record.value(*place).as_trimmed()).collect();
        (!parts.is_empty()).then(|| parts.join(" / ").chars().take(512).collect::<String>().into())
    }
}

/// Records of a page of which the identity alone counts, where that matters: what was rejected, what left the source, and what it
/// vouches for.
struct Identities {
    known: Option<BatchBuilder>,
    unidentified: u64,
}

impl Identities {
    /// With so many of which it is not known; none are collected where they do not matter.
    fn new(mapping: &Mapping, unmapped: usize, matter: bool) -> Self {
        let builder = || BatchBuilder::new(mapping.table.clone(), mapping.fed.clone(), 0, false);
        let known = matter.then(builder);
        Self { unidentified: if known.is_some() { unmapped as u64 } else { 0 }, known }
    }

    fn add(&mut self, mapping: &Mapping, record: Record<'_>) {
        let Some(builder) = &mut self.known else { return };
        let (mark, mut failed) = (builder.mark(), BTreeSet::new());
        for (place, feed) in mapping.feeds.iter().enumerate() {
            let needs_all = match &feed.from {
                FeedSource::Derived(from) => from.iter().flatten().any(|place| failed.contains(place)),
                FeedSource::RowKey => !failed.is_empty(),
                _ => false,
            };
            let before = builder.mark();
            if needs_all || mapping.feed(feed, record, builder).is_err() {
                builder.back_to(before);
                builder.push_null();
                failed.insert(place);
            }
        }
        let is_known = |name: &String| {
            let place = mapping.feeds.iter().position(|feed| *feed.name == **name);
            place.is_some_and(|place| !failed.contains(&place) && builder.current_cell(place) != Cell::Null)
        };
        if mapping.table.identity.iter().all(is_known) {
            builder.end_row(0);
        } else {
            builder.back_to(mark);
            self.unidentified += 1;
        }
    }

    fn finish(self) -> Option<Box<Batch>> {
        self.known.map(|known| Box::new(known.finish_apart()))
    }
}

fn push(builder: &mut BatchBuilder, value: Option<&Converted<'_>>) {
    match value {
        Some(Converted::Text(text)) => builder.push_text(text),
        Some(Converted::Int(number)) => builder.push_int(*number),
        None => builder.push_null(),
    }
}
