//! What a source promises of what is to come: how many records and pages there are, and whether more follows.

use catchment_core::Result;
use catchment_formats::json::path::{Path, plain};

use super::facts::ResponseFacts;
use crate::api::options::{PaginationOptions, path};

/// Where an answer makes its promises.
#[derive(Debug)]
pub(super) struct Promises {
    total: Option<Path>,
    total_header: Option<String>,
    total_pages: Option<Path>,
    has_more: Option<Path>,
}

impl Promises {
    pub(super) fn new(options: &PaginationOptions) -> Result<Self> {
        let read = |name: &str, text: &Option<String>| path(&format!("pagination/{name}"), text.as_deref());
        Ok(Self {
            total: read("totalPath", &options.total_path)?,
            total_header: options.total_header.clone(),
            total_pages: read("totalPagesPath", &options.total_pages_path)?,
            has_more: read("hasMorePath", &options.has_more_path)?,
        })
    }

    /// Records that there are.
    pub(super) fn total(&self, facts: &ResponseFacts<'_>) -> Option<u64> {
        let in_body = self.total.as_ref().and_then(|path| plain(path.find(facts.envelope)?));
        let in_header = || facts.headers.get(self.total_header.as_deref()?)?.to_str().ok().map(str::to_owned);
        in_body.or_else(in_header)?.trim().parse().ok()
    }

    /// Pages that there are.
    pub(super) fn total_pages(&self, facts: &ResponseFacts<'_>) -> Option<u64> {
        self.total_pages.as_ref()?.find(facts.envelope).and_then(plain)?.parse().ok()
    }

    /// Whether more follows. An answer that does not say it says nothing.
    pub(super) fn has_more(&self, facts: &ResponseFacts<'_>) -> Option<bool> {
        self.has_more.as_ref()?.find(facts.envelope).map(is_true)
    }
}

fn is_true(found: &str) -> bool {
    plain(found).is_some_and(|text| !matches!(text.to_ascii_lowercase().as_str(), "false" | "0" | "no"))
}
