//! Which method of which API a request calls, and about what.

use crate::http::request::Request;
use crate::origin::Origin;

/// A method of one of the APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Call {
    /// `files.list`
    List,
    /// `files.get`, of metadata.
    Get,
    /// `files.get` with `alt=media`.
    Media,
    /// `revisions.get`, of metadata or content.
    Revision,
    /// `files.export`
    Export,
    /// `changes.getStartPageToken`
    StartToken,
    /// `changes.list`
    Changes,
    /// `drives.list`
    Drives,
    /// `drives.get`
    DriveGet,
    /// `about.get`
    About,
    /// `spreadsheets.get`
    SheetGet,
    /// `spreadsheets.values.get`
    Values,
    /// The token endpoint.
    Token,
    /// An export link, at docs.google.com.
    ExportLink,
    /// What an export link redirects to.
    Content,
    /// A path that none of them has.
    Unknown,
}

/// A call, and what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) call: Call,
    /// The file, spreadsheet or drive; of listings the parents that `q` names, in its own words.
    pub(crate) about: Option<String>,
    /// The revision, the range, the path.
    pub(crate) detail: String,
}

/// Finds out what is called.
pub(crate) fn route(origin: Origin, request: &Request) -> Route {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let param = |name: &str| request.pairs().into_iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let to = |call, about: Option<&str>, detail: &str| Route {
        call,
        about: about.map(str::to_owned),
        detail: detail.to_owned(),
    };
    match (origin, segments.as_slice()) {
        (Origin::Drive, ["drive", "v3", rest @ ..]) if request.is_get() => match rest {
            ["files"] => to(Call::List, param("q").as_deref(), ""),
            ["files", id] if param("alt").as_deref() == Some("media") => to(Call::Media, Some(id), ""),
            ["files", id] => to(Call::Get, Some(id), ""),
            ["files", id, "export"] => to(Call::Export, Some(id), ""),
            ["files", id, "revisions", revision] => to(Call::Revision, Some(id), revision),
            ["changes"] => to(Call::Changes, param("driveId").as_deref(), ""),
            ["changes", "startPageToken"] => to(Call::StartToken, param("driveId").as_deref(), ""),
            ["drives"] => to(Call::Drives, None, ""),
            ["drives", id] => to(Call::DriveGet, Some(id), ""),
            ["about"] => to(Call::About, None, ""),
            _ => to(Call::Unknown, None, ""),
        },
        (Origin::Sheets, ["v4", "spreadsheets", id]) if request.is_get() => to(Call::SheetGet, Some(id), ""),
        (Origin::Sheets, ["v4", "spreadsheets", id, "values", range]) if request.is_get() => {
            to(Call::Values, Some(id), range)
        }
        (Origin::Token, ["token"]) => to(Call::Token, None, ""),
        (Origin::Docs, ["spreadsheets", "d", id, "export"]) => to(Call::ExportLink, Some(id), ""),
        (Origin::Docs, [_, "export"]) => to(Call::ExportLink, param("id").as_deref(), ""),
        (Origin::Content, ["export", ticket]) => to(Call::Content, None, ticket),
        _ => to(Call::Unknown, None, ""),
    }
}
