//! All that can go wrong, by name.

use std::time::Duration;

use serde_json::json;

use super::damage::{Damage, Share};
use super::twists::Twists;
use crate::http::reply::Reply;
use crate::problem::Problem;
use crate::refusals;
use crate::world::page_tokens::TokenDeath;

/// Something that goes wrong with a request. Refusals take the form of the API that is called.
#[derive(Debug, Clone)]
pub struct Fault(pub(crate) Effect);

#[derive(Debug, Clone)]
pub(crate) enum Effect {
    Refuse(Box<Problem>),
    Answer(Reply),
    Damage(Damage),
    Twist(Twists),
}

/// Constructors of refusals: `name => what it is`.
macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident => $problem:expr;)*) => {
        impl Fault {
            $($(#[$doc])* #[must_use] pub fn $name() -> Self { Self(Effect::Refuse(Box::new($problem))) })*
        }
    };
}

refusals! {
    /// 403 `rateLimitExceeded`
    rate_limit_exceeded => refusals::rate_limit_exceeded();
    /// 403 `userRateLimitExceeded`
    user_rate_limit_exceeded => refusals::user_rate_limit_exceeded();
    /// 403 `dailyLimitExceeded`
    daily_limit => refusals::daily_limit();
    /// 403 `downloadQuotaExceeded`
    download_quota => refusals::download_quota();
    /// 403 `cannotDownloadAbusiveFile`
    abusive => refusals::abusive();
    /// 403 `cannotDownloadFile`
    cannot_download => refusals::cannot_download();
    /// 403 `fileNotDownloadable`
    not_downloadable => refusals::not_downloadable();
    /// 403 `fileNotExportable`
    not_exportable => refusals::not_exportable();
    /// 403 `exportSizeLimitExceeded`
    export_too_large => refusals::export_too_large();
    /// 403 `insufficientPermissions`: the scope
    insufficient_scope => refusals::insufficient_scope();
    /// 403 `accessNotConfigured` of the Drive API
    drive_api_disabled => refusals::api_disabled("Google Drive API", "drive.googleapis.com");
    /// 403 SERVICE_DISABLED of the Sheets API
    sheets_api_disabled => refusals::api_disabled("Google Sheets API", "sheets.googleapis.com");
    /// 403 `domainPolicy`
    domain_policy => refusals::domain_policy();
    /// 403 `teamDriveMembershipRequired`
    membership => refusals::membership();
    /// 403 `supportsTeamDrivesRequired`
    supports_all_drives_required => refusals::supports_all_drives_required();
    /// 400 `invalid` at `pageToken`
    token_invalid => refusals::stale_token(TokenDeath::Invalid);
    /// 403 `pageTokenExpired`
    token_expired_403 => refusals::stale_token(TokenDeath::Expired);
    /// 404 at `pageToken`
    token_not_found => refusals::stale_token(TokenDeath::NotFound);
    /// 410
    gone_410 => refusals::stale_token(TokenDeath::Gone);
    /// 401 `authError`
    auth_error => refusals::auth_error();
    /// 400 `badRequest`
    bad_request => refusals::bad_request("Bad Request");
}

impl Fault {
    /// 429, with `Retry-After` in seconds or without.
    #[must_use]
    pub fn too_many_requests(retry_after: Option<u32>) -> Self {
        Self(Effect::Refuse(Box::new(refusals::too_many_requests(retry_after))))
    }

    /// 403 `appNotAuthorizedToFile`
    #[must_use]
    pub fn app_not_authorized(id: &str) -> Self {
        Self(Effect::Refuse(Box::new(refusals::app_not_authorized(id))))
    }

    /// 403 `insufficientFilePermissions`
    #[must_use]
    pub fn insufficient_file_permissions(id: &str) -> Self {
        Self(Effect::Refuse(Box::new(refusals::insufficient_file_permissions(id))))
    }

    /// 404 `notFound`, of this file.
    #[must_use]
    pub fn not_found(id: &str) -> Self {
        Self(Effect::Refuse(Box::new(refusals::not_found(id))))
    }

    /// 500, 502, 503 or 504; 502 and 504 as HTML.
    #[must_use]
    pub fn backend_error(code: u16) -> Self {
        Self(Effect::Refuse(Box::new(refusals::backend_error(code))))
    }

    /// An error of OAuth at the token endpoint: `error` and its description.
    #[must_use]
    pub fn oauth(code: u16, error: &'static str, description: &str) -> Self {
        Self(Effect::Refuse(Box::new(Problem::new(code, error, description))))
    }

    /// Any answer.
    #[must_use]
    pub fn answer(status: u16, content_type: &str, body: &[u8]) -> Self {
        Self(Effect::Answer(Reply::bytes(status, body.to_vec()).header("content-type", content_type)))
    }

    /// A page for people, with 200.
    #[must_use]
    pub fn html_200() -> Self {
        Self(Effect::Answer(Reply::html(
            200,
            "<!doctype html><html><title>Sorry...</title><body>unusual traffic",
        )))
    }

    /// `{}`, with 200.
    #[must_use]
    pub fn empty_object_200() -> Self {
        Self(Effect::Answer(Reply::json(200, &json!({}))))
    }

    /// Half of the body, with the length of that half: JSON that ends in the middle.
    #[must_use]
    pub const fn half_json() -> Self {
        Self(Effect::Damage(Damage::Halve))
    }

    /// Half of the body, and the connection ends; with the length of all of it announced, or with none.
    #[must_use]
    pub const fn cut_body(is_length_announced: bool) -> Self {
        Self(Effect::Damage(Damage::Cut { after: Share::Half, is_announced: is_length_announced }))
    }

    /// So many bytes of the body, and the connection ends.
    #[must_use]
    pub const fn cut_after(bytes: usize, is_length_announced: bool) -> Self {
        Self(Effect::Damage(Damage::Cut { after: Share::Bytes(bytes), is_announced: is_length_announced }))
    }

    /// The connection is reset before an answer.
    #[must_use]
    pub const fn reset() -> Self {
        Self(Effect::Damage(Damage::Reset(Share::Bytes(0))))
    }

    /// The connection is reset after half of the body.
    #[must_use]
    pub const fn reset_in_body() -> Self {
        Self(Effect::Damage(Damage::Reset(Share::Half)))
    }

    /// The head, half of the body, and nothing more until the client goes away.
    #[must_use]
    pub const fn stall() -> Self {
        Self(Effect::Damage(Damage::Stall))
    }

    /// No answer at all until the client goes away.
    #[must_use]
    pub const fn silence() -> Self {
        Self(Effect::Damage(Damage::Silence))
    }

    /// The body in pieces, with a pause before each.
    #[must_use]
    pub const fn slow(piece_bytes: usize, pause: Duration) -> Self {
        Self(Effect::Damage(Damage::Slow { piece: piece_bytes, pause }))
    }

    /// Metadata whose `md5Checksum` is of something else.
    #[must_use]
    pub const fn wrong_md5() -> Self {
        Self(Effect::Damage(Damage::WrongMd5))
    }

    /// Content in which a byte is another.
    #[must_use]
    pub const fn wrong_byte() -> Self {
        Self(Effect::Damage(Damage::WrongByte))
    }

    /// So many zero bytes, packed with gzip.
    #[must_use]
    pub const fn gzip_bomb(bytes: usize) -> Self {
        Self(Effect::Damage(Damage::GzipBomb(bytes)))
    }

    /// `incompleteSearch: true`, and every other file of the page is missing.
    #[must_use]
    pub fn incomplete_search() -> Self {
        Self(Effect::Twist(Twists { is_incomplete: true, ..Twists::default() }))
    }

    /// A page without entries, and with a next page token.
    #[must_use]
    pub fn empty_page_with_next() -> Self {
        Self(Effect::Twist(Twists { is_empty_page: true, ..Twists::default() }))
    }

    /// A page of so many entries at most.
    #[must_use]
    pub fn short_pages(entries: usize) -> Self {
        Self(Effect::Twist(Twists { short_page: Some(entries), ..Twists::default() }))
    }

    /// A page of changes with each of its entries twice.
    #[must_use]
    pub fn repeated_change_entries() -> Self {
        Self(Effect::Twist(Twists { repeats_entries: true, ..Twists::default() }))
    }

    /// A page of changes without its removals.
    #[must_use]
    pub fn lost_removals() -> Self {
        Self(Effect::Twist(Twists { loses_removals: true, ..Twists::default() }))
    }
}
