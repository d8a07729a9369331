//! The calls of Drive and Sheets that reading needs.

use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use catchment_core::{Error, ErrorKind, Host, Pulse, Result, SecretAccess};
use reqwest::Url;
use reqwest::header::DATE;
use serde::de::DeserializeOwned;

use super::addresses::GoogleAddresses;
use super::keys::ResourceKeys;
use super::meaning::{NOT_FOUND, meaning};
use super::options::{DriveAuth, DriveOnly};
use super::resource::{ChangeList, DriveFile, FILE_FIELDS, FileList};
use crate::digests::hex;
use crate::http::{
    Answer, Client, ClientOptions, Dialect, HttpLimits, OtherOrigins, RateLimit, Request, Timeouts,
    account_of,
};

/// A download ends when it is silent, not when it is long.
const MAX_SECONDS: u64 = 24 * 60 * 60;
/// Longest answer in JSON: 500,000 cells, or 1,000 files.
const MAX_JSON_BYTES: u64 = 256 << 20;
/// Files of a page, and changes: the most that Drive takes.
const PAGE: &str = "1000";
/// What rate limits of Google are paused by first: their units come back within a minute.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const DEFAULT_RATE: f64 = 10.0;

/// A client of Drive, as somebody.
pub(super) struct DriveClient {
    pub(super) http: Client,
    pub(super) addresses: GoogleAddresses,
    pub(super) auth: Option<DriveAuth>,
    access: SecretAccess,
    pub(super) keys: ResourceKeys,
    /// How far the server's clock is ahead of 1970, as it told last.
    server_time: Mutex<Option<SystemTime>>,
}

impl DriveClient {
    /// Checks what can be checked without I/O.
    pub(super) fn new(options: &DriveOnly, max_bytes: u64, host: &Host) -> Result<Self> {
        let addresses = GoogleAddresses::of(host)?;
        let host = &addresses.allowed(host);
        let RateLimit { requests_per_second, max_concurrency } = options.rate_limit;
        let http = Client::new(
            ClientOptions {
                home: addresses.drive.clone(),
                more_homes: vec![addresses.sheets.clone(), addresses.docs.clone()],
                headers: [].into(),
                params: Vec::new(),
                auth: Some(options.auth(addresses.token.as_str())?),
                // Exports are answered with a redirect to where they are, which needs no credentials.
                other_origins: OtherOrigins::Bare,
                limits: HttpLimits {
                    timeouts: Timeouts {
                        total: options.timeouts.total.or(Some(MAX_SECONDS)),
                        ..options.timeouts
                    },
                    page_bytes: max_bytes,
                },
                rate_limit: RateLimit {
                    requests_per_second: requests_per_second.or(Some(DEFAULT_RATE)),
                    max_concurrency,
                },
                rules: Vec::new(),
                dialect: Dialect {
                    judge: Some(meaning),
                    first_pause: Some(FIRST_PAUSE),
                    keeps_refresh_tokens: true,
                },
                accept: "*/*",
                decodes_text: false,
            },
            host,
        )?;
        Ok(Self {
            http,
            addresses,
            auth: options.auth.clone(),
            access: host.secrets.clone(),
            keys: ResourceKeys::new(options.resource_key.clone(), host)?,
            server_time: Mutex::default(),
        })
    }

    /// The address that a file is shared with for this client to see it.
    pub(super) async fn account(&self, pulse: &Pulse) -> Result<String> {
        if let Some(DriveAuth::ServiceAccount { key, subject }) = &self.auth {
            return match subject {
                Some(subject) => Ok(subject.clone()),
                None => account_of(&key.resolve(&self.access)?),
            };
        }
        #[derive(serde::Deserialize)]
        struct About {
            user: User,
        }
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct User {
            email_address: String,
        }
        let about: About =
            self.get_json(self.url(&["about"], &[("fields", "user(emailAddress)")])?, &[], pulse).await?;
        Ok(about.user.email_address)
    }

    /// What tells the account from others, and says nothing of its secrets.
    ///
    /// # Errors
    /// `config`, where the secrets cannot be read.
    pub(super) fn account_key(&self) -> Result<String> {
        let who = match &self.auth {
            Some(DriveAuth::ServiceAccount { subject: Some(subject), .. }) => subject.clone(),
            Some(DriveAuth::ServiceAccount { key, subject: None }) => {
                account_of(&key.resolve(&self.access)?)?
            }
            Some(DriveAuth::RefreshToken { client_id, refresh_token, .. }) => {
                format!("{client_id} {}", refresh_token.resolve(&self.access)?)
            }
            None => String::new(),
        };
        let digest = ring::digest::digest(&ring::digest::SHA256, who.as_bytes());
        Ok(hex(&digest.as_ref()[..8]))
    }

    /// A file by its id.
    ///
    /// # Errors
    /// `config`, `no_such_file`, where it is not there or not shared.
    pub(super) async fn file(&self, id: &str, pulse: &Pulse) -> Result<DriveFile> {
        let params = [("fields", FILE_FIELDS), ("supportsAllDrives", "true")];
        let file: DriveFile = self.get_json(self.url(&["files", id], &params)?, &[id], pulse).await?;
        self.keys.note([&file]);
        Ok(file)
    }

    /// A page of what is in a folder, of a shared drive where the client is a member of it.
    pub(super) async fn children(
        &self,
        folder: &str,
        drive: Option<&str>,
        page: Option<&str>,
        pulse: &Pulse,
    ) -> Result<FileList> {
        let query = format!("{} in parents and trashed = false", quoted(folder));
        let fields = format!("nextPageToken,incompleteSearch,files({FILE_FIELDS})");
        let mut params = vec![
            ("q", query.as_str()),
            ("fields", &fields),
            ("pageSize", PAGE),
            ("supportsAllDrives", "true"),
            ("includeItemsFromAllDrives", "true"),
            ("spaces", "drive"),
        ];
        if let Some(drive) = drive {
            params.extend([("corpora", "drive"), ("driveId", drive)]);
        }
        params.extend(page.map(|page| ("pageToken", page)));
        let request = self.request(self.url(&["files"], &params)?, &[folder])?;
        let read = |answer| async {
            let list: FileList = self.read_json(answer).await?;
            if list.incomplete_search {
                let message = "Drive has not searched all of its places, so that files may be missing";
                return Err(Error::new(ErrorKind::Unavailable, "incomplete_search", message));
            }
            Ok(list)
        };
        let list =
            self.http.send_for(&request, pulse, read).await.map_err(|error| self.http.redact_error(error))?;
        self.keys.note(&list.files);
        Ok(list)
    }

    /// Whether the client is a member of a shared drive: its changes are in the drive's own log then, and nowhere else.
    pub(super) async fn is_member(&self, drive: &str, pulse: &Pulse) -> Result<bool> {
        let url = self.url(&["drives", drive], &[("fields", "id")])?;
        match self.get_json::<serde_json::Value>(url, &[], pulse).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.code(), NOT_FOUND | "membership" | "no_permission") => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Where the change log of a shared drive, or of the user, stands.
    pub(super) async fn start_token(&self, drive: Option<&str>, pulse: &Pulse) -> Result<String> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Start {
            start_page_token: String,
        }
        let mut params = vec![("supportsAllDrives", "true"), ("fields", "startPageToken")];
        params.extend(drive.map(|drive| ("driveId", drive)));
        let start: Start =
            self.get_json(self.url(&["changes", "startPageToken"], &params)?, &[], pulse).await?;
        Ok(start.start_page_token)
    }

    /// A page of changes.
    pub(super) async fn changes(
        &self,
        drive: Option<&str>,
        token: &str,
        pulse: &Pulse,
    ) -> Result<ChangeList> {
        let fields = format!(
            "nextPageToken,newStartPageToken,changes(changeType,removed,time,fileId,driveId,file({FILE_FIELDS}))"
        );
        let mut params = vec![
            ("pageToken", token),
            ("fields", &fields),
            ("pageSize", PAGE),
            ("includeRemoved", "true"),
            ("supportsAllDrives", "true"),
            ("includeItemsFromAllDrives", "true"),
        ];
        params.extend(drive.map(|drive| ("driveId", drive)));
        let list: ChangeList = self.get_json(self.url(&["changes"], &params)?, &[], pulse).await?;
        self.keys.note(list.changes.iter().filter_map(|change| change.file.as_ref()));
        Ok(list)
    }

    /// An answer in JSON.
    pub(super) async fn get_json<T: DeserializeOwned>(
        &self,
        url: Url,
        ids: &[&str],
        pulse: &Pulse,
    ) -> Result<T> {
        let request = self.request(url, ids)?;
        self.http
            .send_for(&request, pulse, |answer| self.read_json(answer))
            .await
            .map_err(|error| self.http.redact_error(error))
    }

    async fn read_json<T: DeserializeOwned>(&self, answer: Answer) -> Result<T> {
        let date = answer.headers.get(DATE).and_then(|date| date.to_str().ok());
        if let (Some(date), Ok(mut time)) =
            (date.and_then(|date| httpdate::parse_http_date(date).ok()), self.server_time.lock())
        {
            *time = Some(date);
        }
        let (url, status) = (answer.url.clone(), answer.status);
        let beginning = self.http.quote(&answer.body.beginning());
        let (bytes, _) = answer.body.whole().await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            // Half an answer, or a page of HTML in its place, is as passing as status 503.
            let message = format!(
                "{} answered {status} with something else than the JSON that was asked for: {error}",
                catchment_core::mask_url_query(url.as_str())
            );
            Error::new(ErrorKind::Unavailable, "bad_answer", message).with_quote(beginning)
        })
    }

    /// The time by the server's clock, in seconds since 1970.
    pub(super) fn server_seconds(&self) -> u64 {
        let told = self.server_time.lock().ok().and_then(|time| *time);
        let time = told.unwrap_or_else(SystemTime::now);
        time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    /// A GET with the resource keys of the source and of some items.
    pub(super) fn request(&self, url: Url, ids: &[&str]) -> Result<Request> {
        let mut request = Request { max_bytes: Some(MAX_JSON_BYTES), ..Request::get(url) };
        if let Some(value) = self.keys.header(ids)? {
            request.home_headers.insert("x-goog-drive-resource-keys", value);
        }
        Ok(request)
    }

    /// The address of a call of Drive.
    pub(super) fn url(&self, path: &[&str], params: &[(&str, &str)]) -> Result<Url> {
        address(&self.addresses.drive, path, params)
    }
}

/// An address below another one.
pub(super) fn address(base: &Url, path: &[&str], params: &[(&str, &str)]) -> Result<Url> {
    let mut url = base.clone();
    // Ids come from outside: what is a segment stays one.
    url.path_segments_mut()
        .map_err(|()| Error::config("bad_address", format!("`{base}` is no address of an API")))?
        .pop_if_empty()
        .extend(path);
    if !params.is_empty() {
        url.query_pairs_mut().extend_pairs(params);
    }
    Ok(url)
}

/// A text as queries of Drive quote it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}
