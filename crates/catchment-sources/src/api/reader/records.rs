//! The records of an answer: taken one by one, but for those that were delivered before; and checked to be of the page
//! that they should be of.

use catchment_core::{Error, ErrorKind, Position, Reject, Result, Value, mask_url_query};
use catchment_formats::json::fields::Field;
use catchment_formats::json::records::Item;
use reqwest::Url;
use xxhash_rust::xxh3::Xxh3;

use super::fetch::Reader;
use crate::api::answer::RecordStream;
use crate::api::incremental::raise_high_water_mark;
use crate::api::page_buffer::PageBuffer;
use crate::api::state::ApiState;
use crate::api::summary::AnswerSummary;

/// The records of a page so far.
#[derive(Default)]
struct RecordDigest {
    digest: Xxh3,
    count: u64,
}

impl RecordDigest {
    fn add(&mut self, item: &Item) {
        self.digest.update(item.raw.get().as_bytes());
        self.count += 1;
    }

    fn shown(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }
}

impl Reader {
    /// Takes the records of an answer, but for those that were delivered before. What the answer says beside them, and
    /// a digest of them.
    pub(super) async fn take_records(
        &mut self,
        mut flow: RecordStream,
        out: &mut PageBuffer,
    ) -> Result<AnswerSummary> {
        if let Some(items) = flow.ready() {
            let mut tally = RecordDigest::default();
            items.iter().for_each(|item| tally.add(item));
            self.refuse_the_same_page(&tally)?;
        }
        let (url, status, headers, end) = (flow.url.clone(), flow.status, flow.headers.clone(), flow.end);
        let mut tally = RecordDigest::default();
        while let Some(items) = flow.next().await {
            let cursor_field = self.api.incremental.as_ref().map(|incremental| &*incremental.field);
            self.plan.discover_columns(&mut self.state.layout, &items, &self.wanted, cursor_field)?;
            let is_repaired = flow.is_repaired();
            for item in &items {
                tally.add(item);
                self.take(item, &tally, is_repaired, out)?;
                if out.is_full() {
                    self.flush_part(&tally, out).await?;
                }
            }
        }
        if tally.count < self.state.taken {
            return Err(changed(self.state.page));
        }
        let walked = flow.finish().await?;
        self.refuse_the_same_page(&tally)?;
        self.state.largest = self.state.largest.max(tally.count);
        let (envelope, count, digest) = (walked.envelope, tally.count, tally.shown());
        let mut answer = AnswerSummary { url, status, headers, envelope, count, digest, end };
        self.api.refuse_error_without_records(&mut answer)?;
        if !walked.was_found && answer.end.is_none() {
            return Err(self.no_records_there(&answer.url, &answer.envelope));
        }
        Ok(answer)
    }

    /// Takes a record that has just been added to a tally. A resumed page passes over those that were delivered before.
    fn take(
        &mut self,
        item: &Item,
        tally: &RecordDigest,
        is_repaired: bool,
        out: &mut PageBuffer,
    ) -> Result<()> {
        self.bytes += item.raw.get().len() as u64;
        if tally.count <= self.state.taken {
            return self.check_taken(tally);
        }
        self.push(item, is_repaired, out);
        self.records_read += 1;
        Ok(())
    }

    /// Sends what is buffered in the middle of a page; the cursor counts the records of it that have been delivered.
    async fn flush_part(&self, tally: &RecordDigest, out: &mut PageBuffer) -> Result<()> {
        let part = ApiState { taken: tally.count, digest: tally.shown(), ..self.state.clone() };
        let cursor = self.cursor(&part)?;
        out.flush(&self.plan.columns, cursor, self.bytes).await
    }

    fn push(&mut self, item: &Item, is_repaired: bool, out: &mut PageBuffer) {
        let raw = item.raw.get();
        // A source may repeat its request; what is kept of a record for people does not hold our secrets.
        let shown = self.api.client.clean(raw);
        let position = Position::Item { page: self.state.page, path: item.path.clone() };
        let refuse = |code, message| Reject::new(ErrorKind::Parsing, code, message, position.clone(), &shown);
        let reject = if raw.len() > self.api.max_record_bytes {
            let most = self.api.max_record_bytes;
            let message = format!(
                "the record has {} bytes, more than the limit of {most} (option `maxRecordBytes`)",
                raw.len()
            );
            refuse("record_too_long", message)
        } else if is_repaired && raw.contains('\u{fffd}') {
            refuse("bad_encoding", "the record holds bytes that are not valid UTF-8".to_owned())
        } else {
            let Some(fields) = &self.plan.fields else { return };
            match fields.values(raw) {
                Ok(values) => {
                    self.raise_high_water_mark(&values);
                    out.records.push(position, &shown, values.iter().map(Field::value));
                    return;
                }
                Err(bad) => refuse(bad.code, format!("the record {}", bad.message)),
            }
        };
        out.rejects.push(reject);
    }

    /// Raises the high-water mark of an incremental reading.
    fn raise_high_water_mark(&mut self, values: &[Field<'_>]) {
        let Some(incremental) = &self.api.incremental else { return };
        let index = self.plan.columns.iter().position(|name| *name == incremental.field);
        let value = index.and_then(|index| values.get(index)).map_or(Value::Null, Field::value);
        raise_high_water_mark(&mut self.state.highest, value);
    }

    fn refuse_the_same_page(&self, tally: &RecordDigest) -> Result<()> {
        if tally.count == 0 || tally.shown() != self.state.last_page {
            return Ok(());
        }
        let message = format!(
            "page {} holds the same records as the page before it: the API ignores the way in which the next page \
             was requested; check the option `pagination`",
            self.state.page
        );
        Err(Error::new(ErrorKind::Api, "same_page", message))
    }

    /// Whether the records that were delivered before are still the same.
    fn check_taken(&self, tally: &RecordDigest) -> Result<()> {
        if tally.count == self.state.taken && tally.shown() != self.state.digest {
            return Err(changed(self.state.page));
        }
        Ok(())
    }

    pub(super) fn no_records_there(&self, url: &Url, envelope: &str) -> Error {
        let path = self.state.layout.data_path.as_deref().unwrap_or_default();
        let message = format!(
            "the answer of {} has nothing at `{path}`; set the option `dataPath` to the path of its list of records",
            mask_url_query(url.as_str())
        );
        let quote = self.api.client.quote(envelope);
        // A first answer without them is what the option got wrong; a later one is what the source did.
        let error = if self.state.page == 1 && self.api.data_path.is_some() {
            Error::config("no_records", message.clone()).with_detail("/options/dataPath", message)
        } else {
            Error::new(ErrorKind::Api, "no_records", message)
        };
        error.with_quote(quote)
    }
}

/// A page that was read in part is another one now: what was read belongs to no version of it.
fn changed(page: u64) -> Error {
    let message = format!("page {page} of the source changed while it was being read");
    Error::new(ErrorKind::System, "source_changed", message)
}
