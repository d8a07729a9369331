//! A JSON document in a file: its records, cut out one after the other while it is read on a thread of its own.

use catchment_core::{
    Columns, Cursor, ErrorKind, Finding, Page, PageSize, Position, Reading, Reject, Result, invalid_option,
};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::fields::{Field, Fields};
use super::locate::{find_path, selection};
use super::options::ValidatedJsonOptions;
use super::path::Path;
use super::records::Item;
use super::text::encoding;
use super::walker::Document;
use crate::blob::changed;
use crate::{Blob, Pages};

/// Records that columns are discovered from.
pub(super) const SAMPLE: usize = 100;

/// What a cursor of this format holds: how many records of the document were delivered, that they are still the same, and
/// how to read it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentState {
    taken: u64,
    /// XXH3-128 of the records up to there.
    digest: String,
    data_path: String,
    columns: Vec<Box<str>>,
}

/// A reading under way.
pub(super) struct DocumentPages {
    blob: Blob,
    page_size: PageSize,
    given: ValidatedJsonOptions,
    path: String,
    fields: Fields,
    columns: Columns,
    document: Document,
    findings: Option<Vec<Finding>>,
    taken: u64,
    digest: Xxh3,
    /// Records of the run: those of the document, and what was delivered of other ones before it.
    records_read: u64,
}

impl DocumentPages {
    pub(super) fn start(blob: Blob, given: &ValidatedJsonOptions, reading: Reading) -> Result<Self> {
        let encoding = encoding(&blob, given)?;
        let records_read = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
        let state = reading.after.as_ref().map(Cursor::state::<DocumentState>).transpose()?;
        let mut findings = Vec::new();
        let path = match (&state, &given.data_path) {
            (Some(state), _) => {
                Path::parse(&state.data_path).map_err(|problem| invalid_option("dataPath", &problem))?
            }
            (None, Some(path)) => path.clone(),
            (None, None) => {
                let path = find_path(&blob, encoding, given)?;
                findings.push(Finding::sure("records", format!("the list at `{path}`")));
                path
            }
        };
        let selection = selection(&blob, encoding, given, &path)?;
        let mut document = Document::open(&blob, encoding, given, selection)?;
        let columns = match &state {
            Some(state) => state.columns.clone(),
            None if !reading.fields.is_empty() => reading.fields.to_vec(),
            None => Fields::suggest(document.look()?.iter().take(SAMPLE).map(|item| item.raw.get())),
        };
        let fields = compile(&columns)?;
        let mut pages = Self {
            blob,
            page_size: reading.page_size,
            given: given.clone(),
            path: path.to_string(),
            columns: fields.names().into(),
            fields,
            document,
            findings: state.is_none().then_some(findings),
            taken: 0,
            digest: Xxh3::new(),
            records_read,
        };
        if let Some(state) = state {
            pages.resume(&state)?;
        }
        Ok(pages)
    }

    /// Where the records are.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Passes the records that were delivered before, if they are still the same.
    fn resume(&mut self, state: &DocumentState) -> Result<()> {
        while self.taken < state.taken {
            if self.take()?.is_none() {
                let problem = format!("it has {} records, and had {} before", self.taken, state.taken);
                return Err(changed(&problem));
            }
        }
        if self.digest() == state.digest {
            return Ok(());
        }
        Err(changed(&format!("its first {} records are other ones now", self.taken)))
    }

    fn take(&mut self) -> Result<Option<Item>> {
        let Some(item) = self.document.next()? else { return Ok(None) };
        self.digest.update(item.raw.get().as_bytes());
        self.taken += 1;
        Ok(Some(item))
    }

    fn digest(&self) -> String {
        format!("{:032x}", self.digest.digest128())
    }

    fn read_page(&mut self) -> Result<Option<Page>> {
        let (max_rows, max_bytes) = (self.page_size.max_rows(), self.page_size.max_bytes());
        let mut page = Page { columns: self.columns.clone(), ..Page::default() };
        while page.count() < max_rows && page.records.bytes() < max_bytes {
            let Some(item) = self.take()? else { break };
            let position = Position::Item { page: 0, path: item.path };
            let is_repaired = self.document.is_repaired();
            push(&mut page, &self.fields, &self.given, (position, item.raw.get()), is_repaired);
        }
        if page.count() == 0 && self.findings.is_none() {
            return Ok(None);
        }
        self.records_read += page.count() as u64;
        let columns = &self.columns[..self.columns.len() - 1];
        let state = DocumentState {
            taken: self.taken,
            digest: self.digest(),
            data_path: self.path.clone(),
            columns: columns.to_vec(),
        };
        let findings = self.findings.take().unwrap_or_default();
        page.cursor = Cursor { findings, ..Cursor::new(self.records_read, &state)? };
        page.progress = self.blob.progress();
        Ok(Some(page))
    }
}

impl Pages for DocumentPages {
    /// What a change of the file makes of its text is the change's fault.
    fn next(&mut self) -> Result<Option<Page>> {
        let page = self.read_page();
        if page.is_err() || self.document.is_over() {
            self.blob.check_unchanged()?;
        }
        page
    }
}

/// The columns of records, which hold the whole of each one as well.
pub(super) fn compile(columns: &[Box<str>]) -> Result<Fields> {
    Fields::new(columns)
        .map_err(|(name, problem)| invalid_option("columnMapping", &format!("`{name}` {problem}")))
}

/// Adds a record to a page, or its reject.
pub(super) fn push(
    page: &mut Page,
    fields: &Fields,
    given: &ValidatedJsonOptions,
    (position, raw): (Position, &str),
    is_repaired: bool,
) {
    let refuse = |code, message| Reject::new(ErrorKind::Parsing, code, message, position.clone(), raw);
    let reject = if raw.len() > given.max_record_bytes {
        let most = given.max_record_bytes;
        let message = format!(
            "the record has {} bytes, more than the limit of {most} (option `maxRecordBytes`)",
            raw.len()
        );
        refuse("record_too_long", message)
    } else if is_repaired && raw.contains('\u{fffd}') {
        refuse("bad_encoding", "the record holds bytes that are not valid in its encoding".to_owned())
    } else {
        match fields.values(raw) {
            Ok(values) => {
                page.records.push(position, raw, values.iter().map(Field::value));
                return;
            }
            Err(bad) => refuse(bad.code, format!("the record {}", bad.message)),
        }
    };
    page.rejects.push(reject);
}
