//! Every refusal of Google's that is known, with its real words.

use serde_json::json;

use crate::problem::Problem;
use crate::world::page_tokens::TokenDeath;

const PROJECT: &str = "123456789012";

/// 403: too many requests, of the project.
pub(crate) fn rate_limit_exceeded() -> Problem {
    Problem::new(403, "rateLimitExceeded", "Rate Limit Exceeded").usage()
}

/// 403: too many requests, of the user.
pub(crate) fn user_rate_limit_exceeded() -> Problem {
    let message = format!(
        "User Rate Limit Exceeded. Rate of requests for user exceed configured project quota. You may consider \
         re-evaluating expected per-user traffic to the API and adjust project quota limits accordingly. You may \
         monitor aggregate quota usage and adjust limits in the API Console: \
         https://console.developers.google.com/apis/api/drive.googleapis.com/quotas?project={PROJECT}"
    );
    Problem::new(403, "userRateLimitExceeded", message).usage()
}

/// 429, which rarely says when to come back.
pub(crate) fn too_many_requests(retry_after: Option<u32>) -> Problem {
    let problem = Problem::new(429, "rateLimitExceeded", "Rate Limit Exceeded").usage();
    match retry_after {
        Some(seconds) => problem.header("retry-after", seconds.to_string()),
        None => problem,
    }
}

/// 403: a cap that the project's owner has set.
pub(crate) fn daily_limit() -> Problem {
    Problem::new(403, "dailyLimitExceeded", "Daily Limit Exceeded").usage()
}

pub(crate) fn download_quota() -> Problem {
    Problem::new(403, "downloadQuotaExceeded", "The download quota for this file has been exceeded.")
}

pub(crate) fn abusive() -> Problem {
    let message = "This file has been identified as malware or spam and cannot be downloaded.";
    Problem::new(403, "cannotDownloadAbusiveFile", message)
}

pub(crate) fn cannot_download() -> Problem {
    Problem::new(403, "cannotDownloadFile", "This file cannot be downloaded by the user.")
}

pub(crate) fn not_downloadable() -> Problem {
    let message = "Only files with binary content can be downloaded. Use Export with Docs Editors files.";
    Problem::new(403, "fileNotDownloadable", message).at("alt")
}

pub(crate) fn not_exportable() -> Problem {
    Problem::new(403, "fileNotExportable", "Export only supports Docs Editors files.")
}

pub(crate) fn export_too_large() -> Problem {
    Problem::new(403, "exportSizeLimitExceeded", "This file is too large to be exported.")
}

pub(crate) fn conversion_not_supported() -> Problem {
    Problem::new(400, "badRequest", "The requested conversion is not supported.").at("convertTo")
}

/// 403: the token's scopes do not suffice.
pub(crate) fn insufficient_scope() -> Problem {
    let mut problem =
        Problem::new(403, "insufficientPermissions", "Insufficient Permission").with_status().detail(json!({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
            "domain": "googleapis.com",
        }));
    problem.top_message = Some("Request had insufficient authentication scopes.".to_owned());
    problem.header(
        "www-authenticate",
        "Bearer realm=\"https://accounts.google.com/\", error=\"insufficient_scope\"",
    )
}

/// 403: the API is not enabled in the project.
pub(crate) fn api_disabled(title: &str, service: &str) -> Problem {
    let address =
        format!("https://console.developers.google.com/apis/api/{service}/overview?project={PROJECT}");
    let message = format!(
        "{title} has not been used in project {PROJECT} before or it is disabled. Enable it by visiting {address} then \
         retry. If you enabled this API recently, wait a few minutes for the action to propagate to our systems and \
         retry."
    );
    Problem::new(403, "accessNotConfigured", message).usage().with_status().detail(json!({
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": service, "consumer": format!("projects/{PROJECT}"), "activationUrl": address},
    }))
}

pub(crate) fn domain_policy() -> Problem {
    Problem::new(403, "domainPolicy", "The domain administrators have disabled Drive apps.")
}

pub(crate) fn membership() -> Problem {
    let message = "The attempted action requires shared drive membership.";
    Problem::new(403, "teamDriveMembershipRequired", message)
}

pub(crate) fn app_not_authorized(id: &str) -> Problem {
    let message = format!("The user has not granted the app {PROJECT} read access to the file {id}.");
    Problem::new(403, "appNotAuthorizedToFile", message)
}

pub(crate) fn insufficient_file_permissions(id: &str) -> Problem {
    let message = format!("The user does not have sufficient permissions for file {id}.");
    Problem::new(403, "insufficientFilePermissions", message)
}

/// 403: a flag was forgotten.
pub(crate) fn supports_all_drives_required() -> Problem {
    let message = "The supportsAllDrives parameter must be set to true to access shared drive items.";
    Problem::new(403, "supportsTeamDrivesRequired", message).at("supportsAllDrives")
}

pub(crate) fn stale_token(death: TokenDeath) -> Problem {
    match death {
        TokenDeath::Invalid => Problem::new(400, "invalid", "Invalid Value").at("pageToken"),
        TokenDeath::Expired => Problem::new(403, "pageTokenExpired", "Page token expired.").at("pageToken"),
        TokenDeath::NotFound => Problem::new(404, "notFound", "Page token not found.").at("pageToken"),
        TokenDeath::Gone => Problem::new(410, "gone", "The page token is no longer valid.").at("pageToken"),
    }
}

pub(crate) fn not_found(id: &str) -> Problem {
    Problem::new(404, "notFound", format!("File not found: {id}.")).at("fileId")
}

pub(crate) fn drive_not_found(id: &str) -> Problem {
    Problem::new(404, "notFound", format!("Shared drive not found: {id}")).at("driveId")
}

/// 500 to 504. 502 and 504 come from what stands before the API, as HTML.
pub(crate) fn backend_error(code: u16) -> Problem {
    match code {
        502 => Problem::html(
            502,
            "The server encountered a temporary error and could not complete your request.",
        ),
        504 => Problem::html(504, "The service took too long to answer."),
        500 => Problem::new(500, "internalError", "Internal Error"),
        _ => Problem::new(code, "backendError", "Backend Error"),
    }
}

/// 401: the token is bad, or no longer good.
pub(crate) fn auth_error() -> Problem {
    let mut problem = Problem::new(401, "authError", "Invalid Credentials").with_status();
    problem.location = Some(("header", "Authorization"));
    problem.top_message = Some(
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
         authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
            .to_owned(),
    );
    problem
        .header("www-authenticate", "Bearer realm=\"https://accounts.google.com/\", error=\"invalid_token\"")
}

/// 403, not 401: there is no token at all.
pub(crate) fn unregistered() -> Problem {
    let message = "Method doesn't allow unregistered callers (callers without established identity). Please use API \
                   Key or other form of API consumer identity to call this API.";
    Problem::new(403, "forbidden", message).with_status()
}

/// A path that no API has.
pub(crate) fn no_such_page() -> Problem {
    Problem::html(404, "The requested URL was not found on this server.")
}

/// 400 of Drive: a parameter with a value that it cannot have.
pub(crate) fn invalid_value(parameter: &'static str) -> Problem {
    Problem::new(400, "invalid", "Invalid Value").at(parameter)
}

/// 400 of Drive: a parameter is missing.
pub(crate) fn required(parameter: &'static str) -> Problem {
    Problem::new(400, "required", format!("Required parameter: {parameter}")).at(parameter)
}

/// 400 of Drive: parameters that do not go together.
pub(crate) fn bad_request(message: impl Into<String>) -> Problem {
    Problem::new(400, "badRequest", message)
}
