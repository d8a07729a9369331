//! The contract between Catchment and what it reads from.
//!
//! A [`Source`] delivers [`Page`]s of [`Record`]s, each with a [`Cursor`] that reading can be resumed at. What it
//! cannot read it delivers as a [`Reject`]; why it cannot continue it says as an [`Error`], whose
//! [`ErrorKind`] alone decides whether the engine resumes it later. An [`Adapter`] makes a source from its
//! options, and a [`Registry`] knows the adapters by name. This crate does no I/O but to open local files
//! within what the operator allows ([`FileAccess`]); it knows neither a database nor an HTTP library nor an
//! async runtime.
//!
//! # A complete source
//!
//! ```
//! use async_trait::async_trait;
//! use catchment_core::{
//!     Adapter, Columns, Cursor, Error, Host, Page, Position, Progress, Reading, Records, Registry, Result,
//!     Source, Value,
//! };
//! use futures::stream::{self, BoxStream, StreamExt};
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! /// Counts down to 1: a source with one column, `number`.
//! pub struct Countdown {
//!     from: u64,
//! }
//!
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(rename_all = "camelCase", deny_unknown_fields)]
//! pub struct CountdownOptions {
//!     /// The first number, at least 1.
//!     start_at: u64,
//! }
//!
//! impl Adapter for Countdown {
//!     const TYPE: &'static str = "countdown";
//!     type Options = CountdownOptions;
//!
//!     fn new(_identifier: &str, options: CountdownOptions, _host: &Host) -> Result<Self> {
//!         if options.start_at == 0 {
//!             return Err(Error::config("start_at", "startAt is 0; name a number from 1"));
//!         }
//!         Ok(Self { from: options.start_at })
//!     }
//! }
//!
//! #[async_trait]
//! impl Source for Countdown {
//!     async fn test_connection(&self) -> Result<()> {
//!         Ok(()) // there is nothing to connect to
//!     }
//!
//!     fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
//!         let columns: Columns = ["number".into()].into();
//!         let done = reading.after.as_ref().map_or(0, |cursor| cursor.records_read);
//!         stream::iter((done..self.from).step_by(reading.page_size.max_rows()))
//!             .map(move |first| {
//!                 let end = self.from.min(first + reading.page_size.max_rows() as u64);
//!                 let mut records = Records::default();
//!                 for index in first..end {
//!                     let text = (self.from - index).to_string();
//!                     let position = Position::Line { line: index + 1, byte: 0 };
//!                     records.push(position, &text, [Value::Number(&text)]);
//!                 }
//!                 // The count of records says all that is needed to resume, so the state is empty.
//!                 let cursor = Cursor::new(end, &())?;
//!                 let progress = Progress::default();
//!                 Ok(Page { columns: columns.clone(), records, cursor, progress, ..Page::default() })
//!             })
//!             .boxed()
//!     }
//! }
//!
//! # fn main() -> Result<()> {
//! let registry = Registry::default().with::<Countdown>();
//! let options = serde_json::json!({"startAt": 3}).as_object().unwrap().clone();
//! let source = registry.build("countdown", "three", options, &Host::default())?;
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! source.test_connection().await?;
//! let everything = catchment_core::testkit::conforms(|| Countdown { from: 7 }).await;
//! assert_eq!(everything.records.len(), 7);
//! # Ok::<(), Error>(()) })?;
//!
//! let unknown = serde_json::json!({"startAt": 3, "step": 2}).as_object().unwrap().clone();
//! let error = registry.build("countdown", "three", unknown, &Host::default()).err().unwrap();
//! assert_eq!(error.details()[0].pointer, "/options/step");
//! # Ok(()) }
//! ```
//!
//! `testkit::conforms` (feature `testkit`) holds it against the whole contract: it reads it whole, resumes it
//! at every cursor and drops it early.

mod cursor;
mod error;
mod feed;
mod finding;
mod host;
pub mod json;
mod kind;
mod log;

mod options;
mod page;
mod position;
mod progress;
mod record;
mod registry;
mod reject;
mod skip;
mod source;
#[cfg(feature = "testkit")]
pub mod testkit;
mod text;
mod url;
mod value;

pub use cursor::{Coverage, Cursor};
pub use error::{Detail, Error, Result};
pub use feed::{Feed, feed, task_panicked};
pub use finding::Finding;
pub use host::{
    EnvSecret, FileAccess, FileSecret, Host, Listed, ListedKind, NetworkAccess, Secret, SecretAccess,
    TokenStore, VOLUME_AWAY, VolumeAccess, absolute_path, primary_language,
};
pub use kind::ErrorKind;
pub use options::{invalid_option, parse, parse_options, refuse_unknown, split_options};
pub use page::{Columns, Page, PageSize, WHOLE_RECORD};
pub use position::{Location, Position};
pub use progress::{Progress, Pulse};
pub use record::{Record, Records};
pub use registry::Registry;
pub use reject::{MAX_RAW_BYTES, Reject};
pub use skip::Skip;
pub use source::{Adapter, Inspection, Reading, Source};
pub use text::{did_you_mean, truncate_text};
pub use url::{is_web_url, mask_url_query};
pub use value::Value;
