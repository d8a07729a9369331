//! What is in a file: its bytes, proven whole, or the cells of a tab of a Google spreadsheet; in a temporary file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use catchment_core::{Error, ErrorKind, Finding, Pulse, Result};
use catchment_formats::{Blob, SheetChoice, blob::ContinueCheck};
use md5::{Digest, Md5};
use reqwest::header::CONTENT_TYPE;

use super::client::DriveClient;
use super::meaning::{API_DISABLED, EXPORT_TOO_LARGE};
use super::options::DriveValues;
use super::resource::DriveFile;
use super::root::changed;
use super::sheet::read_tab;
use crate::digests::{each_block, hex};
use crate::http::{Request, Saved, writing};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Where a zip has the record that ends it: 22 bytes, and a comment.
const ZIP_END_BYTES: u64 = 22 + 65_535;
/// How often a file is fetched that changes while it is on its way.
const MAX_TRIES: usize = 3;

/// The code of bytes that are not those that Drive says a file has.
pub(super) const CORRUPT_DOWNLOAD: &str = "corrupt_download";

/// How files are fetched.
pub(super) struct Fetcher<'a> {
    pub(super) client: &'a DriveClient,
    pub(super) pulse: &'a Pulse,
    pub(super) max_bytes: u64,
    /// The tab of a spreadsheet, by its `gid` as the source's link has it.
    pub(super) gid: Option<u64>,
    /// The same as the options have it.
    pub(super) tab: Option<&'a SheetChoice>,
    pub(super) values: DriveValues,
}

/// What was fetched.
pub(super) struct Content {
    pub(super) file: File,
    pub(super) is_grid: bool,
    /// What the file was when it was fetched: it may have changed since it was looked at.
    pub(super) of: DriveFile,
    pub(super) findings: Vec<Finding>,
}

impl Content {
    /// How many bytes it has.
    pub(super) fn len(&self) -> u64 {
        self.file.metadata().map_or(0, |metadata| metadata.len())
    }

    /// The same once more.
    pub(super) fn try_clone(&self) -> Result<Self> {
        let file = self.file.try_clone().map_err(|error| Error::io("opening a download once more", error))?;
        Ok(Self { file, of: self.of.clone(), findings: self.findings.clone(), ..*self })
    }

    /// A blob of it.
    pub(super) fn blob(self, is_wanted: ContinueCheck) -> Result<Blob> {
        // Its name tells a format; an exported one is a workbook, and called what it likes.
        let blob = Blob::new(self.file, is_wanted)?.with_name(self.of.name.as_str());
        Ok(if self.is_grid { blob.as_grid() } else { blob })
    }
}

impl Fetcher<'_> {
    /// Fetches a file. Where it changes on its way, what it has become is fetched.
    ///
    /// # Errors
    /// As of the calls of Drive; `config`, for what has no rows or may not be downloaded; `network`, `corrupt_download`; `system`,
    /// `source_changed`.
    pub(super) async fn fetch(&self, file: &DriveFile) -> Result<Content> {
        refuse(file, self.max_bytes)?;
        let mut file = file.clone();
        for _ in 0..MAX_TRIES {
            let mut content = if file.is_spreadsheet() {
                self.spreadsheet(&file).await?
            } else {
                self.bytes(&file).await?
            };
            let is_proven = !file.is_native() && file.md5_checksum.is_some();
            if let Some(content) = content.take_if(|_| is_proven) {
                return Ok(content);
            }
            let now = self.client.file(&file.id, self.pulse).await?;
            if let Some(content) = content.take_if(|_| now.content_key() == file.content_key()) {
                return Ok(Content { of: now, ..content });
            }
            if now.content_key() == file.content_key() {
                let message = format!("what came of `{}` is not what Drive says that it holds", file.name);
                return Err(Error::new(ErrorKind::Network, CORRUPT_DOWNLOAD, message));
            }
            refuse(&now, self.max_bytes)?;
            file = now;
        }
        Err(changed(&format!("`{}` is being written", file.name)))
    }

    /// The bytes of a file; `None` where they are not those that Drive says it has.
    async fn bytes(&self, file: &DriveFile) -> Result<Option<Content>> {
        let params = [("alt", "media"), ("supportsAllDrives", "true")];
        let mut request =
            self.client.request(self.client.url(&["files", &file.id], &params)?, &[&file.id])?;
        request.max_bytes = Some(self.max_bytes);
        let (mut saved, count) = self.save(&request, file).await?;
        let is_as_long = file.size.is_none_or(|size| size == count.bytes);
        let is_same = match &file.md5_checksum {
            Some(expected) => *expected == md5_of(&mut saved)?,
            None => file.size.is_some() || count.is_proven_whole,
        };
        Ok((is_as_long && is_same).then(|| content(saved, file)))
    }

    async fn save(&self, request: &Request, file: &DriveFile) -> Result<(File, Saved)> {
        let mut saved = tempfile::tempfile().map_err(writing)?;
        let count = self.client.http.download(request, &mut saved, self.pulse).await.map_err(|error| {
            if error.code() == "page_too_large" { too_large(file, self.max_bytes) } else { error }
        })?;
        saved.rewind().map_err(writing)?;
        Ok((saved, count))
    }

    /// A tab of a Google spreadsheet by the API of Sheets; where that is not enabled, the spreadsheet as a workbook.
    async fn spreadsheet(&self, file: &DriveFile) -> Result<Option<Content>> {
        let tab = self.tab.filter(|_| self.gid.is_none());
        match read_tab(self.client, file, (self.gid, tab), self.values, self.pulse).await {
            Ok(tab) => {
                let content = content(tab.file, file);
                Ok(Some(Content { is_grid: true, findings: vec![tab.finding], ..content }))
            }
            Err(error) if error.code() == API_DISABLED && self.may_export() => {
                let exported = self.export(file).await?;
                let message = "the Google Sheets API is not enabled in the project of the credentials, so that the spreadsheet was \
                               exported as xlsx; enable it to read it tab by tab";
                Ok(Some(Content { findings: vec![Finding::sure("sheets_api", message)], ..exported }))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether a workbook says as much: it does not know the numbers of tabs, and shows nothing.
    fn may_export(&self) -> bool {
        self.gid.is_none_or(|gid| gid == 0)
            && self.values == DriveValues::Raw
            && !matches!(self.tab, Some(SheetChoice::Number(_)))
    }

    /// A spreadsheet as a workbook: by the API, or past its limit from where editors export it.
    async fn export(&self, file: &DriveFile) -> Result<Content> {
        let url = self.client.url(&["files", &file.id, "export"], &[("mimeType", XLSX)])?;
        let mut request = self.client.request(url, &[&file.id])?;
        request.max_bytes = Some(self.max_bytes);
        match self.save(&request, file).await {
            Ok((saved, _)) => workbook(saved, file),
            Err(error) if error.code() == EXPORT_TOO_LARGE => match file.export_links.get(XLSX) {
                Some(link) => self.export_link(file, link).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    async fn export_link(&self, file: &DriveFile, link: &str) -> Result<Content> {
        let link = link.parse().map_err(|_| sign_in(file))?;
        let mut request = self.client.request(link, &[&file.id])?;
        request.max_bytes = Some(self.max_bytes);
        // Without a good token it is answered with a page to sign in, as if that were the file.
        let read = |answer: crate::http::Answer| async {
            let content_type = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
            if content_type.unwrap_or_default().starts_with("text/html") {
                return Err(sign_in(file));
            }
            let mut saved = tempfile::tempfile().map_err(writing)?;
            let mut count = Saved::default();
            crate::http::save(answer, None, &mut saved, &mut count).await?;
            saved.rewind().map_err(writing)?;
            Ok(saved)
        };
        let saved = self.client.http.send_for(&request, self.pulse, read).await;
        workbook(saved.map_err(|error| self.client.http.redact_error(error))?, file)
    }
}

/// An exported workbook, which nothing else proves whole: a zip ends with a record of its own (APPNOTE 4.3.16).
fn workbook(mut saved: File, file: &DriveFile) -> Result<Content> {
    let failed = |error| Error::io("reading the download", error);
    let (mut first, mut last) = (Vec::new(), Vec::new());
    (&saved).take(4).read_to_end(&mut first).map_err(failed)?;
    let length = saved.seek(SeekFrom::End(0)).map_err(failed)?;
    saved.seek(SeekFrom::Start(length.saturating_sub(ZIP_END_BYTES))).map_err(failed)?;
    (&saved).take(ZIP_END_BYTES).read_to_end(&mut last).map_err(failed)?;
    saved.rewind().map_err(failed)?;
    if first == b"PK\x03\x04" && last.windows(4).any(|bytes| bytes == b"PK\x05\x06") {
        return Ok(content(saved, file));
    }
    let message =
        format!("Google answered the export of `{}` with something else than a whole workbook", file.name);
    Err(Error::new(ErrorKind::Unavailable, "bad_answer", message))
}

fn content(saved: File, file: &DriveFile) -> Content {
    Content { file: saved, is_grid: false, of: file.clone(), findings: Vec::new() }
}

/// Refuses what has no rows, may not be downloaded, or is too long.
fn refuse(file: &DriveFile, max_bytes: u64) -> Result<()> {
    let name = &file.name;
    if file.is_native() && !file.is_spreadsheet() {
        let message = format!(
            "`{name}` is {}, which holds no rows; export it to a spreadsheet, or read a folder's files (option `read`)",
            file.native_kind()
        );
        return Err(Error::config("no_rows", message));
    }
    let may_download = file.capabilities.as_ref().and_then(|capabilities| capabilities.can_download);
    if may_download == Some(false) {
        let message =
            format!("the owner of `{name}` does not let viewers download it; ask for that, or for a copy");
        return Err(Error::config("download_forbidden", message));
    }
    if !file.is_native() && file.size.is_some_and(|size| size > max_bytes) {
        return Err(too_large(file, max_bytes));
    }
    Ok(())
}

fn too_large(file: &DriveFile, max_bytes: u64) -> Error {
    let message = format!(
        "`{}` has more than {max_bytes} bytes; raise the option `maxFileBytes` to read it",
        file.name
    );
    Error::config("file_too_long", message)
}

fn sign_in(file: &DriveFile) -> Error {
    let message = format!(
        "Google answered the export of `{}` with a page to sign in; check the option `auth`, or enable the Google Sheets API",
        file.name
    );
    Error::new(ErrorKind::Authentication, "sign_in_page", message)
}

/// The MD5 of a file, in hexadecimal: it tells what came whole, and protects from nobody.
fn md5_of(file: &mut File) -> Result<String> {
    let failed = |error| Error::io("reading the download", error);
    let mut digest = Md5::new();
    let take = |block: &[u8]| {
        digest.update(block);
        true
    };
    each_block(file, take).map_err(failed)?;
    file.rewind().map_err(failed)?;
    Ok(hex(&digest.finalize()))
}
