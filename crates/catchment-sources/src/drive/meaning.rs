//! What failures of Google's APIs mean: their reason decides, never the status alone.

use catchment_core::{ErrorKind, mask_url_query};
use serde::Deserialize;

use crate::http::{Failure, Meaning};

/// The code of a token that cannot be gone on with: a list, or the change feed, is read anew.
pub(super) const STALE_TOKEN: &str = "stale_token";
/// The code of a request that is not taken.
pub(super) const BAD_REQUEST: &str = "bad_request";
/// The code of what is not there, or not shared.
pub(super) const NOT_FOUND: &str = "no_such_file";
/// The code of an API that is not enabled in the project of the credentials.
pub(super) const API_DISABLED: &str = "api_disabled";
/// The code of a document that is too large to be exported by the API.
pub(super) const EXPORT_TOO_LARGE: &str = "export_too_large";
/// The code of a file that was downloaded too often.
pub(super) const DOWNLOAD_QUOTA: &str = "download_quota";

const OUR_BUG: &str = "it does not take the request, which is a bug; please report it";

/// The envelope of errors: of Drive with `errors`, of Sheets with `details`.
#[derive(Deserialize)]
struct Envelope {
    error: ApiError,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ApiError {
    message: String,
    status: String,
    errors: Vec<Reason>,
    details: Vec<Reason>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Reason {
    reason: String,
    location: String,
}

/// What a token endpoint says (RFC 6749, 5.2).
#[derive(Deserialize)]
struct TokenError {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// What a failure means; none where HTTP says all.
pub(super) fn meaning(failure: &Failure<'_>) -> Option<Meaning> {
    if let Ok(token) = serde_json::from_str::<TokenError>(failure.body) {
        return of_token(failure, &token);
    }
    let Envelope { error } = serde_json::from_str(failure.body).ok()?;
    let reason =
        error.errors.first().or_else(|| error.details.iter().find(|detail| !detail.reason.is_empty()));
    let location = reason.map_or("", |reason| &reason.location);
    let reason = reason.map_or(&*error.status, |reason| &reason.reason);
    let told = Told { failure, message: &error.message };
    let status = failure.status.as_u16();
    let has_page = failure.url.query_pairs().any(|(name, _)| name == "pageToken");
    if matches!((status, location), (400, "pageToken"))
        || reason == "pageTokenExpired"
        || has_page && status == 410
    {
        return Some(told.meaning(ErrorKind::Api, STALE_TOKEN, "the page token is not valid any more"));
    }
    match status {
        400 => Some(bad_request(&told, reason)),
        403 => forbidden(&told, reason),
        404 => Some(told.meaning(
            ErrorKind::Config,
            NOT_FOUND,
            "it is not there, or not shared with this account",
        )),
        _ => None,
    }
}

/// A failure, and Google's words for it.
struct Told<'a> {
    failure: &'a Failure<'a>,
    message: &'a str,
}

impl Told<'_> {
    fn meaning(&self, kind: ErrorKind, code: &'static str, what: &str) -> Meaning {
        let Failure { url, status, .. } = self.failure;
        Meaning { kind, code, message: format!("{} answered {status}: {what}", mask_url_query(url.as_str())) }
    }
}

fn bad_request(told: &Told<'_>, reason: &str) -> Meaning {
    let config = |code, what: &str| told.meaning(ErrorKind::Config, code, what);
    match reason {
        "FAILED_PRECONDITION" | "failedPrecondition" => config(
            "not_a_google_sheet",
            "it is no spreadsheet of Google Sheets, but a file of another program",
        ),
        _ if told.message.starts_with("Unable to parse range") => {
            config("no_such_sheet", "there is no such tab")
        }
        _ => told.meaning(ErrorKind::Api, BAD_REQUEST, OUR_BUG),
    }
}

fn forbidden(told: &Told<'_>, reason: &str) -> Option<Meaning> {
    limit(told, reason).or_else(|| of_file(told, reason)).or_else(|| of_account(told, reason))
}

/// Limits, of which some pass within a minute.
fn limit(told: &Told<'_>, reason: &str) -> Option<Meaning> {
    let (code, what) = match reason {
        "rateLimitExceeded" | "userRateLimitExceeded" | "RATE_LIMIT_EXCEEDED" | "RESOURCE_EXHAUSTED" => (
            "too_many_requests",
            "too many requests within a minute (lower the option `rateLimit` if that happens often)",
        ),
        "dailyLimitExceeded" => (
            "daily_limit",
            "the daily limit of the project is used up; its owner can raise it in the Google Cloud console",
        ),
        "downloadQuotaExceeded" => {
            (DOWNLOAD_QUOTA, "the file was downloaded too often lately, and cannot be for up to a day")
        }
        _ => return None,
    };
    Some(told.meaning(ErrorKind::RateLimited, code, what))
}

/// What is a file's own.
fn of_file(told: &Told<'_>, reason: &str) -> Option<Meaning> {
    let (code, what) = match reason {
        "cannotDownloadAbusiveFile" => {
            ("abusive_file", "Google has flagged the file as malware or spam; only its owner gets it")
        }
        "cannotDownloadFile" => {
            ("download_forbidden", "its owner does not let viewers download it; ask for that, or for a copy")
        }
        "fileNotDownloadable" | "fileNotExportable" => {
            ("no_content", "the file has nothing that could be downloaded")
        }
        "exportSizeLimitExceeded" => {
            (EXPORT_TOO_LARGE, "the document is larger than the API exports (10 MB)")
        }
        _ => return None,
    };
    Some(told.meaning(ErrorKind::Config, code, what))
}

/// What the account may not do.
fn of_account(told: &Told<'_>, reason: &str) -> Option<Meaning> {
    let (code, what) = match reason {
        "insufficientPermissions" | "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => (
            "insufficient_scope",
            "the credentials lack the scope https://www.googleapis.com/auth/drive.readonly; log in again (`catchment drive login`)",
        ),
        "accessNotConfigured" | "SERVICE_DISABLED" => (API_DISABLED, &*api_disabled(told.failure)),
        "domainPolicy" => {
            ("domain_policy", "the administrators of the domain do not let apps use Drive; ask them")
        }
        "teamDriveMembershipRequired" => {
            ("membership", "only members of the shared drive see that; add this account to it")
        }
        "appNotAuthorizedToFile" => (
            "app_not_authorized",
            "the user has not let this app see the file; log in again (`catchment drive login`), which asks for all files",
        ),
        "insufficientFilePermissions" | "PERMISSION_DENIED" => {
            ("no_permission", "the account may not read the file; share it with this account (Viewer)")
        }
        "supportsTeamDrivesRequired" => {
            return Some(told.meaning(ErrorKind::Api, BAD_REQUEST, OUR_BUG));
        }
        _ => return None,
    };
    Some(told.meaning(ErrorKind::Authentication, code, what))
}

/// What to do where an API is not enabled.
fn api_disabled(failure: &Failure<'_>) -> String {
    let host = failure.url.host_str().unwrap_or_default();
    let is_sheets = host.starts_with("sheets.") || failure.url.path().contains("/v4/spreadsheets");
    let (name, api) = if is_sheets { ("Sheets", "sheets") } else { ("Drive", "drive") };
    format!(
        "the Google {name} API is not enabled in the project of the credentials; enable it at \
         https://console.cloud.google.com/apis/library/{api}.googleapis.com, and wait some minutes"
    )
}

/// Why no token was handed out, and what to do.
fn of_token(failure: &Failure<'_>, token: &TokenError) -> Option<Meaning> {
    let TokenError { error, error_description: description } = token;
    let says = |text: &str| description.contains(text);
    let what = match error.as_str() {
        "invalid_grant" if says("short-lived") || says("iat") => clock(failure),
        "invalid_grant" if says("Invalid JWT Signature") => {
            "Google does not know the key: it was deleted or is of another account; download a new one".to_owned()
        }
        "invalid_grant" if says("account not found") => {
            "the service account does not exist any more; make a new one, and share the files with it".to_owned()
        }
        "invalid_grant" if says("Invalid email or User ID") => {
            "the user of the option `auth/subject` does not exist in the domain".to_owned()
        }
        "invalid_grant" if says("expired or revoked") => "the refresh token has expired or was revoked; log in again \
             (`catchment drive login`). If that happens after 7 days, the consent screen of your client is in testing: publish it \
             (Google Auth Platform, Audience)"
            .to_owned(),
        "unauthorized_client" => "the client may not ask for that: with `auth/subject`, an administrator must allow the service \
             account's client id the scope https://www.googleapis.com/auth/drive.readonly (domain-wide delegation), which takes up to \
             24 hours"
            .to_owned(),
        "invalid_client" => "the client or service account is disabled or deleted, or the client's secret is wrong".to_owned(),
        "invalid_scope" => "the scope is not one that this client may ask for".to_owned(),
        _ => return None,
    };
    let Failure { url, status, .. } = failure;
    let message = format!("{} answered {status}: {what}", mask_url_query(url.as_str()));
    Some(Meaning { kind: ErrorKind::Authentication, code: "token_refused", message })
}

/// What to do where Google does not believe the time in an assertion.
fn clock(failure: &Failure<'_>) -> String {
    let by = match failure.clock_ahead {
        Some(seconds) if seconds > 60 => {
            format!("the clock of this machine is {seconds} s ahead of Google's")
        }
        Some(seconds) if seconds < -60 => {
            format!("the clock of this machine is {} s behind Google's", seconds.unsigned_abs())
        }
        _ => "Google does not believe the clock of this machine".to_owned(),
    };
    format!("{by}; set it (NTP)")
}
