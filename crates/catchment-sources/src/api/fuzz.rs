//! Fuzz targets: what holds for any header, cursor and answer. See [`crate::fuzz`].

use catchment_core::{Adapter, Cursor, Host, PageSize, Reading, Result, feed, parse_options};
use futures::{FutureExt, StreamExt};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, LINK};
use serde_json::{Map, Value};
use tokio::runtime::{Builder, Runtime};

use super::link::{link_to, links};
use super::options::ApiOptions;
use super::page_buffer::PageBuffer;
use super::reader::Reader;
use super::source::Api;
use super::state::ApiState;
use crate::http::{Answer, Body};

/// Pages that a source has at most.
const MAX_PAGES: u64 = 6;
/// Pages that the engine gets of one of those at most.
const MAX_FLUSHES: usize = 4096;

/// `Link` headers, one a line: as many links as there are, and the same ones when they are written down again.
pub fn link(data: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(LINK, value);
        }
        let text = String::from_utf8_lossy(line);
        let found = links(&text);
        assert!(found.len() <= text.matches('<').count(), "{found:?}");
        for (target, _) in &found {
            assert!(text.contains(target.as_str()) && !target.contains('>'), "{target:?}");
        }
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let write =
            |(target, relations): &(String, String)| format!("<{target}>; rel=\"{}\"", quoted(relations));
        let written: Vec<_> = found.iter().map(write).collect();
        assert_eq!(links(&written.join(", ")), found);
    }
    let texts = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let is_next = |(_, relations): &(String, String)| {
        relations.split_whitespace().any(|relation| relation.eq_ignore_ascii_case("next"))
    };
    let expected = texts.flat_map(links).find(is_next).map(|(target, _)| target);
    assert_eq!(link_to(&headers, "next"), expected);
}

/// Reading on at any cursor, with any answers: in bounds, and to the same records from each page on. `data` is, with an
/// empty line after each: options, a cursor or `null`, and answers, each below its headers. The last answer is that of
/// all further pages.
pub fn api_cursor(data: &[u8]) {
    let Some(source) = FakeSource::new(data) else { return };
    let length = |cursor: &Cursor| serde_json::to_string(&cursor.state).map_or(0, |text| text.len());
    // What is new in a cursor came in with an answer, in which a character may stand for six.
    let most = source.after.as_ref().map_or(0, length) + 6 * data.len() + 2000;
    let all = source.read(source.after.clone());
    for (count, cursor) in &all.cursors {
        assert!(length(cursor) <= most, "a cursor of {} bytes, of {}", length(cursor), data.len());
        let rest = source.read(Some(cursor.clone()));
        assert_eq!(rest.items, all.items[*count..], "resumed at {cursor:?}");
        assert_eq!(rest.error, all.error, "resumed at {cursor:?}");
    }
}

/// An API whose answers are known, so that nothing is asked for.
struct FakeSource {
    api: Api,
    after: Option<Cursor>,
    /// The page that the first answer is that of.
    first_page: u64,
    answers: Vec<(HeaderMap, Vec<u8>)>,
}

/// What a reading came to.
#[derive(Debug, Default)]
struct Outcome {
    items: Vec<String>,
    /// Each after how many items.
    cursors: Vec<(usize, Cursor)>,
    error: Option<String>,
}

impl FakeSource {
    fn new(data: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(data);
        let mut parts = text.split("\n\n");
        let mut options: Map<String, Value> = serde_json::from_str(parts.next()?).ok()?;
        // Requests are made ready and not sent; these would go elsewhere.
        options.remove("auth");
        options.remove("otherOrigins");
        let options: ApiOptions = parse_options(options).ok()?;
        let api = Api::new("http://127.0.0.1/items", options, &Host::default()).ok()?;
        let after: Option<Cursor> = serde_json::from_str(parts.next()?).ok()?;
        let first_page = match &after {
            Some(cursor) => cursor.state::<ApiState>().map_or(1, |state| state.page),
            None => 1,
        };
        let answers: Vec<_> = parts.map(answer).collect();
        (!answers.is_empty()).then_some(Self { api, after, first_page, answers })
    }

    fn read(&self, after: Option<Cursor>) -> Outcome {
        thread_local! {
            static RUNTIME: Runtime = Builder::new_current_thread().build().expect("a thread can have a runtime");
        }
        let mut outcome = Outcome::default();
        let reading = async {
            let result = self.read_into(&mut outcome, after).await;
            // Requests that were made ready for pages ahead are dropped by the runtime.
            tokio::task::yield_now().await;
            result
        };
        let result = RUNTIME.with(|runtime| runtime.block_on(reading));
        outcome.error = result.err().map(|error| error.code().to_owned());
        outcome
    }

    async fn read_into(&self, outcome: &mut Outcome, after: Option<Cursor>) -> Result<()> {
        let before = after.as_ref().map_or(0, |cursor| cursor.records_read);
        let page_size = PageSize::rows(3);
        let reading = Reading { after, page_size: page_size.clone(), ..Reading::default() };
        let mut reader = Reader::start(self.api.endpoint.clone(), &reading)?;
        let (feed, mut pages) = feed(MAX_FLUSHES);
        let mut out = PageBuffer::new(feed, page_size);
        let mut columns = None;
        while let Some(answer) = self.answer_for(&reader)? {
            let result = reader.read_page(answer, &mut out).await;
            while let Some(Some(Ok(page))) = pages.next().now_or_never() {
                assert_eq!(columns.get_or_insert_with(|| page.columns.clone()), &page.columns);
                for record in page.records.iter() {
                    assert_eq!(record.len(), page.columns.len());
                    let values: Vec<_> = record.values().collect();
                    outcome.items.push(format!("{} {values:?}", record.location()));
                }
                let rejects =
                    page.rejects.iter().map(|reject| format!("{} {}", reject.location, reject.code));
                outcome.items.extend(rejects);
                assert_eq!(Some(page.cursor.records_read), before.checked_add(outcome.items.len() as u64));
                outcome.cursors.push((outcome.items.len(), page.cursor));
            }
            result?;
        }
        Ok(())
    }

    /// The answer to a reader's next request, if it has one.
    fn answer_for(&self, reader: &Reader) -> Result<Option<Answer>> {
        let page = reader.state().page.wrapping_sub(self.first_page);
        if reader.state().is_done || page >= MAX_PAGES {
            return Ok(None);
        }
        let request = reader.next_request()?;
        let index = usize::try_from(page).unwrap_or_default().min(self.answers.len() - 1);
        let (headers, body) = self.answers[index].clone();
        let (status, body) = (StatusCode::OK, Body::Whole { bytes: body, is_repaired: false });
        Ok(Some(Answer { url: request.url, status, headers, body, end: None }))
    }
}

/// Headers, one a line, and the body after them.
fn answer(mut text: &str) -> (HeaderMap, Vec<u8>) {
    let mut headers = HeaderMap::new();
    while let Some((line, rest)) = text.split_once('\n')
        && let Some((name, value)) = line.split_once(':')
        && let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value.trim()))
    {
        headers.append(name, value);
        text = rest;
    }
    (headers, text.as_bytes().to_vec())
}
