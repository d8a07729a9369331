//! CSV files: RFC 4180, and what is found in the wild.

mod framing;
mod layout;
mod options;
mod pages;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{
    Adapter, Error, FileAccess, Host, Inspection, Page, PageSize, Reading, Result, Source, absolute,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;

use layout::Layout;
use options::Given;
use pages::Pages;
use text::{Input, IsWanted};

pub use options::CsvOptions;

/// A CSV file on a disk.
#[derive(Debug, Clone)]
pub struct Csv {
    path: PathBuf,
    given: Given,
    files: FileAccess,
}

impl Adapter for Csv {
    const TYPE: &'static str = "csv";
    type Options = CsvOptions;

    fn normalize(identifier: &str) -> Result<String> {
        if identifier.is_empty() {
            return Err(Error::config("no_identifier", "the path of the file is empty")
                .with_detail("/sourceIdentifier", "is empty"));
        }
        if let Some((scheme, _)) = identifier.split_once("://") {
            return Err(Error::config(
                "not_a_path",
                format!("`{scheme}:` addresses are not read; name a file by its path"),
            )
            .with_detail("/sourceIdentifier", "not a path"));
        }
        let path = absolute(Path::new(identifier))?;
        // It was text before, and only text was added.
        Ok(path.to_string_lossy().into_owned())
    }

    fn check_access(identifier: &str, host: &Host) -> Result<()> {
        host.files.check(Path::new(identifier)).map_err(|error| {
            let message = error.message().to_owned();
            error.with_detail("/sourceIdentifier", message)
        })
    }

    fn new(identifier: &str, options: CsvOptions, host: &Host) -> Result<Self> {
        Ok(Self { path: identifier.into(), given: options.check()?, files: host.files.clone() })
    }
}

impl Csv {
    fn open(&self, is_wanted: IsWanted) -> Result<Input> {
        Input::new(self.files.open(&self.path)?, is_wanted)
    }

    /// Does something with the file on a thread of its own: a file system may hang.
    async fn with_input<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Self, &Input) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let csv = self.clone();
        let task = tokio::task::spawn_blocking(move || act(&csv, &csv.open(Arc::new(|| true))?));
        task.await.unwrap_or_else(|_| Err(pages::died()))
    }
}

#[async_trait]
impl Source for Csv {
    async fn test_connection(&self) -> Result<()> {
        self.with_input(|_, _| Ok(())).await
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        // One page waits while the next is parsed: reading, parsing and writing overlap. The end is sent like a
        // page: the channel closes when the thread panics too, and half a file would pass for a whole one.
        let (sender, receiver) = mpsc::channel::<Option<Result<Page>>>(1);
        let csv = self.clone();
        tokio::task::spawn_blocking(move || {
            let still_open = sender.clone();
            let input = csv.open(Arc::new(move || !still_open.is_closed()));
            let mut pages = match input.and_then(|input| Pages::start(input, &csv.given, reading)) {
                Ok(pages) => pages,
                Err(error) => return sender.blocking_send(Some(Err(error))).is_ok(),
            };
            loop {
                let page = pages.next().transpose();
                let is_last = !matches!(page, Some(Ok(_)));
                // A closed channel means that nobody reads on: then the work ends.
                if sender.blocking_send(page).is_err() || is_last {
                    return is_last;
                }
            }
        });
        stream::unfold(Some(receiver), |receiver| async {
            let mut receiver = receiver?;
            match receiver.recv().await {
                Some(Some(Ok(page))) => Some((Ok(page), Some(receiver))),
                Some(Some(Err(error))) => Some((Err(error), None)),
                Some(None) => None,
                None => Some((Err(pages::died()), None)),
            }
        })
        .boxed()
    }

    async fn inspect(&self, fields: Arc<[Box<str>]>) -> Result<Inspection> {
        let wanted = fields.clone();
        let found = self.with_input(move |csv, input| Layout::find(input, &csv.given, &wanted)).await?;
        let page = self.read(Reading { fields, page_size: PageSize::rows(100), after: None }).next().await;
        Ok(Inspection {
            found: found.map(|layout| layout.options()).unwrap_or_default(),
            page: page.transpose()?,
        })
    }

    fn is_bound_to_node(&self) -> bool {
        true
    }
}
