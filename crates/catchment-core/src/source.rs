//! What a source must do.

use std::sync::Arc;

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::{Cursor, Error, Finding, Host, Page, PageSize, Pulse, Result};

/// What [`Source::read`] is asked for.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The cursor to resume from; `None` starts at the beginning.
    pub after: Option<Cursor>,
    /// The source fields that the mapping names, in no order; empty where the mapping is still to be found.
    /// A source whose columns are not given by the data (nested JSON) must offer these.
    pub fields: Arc<[Box<str>]>,
    /// How large pages should become.
    pub page_size: PageSize,
    /// What the last completed run of the same request left for this one ([`Cursor::carryover`]).
    pub carryover: Option<serde_json::Value>,
    /// Whether records that are as the run before left them may be named instead of read ([`Page::unchanged`]): the rows of that run
    /// are all there, and nobody has changed them since.
    pub accepts_unchanged: bool,
    /// The heartbeat of a source that is busy without a page.
    pub pulse: Pulse,
}

/// Something that records can be read from, again and again.
#[async_trait]
pub trait Source: Send + Sync {
    /// Proves that [`read`](Self::read) could start: the same credentials, the same first request, nothing more.
    async fn test_connection(&self) -> Result<()>;

    /// Reads from a cursor to the end of the source, as a stream of pages.
    ///
    /// - Resuming at a page's cursor neither repeats nor skips a record delivered up to that page.
    /// - Every page of a stream has the same columns.
    /// - A record that cannot be read is a [`Reject`](crate::Reject) and counts as read; an `Err` means that
    ///   reading cannot continue, and ends the stream. The stream ends without one only at the end of the
    ///   source: what broke off or came short is an `Err`.
    /// - It does not retry and does not sleep: retrying is resuming, and belongs to the engine.
    /// - Dropping the stream stops all work.
    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>>;

    /// What can be found out without all options: those that reading would use, and a first page. `fields` are
    /// as in [`Reading::fields`].
    async fn inspect(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        let reading = Reading { fields, page_size: PageSize::rows(100), ..Reading::default() };
        let page = self.read(reading).next().await.transpose()?;
        Ok(Inspection { options: serde_json::Map::new(), findings: Vec::new(), page })
    }

    /// The same as [`inspect`](Self::inspect), and what reading would not do: it may try what the source does not say, by
    /// requests that change nothing.
    async fn explore(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        self.inspect(fields).await
    }

    /// Whether only this machine can read it, as with a file on its disk.
    fn is_bound_to_node(&self) -> bool {
        false
    }

    /// The fields that records are named by which are not read ([`Page::unchanged`]): where these identify its rows, it may do so. By
    /// default it never does.
    fn names_by(&self) -> &'static [&'static str] {
        &[]
    }

    /// How much of its rows may leave it at once before nothing is marked, in percent, where no option says so.
    fn usual_max_gone_percent(&self) -> u8 {
        20
    }
}

/// What [`Source::inspect`] found.
#[derive(Debug)]
pub struct Inspection {
    /// Options of the source that were found out, ready to be given beside those that were. An object that was given in
    /// part, such as how pages follow, is here as a whole.
    pub options: serde_json::Map<String, serde_json::Value>,
    /// What was tried and seen, in order.
    pub findings: Vec<Finding>,
    /// The first records; none where the source is empty.
    pub page: Option<Page>,
}

/// How a source is made from its options.
pub trait Adapter: Source + Sized + 'static {
    /// Its name in options, tables and URLs, at most 16 characters; it never changes.
    const TYPE: &'static str;

    /// Its options. Their doc comments are their reference; unknown fields must be refused
    /// (`#[serde(deny_unknown_fields)]`), names are camelCase.
    type Options: DeserializeOwned + JsonSchema;

    /// Reads its options out of those of a request. Only a source whose options are those of several parts does it in a way
    /// of its own ([`split_options`](crate::split_options)).
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    fn parse(options: serde_json::Map<String, serde_json::Value>) -> Result<Self::Options> {
        crate::parse_options(options)
    }

    /// The one spelling of an identifier, as it is stored and compared; a path is made absolute, for instance.
    ///
    /// # Errors
    /// `config` when it cannot be an identifier of this source.
    fn normalize(identifier: &str) -> Result<String> {
        match identifier.trim() {
            "" => {
                let message = "the source identifier is empty; give a path or a URL";
                Err(Error::config("no_identifier", message).with_detail("/sourceIdentifier", message))
            }
            identifier => Ok(identifier.to_owned()),
        }
    }

    /// The identifiers that one stands for, as they are stored: what somebody calls a thing today need not be what it is called
    /// tomorrow. Asked once, when a run is scheduled, on a thread that may block; by default it is itself.
    ///
    /// # Errors
    /// `config` where it stands for nothing, or nobody knows for what.
    fn resolve(identifier: &str, _host: &Host) -> Result<Vec<String>> {
        Ok(vec![identifier.to_owned()])
    }

    /// Where its options hold secrets, as JSON pointers below the options; `*` stands for any name. They are stored
    /// encrypted.
    const SECRETS: &'static [&'static str] = &[];

    /// Which of its options decide nothing about what a run leaves for the next one ([`Cursor::carryover`](crate::Cursor::carryover)),
    /// as JSON pointers like those of [`Adapter::SECRETS`], without `*`: a new password, another rate limit. With any other
    /// option changed, the next run begins anew.
    const STATELESS: &'static [&'static str] = &[];

    /// Checks the options and makes the source. It does no I/O.
    ///
    /// # Errors
    /// `config`, with what is wrong and what would be accepted.
    fn new(identifier: &str, options: Self::Options, host: &Host) -> Result<Self>;

    /// Whether the operator allows this identifier at all; asked before a run is accepted.
    ///
    /// # Errors
    /// `config`, with what is allowed.
    fn check_access(_identifier: &str, _host: &Host) -> Result<()> {
        Ok(())
    }
}
