//! Probing: tries the usual parameters for a second page where the first answer says nothing of pages. A way counts only if
//! the parameter is what made the difference: the number of the first page gives the first page again, and an offset moves
//! the list by as many records.

use std::collections::HashSet;

use catchment_core::{Error, ErrorKind, Result};
use reqwest::Url;

use super::detect::page_param_kind;
use super::options::{PaginationOptions, PaginationType};
use super::pagination::PageLocator;
use super::reader::{Reader, TriedPage};

/// What pages are most often asked for by, the likeliest first.
const USUAL: [&str; 12] = [
    "page",
    "offset",
    "skip",
    "start",
    "_page",
    "p",
    "pageNumber",
    "page_number",
    "pageIndex",
    "startAt",
    "$skip",
    "page[number]",
];
/// Failures after which a server is left alone.
const MAX_FAILURES: usize = 3;
/// A page that no source has, to see how its pages end.
const FAR: u64 = 1_000_000;
/// Refusals that say that a page does not exist. A server may refuse large numbers by others, and hold records there.
const NOT_THERE: [u16; 3] = [404, 410, 416];

/// What probing came to.
#[derive(Debug, Default)]
pub(super) struct Probed {
    pub(super) found: Option<FoundWay>,
    /// The parameters that were tried.
    pub(super) tried: Vec<String>,
    /// The first failure on the way.
    pub(super) failure: Option<Error>,
}

/// A way that leads to a second page, or that shows that there is none.
#[derive(Debug)]
pub(super) struct FoundWay {
    pub(super) options: PaginationOptions,
    /// Records of the second page.
    pub(super) second: u64,
    /// What is not clear of the end of its pages, and the option that settles it.
    pub(super) doubt: Option<String>,
}

/// A parameter that pages may be asked for by.
#[derive(Debug, PartialEq, Eq)]
struct Way {
    kind: PaginationType,
    param: String,
    /// What the address gives it for the first page.
    given: Option<u64>,
}

/// What came back, beside the first page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// The same records.
    First,
    /// So many records, all others.
    Others(u64),
    Refused(u16),
    /// Some of the same records.
    Mixed,
}

/// Tries one way after the other. `first` are the records of the first page. Failures are no failure of the inspection.
pub(super) async fn probe(reader: &mut Reader, first: &[u64], url: &Url, not: Option<&str>) -> Probed {
    let mut probed = Probed::default();
    let mut failures = 0;
    let known: HashSet<u64> = first.iter().copied().collect();
    for way in ways(url, not) {
        probed.tried.push(way.param.clone());
        match (Attempt { reader: &mut *reader, first, known: &known, way }).find().await {
            Ok(None) => {}
            Ok(found) => {
                probed.found = found;
                break;
            }
            Err(error) => {
                failures += 1;
                let is_over = error.kind() == ErrorKind::RateLimited || failures == MAX_FAILURES;
                probed.failure.get_or_insert(error);
                if is_over {
                    break;
                }
            }
        }
    }
    probed
}

/// The ways to try: first the parameters of the address that look like it. `not` is a parameter that means something else.
fn ways(url: &Url, not: Option<&str>) -> Vec<Way> {
    let pairs: Vec<_> = url.query_pairs().into_owned().collect();
    let given = pairs.iter().filter_map(|(name, value)| {
        let kind = page_param_kind(name)?;
        Some(Way { kind, param: name.clone(), given: Some(value.parse().ok()?) })
    });
    let is_taken = |name: &str| pairs.iter().any(|(known, _)| known == name);
    let usual = USUAL.iter().filter(|name| !is_taken(name)).filter_map(|name| {
        Some(Way { kind: page_param_kind(name)?, param: (*name).to_owned(), given: None })
    });
    given.chain(usual).filter(|way| Some(way.param.as_str()) != not).collect()
}

/// An attempt at one way.
struct Attempt<'a> {
    reader: &'a mut Reader,
    first: &'a [u64],
    known: &'a HashSet<u64>,
    way: Way,
}

impl Attempt<'_> {
    async fn find(&mut self) -> Result<Option<FoundWay>> {
        if self.way.kind == PaginationType::Page {
            self.find_numbered().await
        } else {
            self.find_offset().await
        }
    }

    async fn find_numbered(&mut self) -> Result<Option<FoundWay>> {
        let start = self.way.given.unwrap_or(1);
        let second = self.outcome(start.saturating_add(1)).await?;
        if matches!(second, Outcome::First | Outcome::Mixed) {
            return Ok(None);
        }
        match self.outcome(start).await? {
            Outcome::First => self.found(start, second, FAR).await,
            // Where pages count from 0, this is the second one.
            Outcome::Mixed => Ok(None),
            second if self.way.given.is_none() && self.outcome(0).await? == Outcome::First => {
                self.found(0, second, FAR).await
            }
            _ => Ok(None),
        }
    }

    async fn find_offset(&mut self) -> Result<Option<FoundWay>> {
        let start = self.way.given.unwrap_or(0);
        let count = self.first.len() as u64;
        let second = self.outcome(start.saturating_add(count)).await?;
        if matches!(second, Outcome::First | Outcome::Mixed) {
            return Ok(None);
        }
        // It must count records, not pages.
        let is_moved = count == 1 || self.is_moved_by_one(start.saturating_add(1)).await?;
        if is_moved && self.outcome(start).await? == Outcome::First {
            return self.found(start, second, FAR.saturating_mul(count)).await;
        }
        Ok(None)
    }

    /// The way with its options; `second` is what the second page was, and `far` how far no source reaches.
    async fn found(&mut self, start: u64, second: Outcome, far: u64) -> Result<Option<FoundWay>> {
        let mut found = FoundWay { options: self.options(start), second: 0, doubt: None };
        match second {
            Outcome::First | Outcome::Mixed => return Ok(None),
            Outcome::Refused(status) => found.options.end_status.push(status),
            Outcome::Others(0) => {}
            Outcome::Others(count) => {
                found.second = count;
                // The way is known without how its pages end, too.
                match self.outcome(start.saturating_add(far)).await {
                    Ok(Outcome::Refused(status)) if NOT_THERE.contains(&status) => {
                        found.options.end_status.push(status);
                    }
                    Ok(Outcome::Refused(status)) => {
                        found.doubt = Some(format!(
                            "a page far past the last one is refused with status {status}; if that is how the pages \
                             end, name it by `endStatus` in the option `pagination`"
                        ));
                    }
                    Ok(Outcome::Others(0)) | Err(_) => {}
                    Ok(_) => {
                        let doubt = "a page far past the last one holds records; say where the pages end by \
                                     `totalPath`, or by `fullPages` and `limit`, in the option `pagination`";
                        found.doubt = Some(doubt.to_owned());
                    }
                }
            }
        }
        Ok(Some(found))
    }

    fn options(&self, start: u64) -> PaginationOptions {
        let (kind, param) = (Some(self.way.kind), Some(self.way.param.clone()));
        if self.way.kind == PaginationType::Page {
            PaginationOptions { kind, page_param: param, start_page: Some(start), ..Default::default() }
        } else {
            PaginationOptions { kind, offset_param: param, start_offset: Some(start), ..Default::default() }
        }
    }

    async fn page(&mut self, number: u64) -> Result<TriedPage> {
        let place = match self.way.kind {
            PaginationType::Page => PageLocator::Page(number),
            _ => PageLocator::Offset(number),
        };
        self.reader.try_page(self.options(number), &place).await
    }

    async fn outcome(&mut self, number: u64) -> Result<Outcome> {
        Ok(match self.page(number).await? {
            TriedPage::Refused(status) => Outcome::Refused(status),
            TriedPage::Records(records) if records == self.first => Outcome::First,
            TriedPage::Records(records) if records.iter().any(|record| self.known.contains(record)) => {
                Outcome::Mixed
            }
            TriedPage::Records(records) => Outcome::Others(records.len() as u64),
        })
    }

    /// Whether a page holds the records of the first one but its first.
    async fn is_moved_by_one(&mut self, number: u64) -> Result<bool> {
        let TriedPage::Records(records) = self.page(number).await? else { return Ok(false) };
        Ok(self.first.get(1..).is_some_and(|rest| records.starts_with(rest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_address_says_is_tried_first_and_what_means_something_else_never() {
        let url = Url::parse("https://a.example/?from=20&per_page=50&page=x&start=2026-01-01").unwrap();
        let ways = ways(&url, Some("skip"));
        let names: Vec<_> = ways.iter().map(|way| way.param.as_str()).collect();
        assert_eq!(names[..3], ["from", "offset", "_page"]);
        assert_eq!((ways[0].kind, ways[0].given), (PaginationType::Offset, Some(20)));
        assert!(names.iter().all(|name| !["page", "start", "skip"].contains(name)), "{names:?}");
        for name in USUAL {
            assert!(page_param_kind(name).is_some(), "{name}");
        }
    }
}
