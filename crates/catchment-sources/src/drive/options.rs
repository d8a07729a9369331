//! The options of Google Drive.

use std::time::Duration;

use catchment_core::{Result, Secret, invalid_option, refuse_unknown, split_options};
use catchment_formats::{FileFormatOptions, SheetChoice};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::files::OnBadFile;
use crate::http::{AuthOptions, ClientAuthentication, RateLimit, Scopes, Timeouts};

/// What is asked for: to read everything that the account can see, and to change nothing.
pub(super) const SCOPE: &str = "https://www.googleapis.com/auth/drive.readonly";
/// Longest file, where no option says so.
const MAX_FILE_BYTES: u64 = 1 << 30;

/// What is read of Google Drive, and as whom; how files are written is said as of any file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct DriveOptions {
    /// What is read, and as whom.
    #[serde(flatten)]
    pub drive: DriveOnly,
    /// How files are written.
    #[serde(flatten)]
    pub format: FileFormatOptions,
}

/// What is read of Google Drive, and as whom.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DriveOnly {
    /// As whom Drive is read.
    pub auth: Option<DriveAuth>,
    /// What is read: `rows` of a file or of all files in a folder, or the `files` of a folder themselves. Default `auto`: of a
    /// file its rows, of a folder its files.
    pub read: DriveRead,
    /// Which files of a folder: a pattern of their names, such as `*.csv`, or of their paths below the folder, where it has a `/`, such as
    /// `2026/**/*.csv`; upper and lower case are the same. Default: those that can be read as rows, or audio and video.
    pub pattern: Option<String>,
    /// Whether folders in the folder are read. Default true.
    pub recursive: Option<bool>,
    /// What becomes of shortcuts: `follow` (the default) or `skip`.
    pub shortcuts: Shortcuts,
    /// What the cells of a Google spreadsheet hold: `raw` (the default) numbers, dates and flags as such, or `shown`, texts as the sheet
    /// shows them.
    pub values: DriveValues,
    /// How title and artist are told from the name of a file: a regular expression with the groups `title` and `artist`, such as
    /// `(?<artist>.+) - (?<title>.+)`, matched against the name without its extension. Default: `NN Artist - Title`, where the number
    /// may be missing, and else the whole name is the title.
    pub name_pattern: Option<String>,
    /// The resource key of a file or folder that was shared by an old link.
    pub resource_key: Option<Secret>,
    /// After which time all of a folder is read, even where Drive tells what changed: Drive does not tell all. A number with `d`, `h` or
    /// `m`. Default `7d`.
    pub reconcile_after: Option<String>,
    /// Of a folder's rows: what becomes of a file that cannot be read: `reject` makes it a reject and goes on with the next file (the
    /// default), `fail` ends the run.
    pub on_bad_file: Option<OnBadFile>,
    /// Rate limit of requests to Google. Default 10 requests per second, 4 at a time.
    pub rate_limit: RateLimit,
    /// How long answers may take. Default for `total` 86400.
    pub timeouts: Timeouts,
    /// The options of delimited text, in an object of their own; they may as well stand beside the others.
    pub csv: Option<Map<String, Value>>,
}

/// As whom Drive is read. Secrets are `"text"`, `{"env": "NAME"}` or `{"file": "path"}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum DriveAuth {
    /// As a service account: what is to be read is shared with its address.
    ServiceAccount {
        /// The text of its key file, in JSON.
        key: Secret,
        /// The user that it acts for, where the administrators of the domain let it (domain-wide delegation).
        subject: Option<String>,
    },
    /// As the user who logged in by `catchment drive login`, with a client of one's own.
    RefreshToken {
        /// The client.
        client_id: String,
        /// Its secret.
        client_secret: Secret,
        /// The refresh token.
        refresh_token: Secret,
    },
}

/// What is read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriveRead {
    /// Of a file its rows, of a folder its files.
    #[default]
    Auto,
    /// The rows of a file, or of all files in a folder.
    Rows,
    /// The files of a folder themselves.
    Files,
}

/// What becomes of shortcuts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shortcuts {
    /// What they lead to is read as if it were there.
    #[default]
    Follow,
    /// They are passed over.
    Skip,
}

/// What the cells of a Google spreadsheet hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DriveValues {
    /// Numbers, dates and flags as such.
    #[default]
    Raw,
    /// Texts as the sheet shows them.
    Shown,
}

impl DriveOptions {
    /// Reads the options of all parts out of those of a request.
    ///
    /// # Errors
    /// `config`, with a JSON pointer to what does not fit.
    pub(super) fn parse(mut options: Map<String, Value>) -> Result<Self> {
        if let Some(Value::Object(csv)) = options.get("csv").cloned() {
            options.remove("csv");
            options.extend(csv);
        }
        if options.get("format").is_some_and(|format| format == "auto") {
            options.remove("format");
        }
        if options.get("format").is_some_and(|format| format == "tsv") {
            options.entry("delimiter").or_insert_with(|| "tab".into());
        }
        refuse_unknown::<Self>(&options)?;
        let drive = split_options(&mut options)?;
        let mut format = FileFormatOptions::take(&mut options)?;
        format.text.max_file_bytes.get_or_insert(MAX_FILE_BYTES);
        Ok(Self { drive, format })
    }
}

impl DriveOnly {
    /// How requests are authenticated, with tokens from an endpoint.
    ///
    /// # Errors
    /// `config`, `invalid_options`, where nobody is named.
    pub(super) fn auth(&self, token_url: &str) -> Result<AuthOptions> {
        let scopes = || Scopes::Text(SCOPE.to_owned());
        match self.auth.clone() {
            Some(DriveAuth::ServiceAccount { key, subject }) => {
                Ok(AuthOptions::ServiceAccount { key, scopes: scopes(), subject })
            }
            Some(DriveAuth::RefreshToken { client_id, client_secret, refresh_token }) => {
                Ok(AuthOptions::Oauth2RefreshToken {
                    token_url: token_url.to_owned(),
                    client_id,
                    client_secret: Some(client_secret),
                    refresh_token,
                    scopes: None,
                    token_params: [].into(),
                    client_authentication: ClientAuthentication::Body,
                })
            }
            None => Err(invalid_option(
                "auth",
                "is missing: Google Drive is read as somebody; give {\"type\": \"service_account\", \"key\": {\"file\": \"key.json\"}}, or \
                 log in by `catchment drive login`",
            )),
        }
    }

    /// After which time all is read.
    ///
    /// # Errors
    /// `config`, `invalid_options`.
    pub(super) fn reconcile_after(&self) -> Result<Duration> {
        let text = self.reconcile_after.as_deref().unwrap_or("7d").trim();
        let digits = text.trim_end_matches(|char: char| !char.is_ascii_digit());
        let seconds = match &text[digits.len()..] {
            "d" => 24 * 60 * 60,
            "h" => 60 * 60,
            "m" => 60,
            _ => 0,
        };
        let number =
            digits.parse::<u64>().ok().filter(|number| (1..=100_000).contains(number) && seconds > 0);
        let problem = "must be a number with `d`, `h` or `m`, such as `7d`";
        Ok(Duration::from_secs(number.ok_or_else(|| invalid_option("reconcileAfter", problem))? * seconds))
    }
}

/// Takes the tab out of the options: a number is that of a Google spreadsheet (its `gid`), which no workbook knows, and may be 0.
pub(super) fn tab_of(format: &mut FileFormatOptions) -> Option<SheetChoice> {
    let sheet = format.sheet.sheet.clone();
    if sheet == Some(SheetChoice::Number(0)) {
        format.sheet.sheet = None;
    }
    sheet
}
