//! Detects the type of pagination from the first answer: from what it says, and never by trying.

mod names;

use catchment_core::{Error, ErrorKind, Result};
use reqwest::header::HeaderMap;

use super::link::link_to;
use super::options::{PaginationOptions, PaginationType};
use catchment_formats::json::path::{Path, plain};
use names::{
    CURSORS, HAS_MORE, NEXT_URLS, OBJECTS, OFFSET_PARAMS, OFFSETS, PAGE_PARAMS, PAGE_SIZES, PAGES,
    TOTAL_HEADERS, TOTAL_PAGES, TOTALS,
};

/// How the answer says that the next page is to be had; type `none` where it says that it is the only page, and `None`
/// where it says nothing of pages. `count` is how many records it holds.
///
/// # Errors
/// `api`, `unknown_pagination`, where it says that there are more records, and not how to ask for them.
pub(super) fn detect(headers: &HeaderMap, envelope: &str, count: u64) -> Result<Option<PaginationOptions>> {
    let seen = FirstAnswer { envelope };
    let found = if link_to(headers, "next").is_some() {
        Some(of(PaginationType::LinkHeader))
    } else {
        let numbered = || seen.page(count).or_else(|| seen.offset(count));
        seen.next_url().or_else(|| seen.cursor()).or_else(numbered).or_else(|| seen.last_record())
    };
    let found = found.or_else(|| seen.next_url_of_the_last_page()).or_else(|| seen.cursor_of_the_last_page());
    if found.is_some() {
        return Ok(found);
    }
    let in_headers =
        TOTAL_HEADERS.iter().find_map(|name| headers.get(*name)?.to_str().ok()?.trim().parse().ok());
    let total = in_headers.or_else(|| seen.total().map(|(_, total)| total));
    let says = match total {
        Some(total) if total > count => format!("that there are {total}"),
        _ if seen.has_more() => "that more follow".to_owned(),
        _ => {
            let is_whole = in_headers == Some(count) || seen.is_only_page(headers, count);
            return Ok(is_whole.then(|| of(PaginationType::None)));
        }
    };
    Err(Error::new(
        ErrorKind::Api,
        "unknown_pagination",
        format!(
            "the answer holds {count} records and says {says}, but not how to request the others; run `catchment \
             inspect` to try the usual parameters, or set the option `pagination`, such as \
             {{\"type\": \"page\", \"pageParam\": \"page\"}}"
        ),
    ))
}

/// Where a first answer tells a total of more records than the `count` that it holds.
pub(super) fn total_path(envelope: &str, count: u64) -> Option<String> {
    FirstAnswer { envelope }.total().filter(|(_, total)| *total > count).map(|(path, _)| path)
}

/// Whether a first answer speaks of more records than the `count` that it holds.
pub(super) fn promises_more_records(headers: &HeaderMap, envelope: &str, count: u64) -> bool {
    let seen = FirstAnswer { envelope };
    link_to(headers, "next").is_some()
        || seen.next_url().is_some()
        || seen.has_more()
        || seen.total().is_some_and(|(_, total)| total > count)
}

/// Whether a parameter numbers pages or counts records, by its name.
pub(super) fn page_param_kind(name: &str) -> Option<PaginationType> {
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|char| char.to_ascii_lowercase()).collect();
    if PAGE_PARAMS.contains(&plain.as_str()) {
        Some(PaginationType::Page)
    } else {
        OFFSET_PARAMS.contains(&plain.as_str()).then_some(PaginationType::Offset)
    }
}

fn of(kind: PaginationType) -> PaginationOptions {
    PaginationOptions { kind: Some(kind), ..PaginationOptions::default() }
}

/// What an answer holds beside its records.
struct FirstAnswer<'a> {
    envelope: &'a str,
}

impl FirstAnswer<'_> {
    /// What stands at a name, somewhere where answers speak of pages: its path and its JSON.
    fn find(&self, name: &str, is_fit: impl Fn(&str) -> bool) -> Option<(String, &str)> {
        OBJECTS.iter().find_map(|place| {
            let dot = if place.is_empty() { "" } else { "." };
            // A name in brackets is one of JSONPath, which begins with the document.
            let text = if name.starts_with('[') {
                format!("${dot}{place}{name}")
            } else {
                format!("{place}{dot}{name}")
            };
            let found = Path::parse(&text).ok()?.find(self.envelope)?;
            is_fit(found).then_some((text, found))
        })
    }

    fn number(&self, name: &str) -> Option<(String, u64)> {
        let read = |json: &str| plain(json)?.parse::<u64>().ok();
        let (path, json) = self.find(name, |json| read(json).is_some())?;
        Some((path, read(json)?))
    }

    fn next_url(&self) -> Option<PaginationOptions> {
        let is_address = |json: &str| {
            json.starts_with('"')
                && plain(json).is_some_and(|text| text.contains("://") || text.starts_with(['/', '?']))
        };
        NEXT_URLS.iter().find_map(|name| self.find(name, is_address)).map(|(path, _)| next_url(path))
    }

    /// The member is there and empty: this page is the last one.
    fn next_url_of_the_last_page(&self) -> Option<PaginationOptions> {
        let is_empty = |json: &str| json == "null" || json == "\"\"";
        NEXT_URLS.iter().find_map(|name| self.find(name, is_empty)).map(|(path, _)| next_url(path))
    }

    fn cursor(&self) -> Option<PaginationOptions> {
        CURSORS.iter().find_map(|(name, param)| {
            let is_fit = |json: &str| match *name {
                _ if param.is_empty() => json.starts_with('{'),
                // Numbers of this name count records.
                "offset" => plain(json).is_some_and(|text| text.parse::<f64>().is_err()),
                _ => plain(json).is_some_and(|text| !matches!(text.as_str(), "true" | "false")),
            };
            let (path, _) = self.find(name, is_fit)?;
            let mut found = of(PaginationType::Cursor);
            found.cursor_path = Some(path);
            found.cursor_param = (!param.is_empty()).then(|| (*param).to_owned());
            Some(found)
        })
    }

    /// The member for a token is there and empty: this page is the last one. Members that may as well tell the token of this
    /// page say nothing.
    fn cursor_of_the_last_page(&self) -> Option<PaginationOptions> {
        let is_empty = |json: &str| json == "null" || json == "\"\"";
        let of_next = CURSORS.iter().filter(|(name, _)| !matches!(*name, "cursor" | "continue" | "offset"));
        of_next.into_iter().find_map(|(name, param)| {
            let (path, _) = self.find(name, is_empty)?;
            let (cursor_path, cursor_param) = (Some(path), Some((*param).to_owned()));
            Some(PaginationOptions { cursor_path, cursor_param, ..of(PaginationType::Cursor) })
        })
    }

    fn page(&self, count: u64) -> Option<PaginationOptions> {
        let (number, param) = PAGES.iter().find_map(|(name, param)| Some((self.number(name)?.1, *param)))?;
        let pages = TOTAL_PAGES.iter().find_map(|name| self.number(name));
        let total = self.total();
        let size = PAGE_SIZES.iter().find_map(|name| self.number(name));
        // A page number alone says nothing of others.
        if pages.is_none() && (total.is_none() || size.is_none()) {
            return None;
        }
        let mut found = of(PaginationType::Page);
        found.page_param = Some(param.to_owned());
        found.start_page = Some(number);
        match pages {
            Some((path, _)) => found.total_pages_path = Some(path),
            // One that is as large as this page may be this page's own: the next page tells.
            None => {
                found.total_path = total.filter(|(_, total)| *total != count).map(|(path, _)| path);
            }
        }
        Some(found)
    }

    fn offset(&self, count: u64) -> Option<PaginationOptions> {
        let (param, limit_param, start, limit) = OFFSETS
            .iter()
            .find_map(|(name, limit)| Some((*name, *limit, self.number(name)?.1, self.number(limit)?.1)))?;
        let (path, total) = self.total()?;
        let mut found = of(PaginationType::Offset);
        found.offset_param = Some(param.to_owned());
        found.start_offset = Some(start);
        found.total_path = Some(path);
        if limit > 0 && total > count {
            found.limit_param = Some(limit_param.to_owned());
            found.limit = Some(limit);
        }
        Some(found)
    }

    fn has_more(&self) -> bool {
        self.says_of_more("true")
    }

    fn says_of_more(&self, flag: &str) -> bool {
        HAS_MORE.iter().any(|name| self.find(name, |json| json == flag).is_some())
    }

    /// Whether an answer that names no next page says that there is none: it links other pages, or tells totals.
    fn is_only_page(&self, headers: &HeaderMap, count: u64) -> bool {
        let is_linked = ["first", "prev", "last"].iter().any(|relation| link_to(headers, relation).is_some());
        // A bare `count` may be that of this page.
        let is_bare = |path: &str| path.rsplit('.').next() == Some("count");
        let is_total = self.total().is_some_and(|(path, total)| total == count && !is_bare(&path));
        let pages = TOTAL_PAGES.iter().find_map(|name| self.number(name));
        is_linked || is_total || pages.is_some_and(|(_, pages)| pages == 1) || self.says_of_more("false")
    }

    /// Stripe's way, which others follow: the next page is what comes after the last record.
    fn last_record(&self) -> Option<PaginationOptions> {
        let is_list = plain(Path::parse("object").ok()?.find(self.envelope)?)? == "list";
        if !is_list || !self.has_more() {
            return None;
        }
        let mut found = of(PaginationType::Cursor);
        found.cursor_path = Some("$.data[-1].id".to_owned());
        found.cursor_param = Some("starting_after".to_owned());
        found.has_more_path = Some("has_more".to_owned());
        Some(found)
    }

    fn total(&self) -> Option<(String, u64)> {
        TOTALS.iter().find_map(|name| self.number(name))
    }
}

fn next_url(path: String) -> PaginationOptions {
    PaginationOptions { next_url_path: Some(path), ..of(PaginationType::NextUrl) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers of known APIs, and the options that are found in them.
    const KNOWN_APIS: &[(&str, &str)] = &[
        // Django REST Framework
        (
            r#"{"count": 9, "next": "http://h/x/?page=2", "previous": null, "results": []}"#,
            r#"{"type": "next_url", "nextUrlPath": "next"}"#,
        ),
        // the same on the last page
        (
            r#"{"count": 2, "next": null, "previous": null, "results": []}"#,
            r#"{"type": "next_url", "nextUrlPath": "next"}"#,
        ),
        // PocketBase
        (
            r#"{"page": 1, "perPage": 2, "totalItems": 9, "totalPages": 5, "items": []}"#,
            r#"{"type": "page", "pageParam": "page", "startPage": 1, "totalPagesPath": "totalPages"}"#,
        ),
        // Laravel
        (
            r#"{"current_page": 1, "last_page": 5, "data": [], "next_page_url": "http://h/x?page=2"}"#,
            r#"{"type": "next_url", "nextUrlPath": "next_page_url"}"#,
        ),
        // Spring
        (
            r#"{"content": [], "totalPages": 5, "number": 0, "size": 2}"#,
            r#"{"type": "page", "pageParam": "page", "startPage": 0, "totalPagesPath": "totalPages"}"#,
        ),
        // Slack
        (
            r#"{"members": [], "response_metadata": {"next_cursor": "abc"}}"#,
            r#"{"type": "cursor", "cursorPath": "response_metadata.next_cursor", "cursorParam": "cursor"}"#,
        ),
        // Google
        (
            r#"{"items": [], "nextPageToken": "abc"}"#,
            r#"{"type": "cursor", "cursorPath": "nextPageToken", "cursorParam": "pageToken"}"#,
        ),
        // MediaWiki
        (
            r#"{"continue": {"cmcontinue": "x", "continue": "-||"}, "query": {}}"#,
            r#"{"type": "cursor", "cursorPath": "continue"}"#,
        ),
        // OData
        (
            r#"{"value": [], "@odata.nextLink": "https://h/x?$skip=2"}"#,
            r#"{"type": "next_url", "nextUrlPath": "$['@odata.nextLink']"}"#,
        ),
        // HAL
        (
            r#"{"_links": {"next": {"href": "/x?page=2"}}, "_embedded": {}}"#,
            r#"{"type": "next_url", "nextUrlPath": "_links.next.href"}"#,
        ),
        (
            r#"{"products": [], "total": 9, "skip": 0, "limit": 2}"#,
            r#"{"type": "offset", "offsetParam": "skip", "startOffset": 0, "totalPath": "total", "limitParam": "limit", "limit": 2}"#,
        ),
        // Stripe
        (
            r#"{"object": "list", "has_more": true, "data": [{"id": "x"}]}"#,
            r#"{"type": "cursor", "cursorPath": "$.data[-1].id", "cursorParam": "starting_after", "hasMorePath": "has_more"}"#,
        ),
        // Airtable
        (
            r#"{"records": [], "offset": "itr1/rec2"}"#,
            r#"{"type": "cursor", "cursorPath": "offset", "cursorParam": "offset"}"#,
        ),
        // HubSpot
        (
            r#"{"results": [], "paging": {"next": {"after": "2", "link": "https://h/x?after=2"}}}"#,
            r#"{"type": "next_url", "nextUrlPath": "paging.next.link"}"#,
        ),
        // a cursor on the last page
        (
            r#"{"songs": [], "meta": {"next_cursor": null}}"#,
            r#"{"type": "cursor", "cursorPath": "meta.next_cursor", "cursorParam": "cursor"}"#,
        ),
        // what says that there is one page
        (r#"{"data": [], "total": 2}"#, r#"{"type": "none"}"#),
        (r#"{"data": [], "has_more": false}"#, r#"{"type": "none"}"#),
        (r#"{"data": [], "meta": {"total_pages": 1}}"#, r#"{"type": "none"}"#),
        // what says nothing
        (r#"[]"#, "null"),
        (r#"{"data": [], "count": 2}"#, "null"),
        (r#"{"data": [], "cursor": null, "status": "ok"}"#, "null"),
    ];

    fn found(envelope: &str, count: u64) -> serde_json::Value {
        serde_json::to_value(detect(&HeaderMap::new(), envelope, count).unwrap()).unwrap()
    }

    #[test]
    fn answers_of_known_apis_say_how_they_go_on() {
        let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        for (envelope, expected) in KNOWN_APIS {
            assert_eq!(found(envelope, 2), json(expected), "{envelope}");
        }
        for more in [r#"{"data": [], "total": 9}"#, r#"{"data": [], "meta": {"hasMore": true}}"#] {
            assert_eq!(detect(&HeaderMap::new(), more, 2).unwrap_err().code(), "unknown_pagination");
        }
    }
}
