//! CSV files: RFC 4180, and what is found in the wild.

mod framing;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) mod fuzz;
mod layout;
mod options;
mod pages;
mod remote;
mod text;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use catchment_core::{
    Adapter, Error, FileAccess, Host, Inspection, Page, PageSize, Pulse, Reading, Result, Source, absolute,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use tokio::sync::mpsc;

use layout::Layout;
use options::Given;
use pages::Pages;
use remote::Remote;
use text::{Input, IsWanted};

pub use options::CsvOptions;

use crate::api::Api;
use crate::http::{check_address, invalid, source_url};

/// A CSV file on a disk, or at an address.
#[derive(Clone)]
pub struct Csv {
    place: Place,
    given: Given,
}

#[derive(Clone)]
enum Place {
    Disk { path: PathBuf, files: FileAccess },
    Address(Arc<Remote>),
}

impl Place {
    async fn open(&self, pulse: &Pulse) -> Result<File> {
        Ok(self.open_beginning(None, pulse).await?.0)
    }

    /// The file, or so many bytes of it where it is fetched. Whether it is whole.
    async fn open_beginning(&self, most: Option<u64>, pulse: &Pulse) -> Result<(File, bool)> {
        match self {
            Self::Address(remote) => remote.fetch(most, pulse).await,
            Self::Disk { path, files } => {
                let (path, files) = (path.clone(), files.clone());
                // On a thread of its own: a file system may hang.
                let file = tokio::task::spawn_blocking(move || files.open(&path)).await;
                Ok((file.unwrap_or_else(|_| Err(pages::died()))?, true))
            }
        }
    }
}

/// What is fetched of a file that is only looked at.
const LOOKED_AT_BYTES: u64 = 1 << 20;

fn is_address(identifier: &str) -> bool {
    identifier.starts_with("http://") || identifier.starts_with("https://")
}

impl Adapter for Csv {
    const TYPE: &'static str = "csv";
    const SECRETS: &'static [&'static str] = Api::SECRETS;
    type Options = CsvOptions;

    fn normalize(identifier: &str) -> Result<String> {
        if identifier.is_empty() {
            return Err(Error::config("no_identifier", "the path of the file is empty")
                .with_detail("/sourceIdentifier", "is empty"));
        }
        if is_address(identifier) {
            return source_url(identifier).map(String::from);
        }
        if let Some((scheme, _)) = identifier.split_once("://") {
            return Err(Error::config(
                "not_a_path",
                format!(
                    "`{scheme}:` addresses are not read; name a file by its path, or an http or https address"
                ),
            )
            .with_detail("/sourceIdentifier", "not a path"));
        }
        let path = absolute(Path::new(identifier))?;
        // It was text before, and only text was added.
        Ok(path.to_string_lossy().into_owned())
    }

    fn check_access(identifier: &str, host: &Host) -> Result<()> {
        let checked = match is_address(identifier) {
            true => source_url(identifier).and_then(|url| check_address(&url, &host.network)),
            false => host.files.check(Path::new(identifier)),
        };
        checked.map_err(|error| {
            let message = error.message().to_owned();
            error.with_detail("/sourceIdentifier", message)
        })
    }

    fn new(identifier: &str, options: CsvOptions, host: &Host) -> Result<Self> {
        let given = options.check()?;
        let place = match is_address(identifier) {
            true => Place::Address(Arc::new(Remote::new(identifier, &options, given.limits.file, host)?)),
            false if options.auth.is_some() || !options.headers.is_empty() => {
                let option = if options.auth.is_some() { "auth" } else { "headers" };
                return Err(invalid(option, "is for files at an address; this one is on a disk"));
            }
            false => Place::Disk { path: identifier.into(), files: host.files.clone() },
        };
        Ok(Self { place, given })
    }
}

#[async_trait]
impl Source for Csv {
    async fn test_connection(&self) -> Result<()> {
        self.place.open(&Pulse::default()).await.map(|_| ())
    }

    fn read(&self, reading: Reading) -> BoxStream<'_, Result<Page>> {
        // One page waits while the next is parsed: reading, parsing and writing overlap. The end is sent like a
        // page: the channel closes when the thread panics too, and half a file would pass for a whole one.
        let (sender, receiver) = mpsc::channel::<Option<Result<Page>>>(1);
        let Self { place, given } = self.clone();
        tokio::spawn(async move {
            let file = tokio::select! {
                file = place.open(&reading.pulse) => file,
                // Nobody waits for it any more.
                () = sender.closed() => return,
            };
            tokio::task::spawn_blocking(move || read_into(&sender, file, &given, reading));
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
        let (file, is_whole) = self.place.open_beginning(Some(LOOKED_AT_BYTES), &Pulse::default()).await?;
        let given = self.given.clone();
        let task = tokio::task::spawn_blocking(move || {
            let file = if is_whole { file } else { whole_lines(file)? };
            let layout = Layout::find(
                &Input::new(file.try_clone().map_err(again)?, Arc::new(|| true))?,
                &given,
                &fields,
            )?;
            let reading = Reading { fields, page_size: PageSize::rows(100), ..Reading::default() };
            let page = Pages::start(Input::new(file, Arc::new(|| true))?, &given, reading)?.next()?;
            let found = layout.map(|layout| layout.options()).unwrap_or_default();
            Ok(Inspection { found, findings: Vec::new(), page })
        });
        task.await.unwrap_or_else(|_| Err(pages::died()))
    }

    fn is_bound_to_node(&self) -> bool {
        matches!(self.place, Place::Disk { .. })
    }
}

fn again(error: std::io::Error) -> Error {
    Error::io("opening the file again", error)
}

/// The whole lines of a file of which only the beginning is there, decompressed.
fn whole_lines(file: File) -> Result<File> {
    use std::io::{Read, Write};
    let failed = |error| Error::io("looking at the beginning of the file", error);
    let input = Input::new(file, Arc::new(|| true))?;
    let mut text = Vec::new();
    // Compressed data ends in the middle; what came out of it before is fine.
    input.bytes()?.take(LOOKED_AT_BYTES).read_to_end(&mut text).ok();
    let end = text.iter().rposition(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(text.len());
    // Characters of UTF-16 have two bytes.
    text.truncate(if text.contains(&0) { end & !1 } else { end });
    let mut lines = tempfile::tempfile().map_err(failed)?;
    lines.write_all(&text).map_err(failed)?;
    Ok(lines)
}

/// Reads a file to its end, on a thread of its own, as files block.
fn read_into(
    sender: &mpsc::Sender<Option<Result<Page>>>,
    file: Result<File>,
    given: &Given,
    reading: Reading,
) {
    let (still_open, pulse) = (sender.clone(), reading.pulse.clone());
    // Each block that is read is a sign of life: it may take long to come to where an earlier attempt stood.
    let is_wanted: IsWanted = Arc::new(move || {
        pulse.beat();
        !still_open.is_closed()
    });
    let input = file.and_then(|file| Input::new(file, is_wanted));
    let mut pages = match input.and_then(|input| Pages::start(input, given, reading)) {
        Ok(pages) => pages,
        Err(error) => {
            // A closed channel means that nobody reads on, here and below.
            sender.blocking_send(Some(Err(error))).ok();
            return;
        }
    };
    loop {
        let page = pages.next().transpose();
        let is_last = !matches!(page, Some(Ok(_)));
        if sender.blocking_send(page).is_err() || is_last {
            return;
        }
    }
}
