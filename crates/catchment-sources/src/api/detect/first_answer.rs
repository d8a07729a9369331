//! What a first answer says of pages beside its records.

use reqwest::header::HeaderMap;

use super::names::{CURSORS, HAS_MORE, NEXT_URLS, OBJECTS, OFFSETS, PAGE_SIZES, PAGES, TOTAL_PAGES, TOTALS};
use crate::api::link::link_to;
use crate::api::options::{PaginationOptions, PaginationType};
use catchment_formats::json::path::{Path, plain};

/// What an answer holds beside its records.
pub(super) struct FirstAnswer<'a> {
    pub(super) envelope: &'a str,
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

    pub(super) fn next_url(&self) -> Option<PaginationOptions> {
        let is_address = |json: &str| {
            json.starts_with('"')
                && plain(json).is_some_and(|text| text.contains("://") || text.starts_with(['/', '?']))
        };
        NEXT_URLS.iter().find_map(|name| self.find(name, is_address)).map(|(path, _)| next_url(path))
    }

    /// The member is there and empty: this page is the last one.
    pub(super) fn next_url_of_the_last_page(&self) -> Option<PaginationOptions> {
        let is_empty = |json: &str| json == "null" || json == "\"\"";
        NEXT_URLS.iter().find_map(|name| self.find(name, is_empty)).map(|(path, _)| next_url(path))
    }

    pub(super) fn cursor(&self) -> Option<PaginationOptions> {
        CURSORS.iter().find_map(|(name, param)| {
            let is_fit = |json: &str| match *name {
                _ if param.is_empty() => json.starts_with('{'),
                // Numbers of this name count records.
                "offset" => plain(json).is_some_and(|text| text.parse::<f64>().is_err()),
                _ => plain(json).is_some_and(|text| !matches!(text.as_str(), "true" | "false")),
            };
            let (path, _) = self.find(name, is_fit)?;
            let mut found = PaginationOptions::of(PaginationType::Cursor);
            found.cursor_path = Some(path);
            found.cursor_param = (!param.is_empty()).then(|| (*param).to_owned());
            Some(found)
        })
    }

    /// The member for a token is there and empty: this page is the last one. Members that may as well tell the token of this
    /// page say nothing.
    pub(super) fn cursor_of_the_last_page(&self) -> Option<PaginationOptions> {
        let is_empty = |json: &str| json == "null" || json == "\"\"";
        let of_next = CURSORS.iter().filter(|(name, _)| !matches!(*name, "cursor" | "continue" | "offset"));
        of_next.into_iter().find_map(|(name, param)| {
            let (path, _) = self.find(name, is_empty)?;
            let (cursor_path, cursor_param) = (Some(path), Some((*param).to_owned()));
            Some(PaginationOptions {
                cursor_path,
                cursor_param,
                ..PaginationOptions::of(PaginationType::Cursor)
            })
        })
    }

    pub(super) fn page(&self, count: u64) -> Option<PaginationOptions> {
        let (number, param) = PAGES.iter().find_map(|(name, param)| Some((self.number(name)?.1, *param)))?;
        let pages = TOTAL_PAGES.iter().find_map(|name| self.number(name));
        let total = self.total();
        let size = PAGE_SIZES.iter().find_map(|name| self.number(name));
        // A page number alone says nothing of others.
        if pages.is_none() && (total.is_none() || size.is_none()) {
            return None;
        }
        let mut found = PaginationOptions::of(PaginationType::Page);
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

    pub(super) fn offset(&self, count: u64) -> Option<PaginationOptions> {
        let (param, limit_param, start, limit) = OFFSETS
            .iter()
            .find_map(|(name, limit)| Some((*name, *limit, self.number(name)?.1, self.number(limit)?.1)))?;
        let (path, total) = self.total()?;
        let mut found = PaginationOptions::of(PaginationType::Offset);
        found.offset_param = Some(param.to_owned());
        found.start_offset = Some(start);
        found.total_path = Some(path);
        if limit > 0 && total > count {
            found.limit_param = Some(limit_param.to_owned());
            found.limit = Some(limit);
        }
        Some(found)
    }

    pub(super) fn has_more(&self) -> bool {
        self.says_of_more("true")
    }

    fn says_of_more(&self, flag: &str) -> bool {
        HAS_MORE.iter().any(|name| self.find(name, |json| json == flag).is_some())
    }

    /// Whether an answer that names no next page says that there is none: it links other pages, or tells totals.
    pub(super) fn is_only_page(&self, headers: &HeaderMap, count: u64) -> bool {
        let is_linked = ["first", "prev", "last"].iter().any(|relation| link_to(headers, relation).is_some());
        // A bare `count` may be that of this page.
        let is_bare = |path: &str| path.rsplit('.').next() == Some("count");
        let is_total = self.total().is_some_and(|(path, total)| total == count && !is_bare(&path));
        let pages = TOTAL_PAGES.iter().find_map(|name| self.number(name));
        is_linked || is_total || pages.is_some_and(|(_, pages)| pages == 1) || self.says_of_more("false")
    }

    /// Stripe's way, which others follow: the next page is what comes after the last record.
    pub(super) fn last_record(&self) -> Option<PaginationOptions> {
        let is_list = plain(Path::parse("object").ok()?.find(self.envelope)?)? == "list";
        if !is_list || !self.has_more() {
            return None;
        }
        let mut found = PaginationOptions::of(PaginationType::Cursor);
        found.cursor_path = Some("$.data[-1].id".to_owned());
        found.cursor_param = Some("starting_after".to_owned());
        found.has_more_path = Some("has_more".to_owned());
        Some(found)
    }

    pub(super) fn total(&self) -> Option<(String, u64)> {
        TOTALS.iter().find_map(|name| self.number(name))
    }
}

fn next_url(path: String) -> PaginationOptions {
    PaginationOptions { next_url_path: Some(path), ..PaginationOptions::of(PaginationType::NextUrl) }
}
