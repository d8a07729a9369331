//! Detects the type of pagination from the first answer: from what it says, and never by trying.

mod first_answer;
mod names;

use catchment_core::{Error, ErrorKind, Result};
use reqwest::header::HeaderMap;

use super::link::link_to;
use super::options::{PaginationOptions, PaginationType};
use first_answer::FirstAnswer;
use names::{OFFSET_PARAMS, PAGE_PARAMS, TOTAL_HEADERS};

/// How the answer says that the next page is to be had; type `none` where it says that it is the only page, and `None`
/// where it says nothing of pages. `count` is how many records it holds.
///
/// # Errors
/// `api`, `unknown_pagination`, where it says that there are more records, and not how to ask for them.
pub(super) fn detect(headers: &HeaderMap, envelope: &str, count: u64) -> Result<Option<PaginationOptions>> {
    let seen = FirstAnswer { envelope };
    let found = if link_to(headers, "next").is_some() {
        Some(PaginationOptions::of(PaginationType::LinkHeader))
    } else {
        let numbered = || seen.page(count).or_else(|| seen.offset(count));
        seen.next_url().or_else(|| seen.cursor()).or_else(numbered).or_else(|| seen.last_record())
    };
    let found = found.or_else(|| seen.next_url_of_the_last_page()).or_else(|| seen.cursor_of_the_last_page());
    if found.is_some() {
        return Ok(found);
    }
    let in_headers = TOTAL_HEADERS.iter().find_map(|name| total_in(headers, name));
    let total = in_headers.or_else(|| seen.total().map(|(_, total)| total));
    let says = match total {
        Some(total) if total > count => format!("that there are {total}"),
        _ if seen.has_more() => "that more follow".to_owned(),
        _ => {
            let is_whole = in_headers == Some(count) || seen.is_only_page(headers, count);
            return Ok(is_whole.then(|| PaginationOptions::of(PaginationType::None)));
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

/// Where a first answer tells a total of more records than the `count` that it holds, as the options that say it.
pub(super) fn find_total(headers: &HeaderMap, envelope: &str, count: u64) -> Option<PaginationOptions> {
    let in_header =
        TOTAL_HEADERS.iter().find(|name| total_in(headers, name).is_some_and(|total| total > count));
    if let Some(name) = in_header {
        let total_header = Some((*name).to_owned());
        return Some(PaginationOptions { total_header, ..PaginationOptions::default() });
    }
    let (path, _) = FirstAnswer { envelope }.total().filter(|(_, total)| *total > count)?;
    Some(PaginationOptions { total_path: Some(path), ..PaginationOptions::default() })
}

fn total_in(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
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
