//! Files of any format: one on a disk or at an address, or all of a folder.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{
    Adapter, Host, Inspection, Page, Reading, Result, Source, is_web_url, refuse_unknown, split_options,
};
use catchment_formats::{FileFormat, FileFormatOptions, Format};
use futures::stream::BoxStream;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::Api;
use crate::files::RemoteFileOptions;
use crate::files::{self, FileLocation, PlaceRules, Wanted};
pub use crate::files::{OnBadFile, PlaceOptions};
use crate::http::{check_address, source_url};

/// A file of any format, or several.
#[derive(Clone)]
pub struct AnyFile {
    location: FileLocation,
    format: FileFormat,
    rules: PlaceRules,
}

/// How files are written, which ones are read, and how one is asked for where it is at an address.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct AnyFileOptions {
    /// How they are written.
    #[serde(flatten)]
    pub format: FileFormatOptions,
    /// Which ones are read.
    #[serde(flatten)]
    pub place: PlaceOptions,
    /// How one is asked for.
    #[serde(flatten)]
    pub remote: RemoteFileOptions,
}

impl Adapter for AnyFile {
    const TYPE: &'static str = "file";
    const SECRETS: &'static [&'static str] = Api::SECRETS;
    const STATELESS: &'static [&'static str] = Api::STATELESS;
    type Options = AnyFileOptions;

    fn parse(mut options: Map<String, Value>) -> Result<AnyFileOptions> {
        refuse_unknown::<AnyFileOptions>(&options)?;
        let (remote, place) = (split_options(&mut options)?, split_options(&mut options)?);
        Ok(AnyFileOptions { format: FileFormatOptions::take(&mut options)?, place, remote })
    }

    fn normalize(identifier: &str) -> Result<String> {
        files::normalize(identifier)
    }

    fn check_access(identifier: &str, host: &Host) -> Result<()> {
        if is_web_url(identifier) {
            return check_address(&source_url(identifier)?, &host.network);
        }
        let path = Path::new(identifier);
        match files::pattern_base(path).filter(|_| !path.exists()) {
            Some(base) => host.files.check_dir(&base),
            None => host.files.check_dir(path),
        }
    }

    fn new(identifier: &str, options: AnyFileOptions, host: &Host) -> Result<Self> {
        let format = FileFormat::new(&options.format, host.language.as_deref())?;
        let rules = options.place.check(is_web_url(identifier))?;
        let wanted = Wanted { accept: "*/*", max_bytes: format.max_bytes() };
        let location = FileLocation::new(identifier, options.remote, wanted, host)?;
        Ok(Self { location, format, rules })
    }
}

#[async_trait]
impl Source for AnyFile {
    async fn test_connection(&self) -> Result<()> {
        files::test_place(&self.location).await
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        files::read_place(&self.location, &self.format, self.rules, reading)
    }

    async fn inspect(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        files::inspect_place(&self.location, &self.format, self.rules, fields, false).await
    }

    async fn explore(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        files::inspect_place(&self.location, &self.format, self.rules, fields, true).await
    }

    fn is_bound_to_node(&self) -> bool {
        self.location.is_bound_to_node()
    }
}
