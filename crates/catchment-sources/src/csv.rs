//! CSV files: delimited text on a disk, or at an address.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{
    Adapter, Host, Inspection, Page, Pulse, Reading, Result, Source, is_web_url, parse_options,
    refuse_unknown, split_options,
};
use catchment_formats::{Format, csv};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::Api;
pub use crate::files::RemoteFileOptions;
use crate::files::{self, FileLocation, Wanted};
use crate::http::{check_address, source_url};

/// A CSV file.
#[derive(Clone)]
pub struct Csv {
    location: FileLocation,
    format: csv::CsvFormat,
}

/// How the file is written, and how it is asked for where it is at an address.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct CsvOptions {
    /// How it is written.
    #[serde(flatten)]
    pub format: csv::CsvFormatOptions,
    /// How it is asked for.
    #[serde(flatten)]
    pub remote: RemoteFileOptions,
}

impl Adapter for Csv {
    const TYPE: &'static str = "csv";
    const SECRETS: &'static [&'static str] = Api::SECRETS;
    type Options = CsvOptions;

    fn parse(mut options: Map<String, Value>) -> Result<CsvOptions> {
        refuse_unknown::<CsvOptions>(&options)?;
        let remote = split_options(&mut options)?;
        Ok(CsvOptions { format: parse_options(options)?, remote })
    }

    fn normalize(identifier: &str) -> Result<String> {
        files::normalize(identifier)
    }

    fn check_access(identifier: &str, host: &Host) -> Result<()> {
        if is_web_url(identifier) {
            return check_address(&source_url(identifier)?, &host.network);
        }
        host.files.check(Path::new(identifier))
    }

    fn new(identifier: &str, options: CsvOptions, host: &Host) -> Result<Self> {
        let format = csv::CsvFormat::new(&options.format, host.language.as_deref())?;
        let wanted = Wanted { accept: "text/csv, */*;q=0.5", max_bytes: format.max_bytes() };
        let location = FileLocation::new(identifier, options.remote, wanted, host)?;
        Ok(Self { location, format })
    }
}

#[async_trait]
impl Source for Csv {
    async fn test_connection(&self) -> Result<()> {
        self.location.open(None, &Pulse::default()).await.map(|_| ())
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        files::read(&self.location, &self.format, reading)
    }

    async fn inspect(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        files::inspect(&self.location, &self.format, fields, false).await
    }

    fn is_bound_to_node(&self) -> bool {
        self.location.is_bound_to_node()
    }
}
