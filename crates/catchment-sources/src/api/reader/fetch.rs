//! The reading itself: page after page, each request on its way before the records of the page before are taken.

use std::collections::VecDeque;
use std::sync::Arc;

use catchment_core::{
    Columns, Cursor, Error, ErrorKind, Feed, Page, PageSize, Pass, Position, Progress, Pulse, Reading,
    Reject, Result, Value, died, feed, invalid, masked,
};
use reqwest::header::{ETAG, HeaderMap, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED};
use reqwest::{StatusCode, Url};
use tokio_util::task::AbortOnDropHandle;
use xxhash_rust::xxh3::Xxh3;

use super::Inner;
use super::answer::{Flow, text, unreadable};
use super::detect::{detect, speaks_of_more};
use super::incremental::raise;
use super::options::{Method, PaginationOptions, PaginationType};
use super::out::Out;
use super::pagination::{Draft, Facts, Pagination, Place, kind, set_param};
use super::state::{Kept, Layout, Rounds, State};
use crate::http::{Answer, Body, End, Request};
use catchment_formats::json::fields::{Field, Fields};
use catchment_formats::json::lists::find_list;
use catchment_formats::json::path::{Path, plain};
use catchment_formats::json::records::{Item, Selection};

/// Pages without a record in a row, after which a source is not taken to end by itself.
const MAX_EMPTY_PAGES: u64 = 1000;
/// Longest token or address of a next page; a cursor keeps it.
const MAX_PLACE_BYTES: usize = 16 << 10;
/// Records that columns are found out from.
const SAMPLE: usize = 100;

/// Requests that are under way, in the order of their pages.
type Ahead = VecDeque<(Place, AbortOnDropHandle<Result<Answer>>)>;

/// A reading under way.
pub(super) struct Reader {
    api: Arc<Inner>,
    state: State,
    kept: Kept,
    wanted: Arc<[Box<str>]>,
    selection: Option<Arc<Selection>>,
    pagination: Option<Pagination>,
    fields: Option<Fields>,
    columns: Columns,
    ahead: Ahead,
    pulse: Pulse,
    records_read: u64,
    bytes: u64,
}

/// An answer, and what it says once its records have been taken.
pub(super) struct Seen {
    pub(super) url: Url,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) envelope: String,
    pub(super) count: u64,
    pub(super) end: Option<End>,
}

impl Reader {
    pub(super) fn start(api: Arc<Inner>, reading: &Reading) -> Result<Self> {
        let kept: Kept =
            reading.kept.clone().and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default();
        let state = match &reading.after {
            Some(cursor) => {
                let state: State = cursor.state()?;
                state.check(cursor.records_read)?;
                state
            }
            None => State {
                place: Place::First,
                page: 1,
                taken: 0,
                digest: String::new(),
                last_page: String::new(),
                is_done: false,
                layout: api.layout(),
                since: api.incremental.as_ref().and_then(|options| options.start(kept.highest.as_deref())),
                highest: kept.highest.clone(),
                rounds: Rounds::default(),
                empty_pages: 0,
                largest: 0,
                total: None,
            },
        };
        let mut reader = Self {
            api,
            kept,
            wanted: reading.fields.clone(),
            selection: None,
            pagination: None,
            fields: None,
            columns: Columns::default(),
            ahead: Ahead::new(),
            pulse: reading.pulse.clone(),
            records_read: reading.after.as_ref().map_or(0, |cursor| cursor.records_read),
            bytes: 0,
            state,
        };
        reader.take_layout()?;
        if reading.after.is_none()
            && let Some(pagination) = &reader.pagination
        {
            reader.state.place = pagination.first();
        }
        Ok(reader)
    }

    /// Makes of the layout what is known of it.
    fn take_layout(&mut self) -> Result<()> {
        let Layout { data_path, pagination, columns } = &self.state.layout;
        if let (None, Some(text)) = (&self.selection, data_path) {
            let path = Path::parse(text).map_err(|problem| invalid("dataPath", &problem))?;
            // One that needs the whole document is made for each.
            if path.steps().is_some() {
                self.selection = Some(Arc::new(Selection::new(&path, None).map_err(cannot_be)?));
            }
        }
        if let (None, Some(options)) = (&self.pagination, pagination)
            && kind(options) != PaginationType::Auto
        {
            self.pagination = Some(Pagination::new(options)?);
        }
        if let (None, Some(columns)) = (&self.fields, columns) {
            let fields = Fields::new(columns)
                .map_err(|(name, problem)| invalid("fieldMapping", &format!("`{name}` {problem}")))?;
            self.columns = fields.names().into();
            self.fields = Some(fields);
        }
        Ok(())
    }

    /// Reads to the end.
    pub(super) async fn run(mut self, page_size: PageSize, feed: Feed<Page>) {
        let mut out = Out::new(feed, page_size);
        let end = match self.read_all(&mut out).await {
            Ok(()) => Ok(()),
            Err(error) => {
                // Whole pages that came before it need not be asked for again.
                out.flush_whole_pages(&self.columns, self.bytes).await.ok();
                Err(self.api.client.cleaned(error))
            }
        };
        out.end(end).await;
    }

    async fn read_all(&mut self, out: &mut Out) -> Result<()> {
        while !self.state.is_done {
            let Some(answer) = self.fetch().await? else {
                return self.unchanged(out).await;
            };
            self.read_page(answer, out).await?;
        }
        Ok(())
    }

    /// Reads an answer, and moves on to the page after it.
    pub(super) async fn read_page(&mut self, answer: Answer, out: &mut Out) -> Result<()> {
        let flow = self.open(answer).await?;
        let (seen, digest) = self.take_records(flow, out).await?;
        // What a failure would have told of the next page is not known either.
        let next = if seen.end == Some(End::Ignored) { None } else { self.next(&seen)? };
        self.advance(next, &seen, digest, out).await
    }

    /// The answer for the place in hand; `None` where nothing has changed since the last run.
    pub(super) async fn fetch(&mut self) -> Result<Option<Answer>> {
        let in_flight = self.ahead.pop_front().filter(|(place, _)| *place == self.state.place);
        let answer = match in_flight {
            Some((_, task)) => task.await.unwrap_or_else(|_| Err(died()))?,
            None => {
                // What is under way is not what is wanted: pages are of another size than was thought.
                self.ahead.clear();
                let request = self.next_request()?;
                self.api.client.send(&request, &self.pulse).await?
            }
        };
        Ok((answer.status != StatusCode::NOT_MODIFIED).then_some(answer))
    }

    /// The request for the page in hand.
    pub(super) fn next_request(&self) -> Result<Request> {
        self.request(&self.state.place)
    }

    fn request(&self, place: &Place) -> Result<Request> {
        let mut draft = Draft { url: self.api.url.clone(), body: self.api.body.clone() };
        if let (Some(incremental), Some(since)) = (&self.api.incremental, &self.state.since) {
            set_param(&mut draft.url, &incremental.param, &since.as_str().into());
        }
        let resolve = |link: &str| self.api.client.linked(&self.api.url, link);
        let draft = match (&self.pagination, &self.state.layout.pagination) {
            (Some(pagination), _) => pagination.request(place, draft, resolve)?,
            // How pages follow is still to be found out; how many records one has may be said.
            (None, Some(PaginationOptions { limit, limit_param: Some(name), .. })) => {
                set_param(&mut draft.url, name, &limit.unwrap_or(100).into());
                draft
            }
            (None, _) => draft,
        };
        let is_first = self.state.page == 1 && *place == self.state.place;
        let end_status = match &self.pagination {
            Some(pagination) if !is_first => pagination.end_status().to_vec(),
            _ => Vec::new(),
        };
        Ok(Request {
            method: match self.api.method {
                Method::GET => reqwest::Method::GET,
                Method::POST => reqwest::Method::POST,
            },
            url: draft.url,
            body: draft.body.map(|body| body.to_string()),
            headers: if is_first && self.state.taken == 0 { self.conditions() } else { HeaderMap::new() },
            end_status,
        })
    }

    /// Asks for an answer only if it is another one than the last run had.
    fn conditions(&self) -> HeaderMap {
        let Kept { etag, last_modified, .. } = &self.kept;
        let pairs = [(IF_NONE_MATCH, etag), (IF_MODIFIED_SINCE, last_modified)];
        let value = |text: &Option<String>| HeaderValue::from_str(text.as_deref()?).ok();
        pairs.into_iter().filter_map(|(name, text)| Some((name, value(text)?))).collect()
    }

    /// Begins to read an answer; from the first one, what is not known is found out.
    pub(super) async fn open(&mut self, answer: Answer) -> Result<Flow> {
        let answer = self.told_errors(answer)?;
        let answer = match (&self.selection, answer) {
            (Some(selection), answer) => return Flow::new(&self.api, answer, selection.clone()).await,
            (None, answer) if answer.end.is_some() || answer.status == StatusCode::NO_CONTENT => {
                return Flow::new(&self.api, answer, Arc::default()).await;
            }
            (None, answer) => answer,
        };
        // Where the records are can be told only by all that the answer holds.
        let Answer { url, status, headers, body, end } = answer;
        let (bytes, is_repaired) = body.whole().await?;
        let (text, api) = (text(bytes), self.api.clone());
        let read = |error: serde_json::Error| unreadable(&api, &url, &error, &text);
        serde_json::from_str::<serde::de::IgnoredAny>(&text).map_err(read)?;
        let path = match &self.state.layout.data_path {
            Some(given) => Path::parse(given).map_err(|problem| invalid("dataPath", &problem))?,
            None => find_list(&text).map_err(|error| error.context(masked(url.as_str())))?,
        };
        self.state.layout.data_path = Some(path.to_string());
        let selection = Selection::new(&path, Some(&text)).map_err(read)?;
        self.take_layout()?;
        let body = Body::Whole { bytes: text.into_bytes(), is_repaired };
        Flow::new(&self.api, Answer { url, status, headers, body, end }, Arc::new(selection)).await
    }

    /// An error that is told with a status of success.
    fn told_errors(&self, answer: Answer) -> Result<Answer> {
        let (Some(path), Body::Whole { bytes, .. }) = (&self.api.error_path, &answer.body) else {
            return Ok(answer);
        };
        let text = String::from_utf8_lossy(bytes);
        let Some(found) = path.find(&text).filter(|found| tells_an_error(found)) else { return Ok(answer) };
        self.api.client.judge_told(&answer.url, answer.status, path, found)?;
        Ok(Answer { end: Some(End::Ignored), body: Body::empty(), ..answer })
    }

    /// An answer that names an error and has no records is no page without records, whether or not an option says where
    /// errors stand.
    fn told_beside_nothing(&self, seen: &mut Seen) -> Result<()> {
        if seen.count > 0 || seen.end.is_some() || self.api.error_path.is_some() {
            return Ok(());
        }
        for name in ["error", "errors"] {
            let Some(found) = error_at(name, &seen.envelope) else { continue };
            self.api.client.judge_told(&seen.url, seen.status, &name, found)?;
            seen.end = Some(End::Ignored);
        }
        Ok(())
    }

    /// Takes the records of an answer, but for those that were delivered before. What the answer says beside them, and
    /// a digest of them.
    async fn take_records(&mut self, mut flow: Flow, out: &mut Out) -> Result<(Seen, String)> {
        if let Some(items) = flow.ready() {
            let mut digest = Xxh3::new();
            items.iter().for_each(|item| digest.update(item.raw.get().as_bytes()));
            self.refuse_the_same_page(&shown(&digest), items.len() as u64)?;
        }
        let (url, status, headers, end) = (flow.url.clone(), flow.status, flow.headers.clone(), flow.end);
        let (mut digest, mut count) = (Xxh3::new(), 0);
        while let Some(items) = flow.next().await {
            self.find_columns(&items)?;
            let is_repaired = flow.is_repaired();
            for item in &items {
                digest.update(item.raw.get().as_bytes());
                self.bytes += item.raw.get().len() as u64;
                count += 1;
                if count <= self.state.taken {
                    self.check_taken(count, &digest)?;
                    continue;
                }
                self.push(item, is_repaired, out);
                self.records_read += 1;
                if out.is_full() {
                    let taken = State { taken: count, digest: shown(&digest), ..self.state.clone() };
                    let cursor = Cursor::new(self.records_read, &taken)?;
                    out.flush(&self.columns, cursor, self.bytes).await?;
                }
            }
        }
        if count < self.state.taken {
            return Err(changed(self.state.page));
        }
        let walked = flow.finish().await?;
        if !walked.was_found {
            return Err(self.no_records_there(&url, &walked.envelope));
        }
        self.refuse_the_same_page(&shown(&digest), count)?;
        self.state.largest = self.state.largest.max(count);
        let mut seen = Seen { url, status, headers, envelope: walked.envelope, count, end };
        self.told_beside_nothing(&mut seen)?;
        Ok((seen, shown(&digest)))
    }

    fn refuse_the_same_page(&self, digest: &str, count: u64) -> Result<()> {
        if count == 0 || digest != self.state.last_page {
            return Ok(());
        }
        let message = format!(
            "page {} holds the same records as the page before it: the API does not know how it was asked for the next \
             page; see the option `pagination`",
            self.state.page
        );
        Err(Error::new(ErrorKind::Api, "same_page", message))
    }

    fn check_taken(&self, count: u64, digest: &Xxh3) -> Result<()> {
        match count == self.state.taken && shown(digest) != self.state.digest {
            true => Err(changed(self.state.page)),
            false => Ok(()),
        }
    }

    fn no_records_there(&self, url: &Url, envelope: &str) -> Error {
        let path = self.state.layout.data_path.as_deref().unwrap_or_default();
        let message = format!(
            "the answer of {} has nothing at `{path}`; say with the option `dataPath` where its list of records is. It \
             holds",
            masked(url.as_str())
        );
        let quote = self.api.client.quote(envelope);
        // A first answer without them is what the option got wrong; a later one is what the source did.
        let error = match self.state.page == 1 && self.api.data_path.is_some() {
            true => Error::config("no_records", message.clone()).with_detail("/options/dataPath", message),
            false => Error::new(ErrorKind::Api, "no_records", message),
        };
        error.with_quote(quote)
    }

    /// The columns are those that the mapping names; else those that the first records have.
    pub(super) fn find_columns(&mut self, items: &[Item]) -> Result<()> {
        if self.fields.is_some() {
            return Ok(());
        }
        let mut columns = match self.wanted.is_empty() {
            true => Fields::suggest(items.iter().take(SAMPLE).map(|item| item.raw.get())),
            false => self.wanted.to_vec(),
        };
        if let Some(incremental) = &self.api.incremental
            && !columns.contains(&incremental.field)
        {
            columns.push(incremental.field.clone());
        }
        self.state.layout.columns = Some(columns);
        self.take_layout()
    }

    fn push(&mut self, item: &Item, is_repaired: bool, out: &mut Out) {
        let raw = item.raw.get();
        // A source may repeat its request; what is kept of a record for people does not hold our secrets.
        let shown = self.api.client.clean(raw);
        let position = Position::Item { page: self.state.page, path: item.path.clone() };
        let refuse = |code, message| Reject::new(ErrorKind::Parsing, code, message, position.clone(), &shown);
        let reject = if raw.len() > self.api.max_record_bytes {
            let most = self.api.max_record_bytes;
            let message =
                format!("the record has {} bytes; the most is {most} (option `maxRecordBytes`)", raw.len());
            refuse("record_too_long", message)
        } else if is_repaired && raw.contains('\u{fffd}') {
            refuse("bad_encoding", "the record holds bytes that are not UTF-8".to_owned())
        } else {
            let Some(fields) = &self.fields else { return };
            match fields.values(raw) {
                Ok(values) => {
                    self.raise(&values);
                    out.records.push(position, &shown, values.iter().map(Field::value));
                    return;
                }
                Err(misfit) => refuse(misfit.code, format!("the record {}", misfit.message)),
            }
        };
        out.rejects.push(reject);
    }

    fn raise(&mut self, values: &[Field<'_>]) {
        let Some(incremental) = &self.api.incremental else { return };
        let place = self.columns.iter().position(|name| *name == incremental.field);
        let value = place.and_then(|place| values.get(place)).map_or(Value::Null, Field::value);
        raise(&mut self.state.highest, value);
    }

    /// Where the next page is; from the first answer also how pages follow, where that is to be found out.
    pub(super) fn next(&mut self, seen: &Seen) -> Result<Option<Place>> {
        if self.pagination.is_none() {
            self.find_pagination(seen)?;
        }
        let Some(pagination) = &self.pagination else { return Ok(None) };
        let mut facts = self.facts(seen);
        facts.total = pagination.total(&facts).or(self.state.total);
        let next = pagination.next(&self.state.place, &facts)?;
        // A wrong path would make one page of a whole source.
        let is_cut = next.is_none() && self.state.page == 1 && pagination.is_told();
        if is_cut && speaks_of_more(&seen.headers, &seen.envelope, seen.count) {
            let message = "the first answer speaks of more records, but holds nothing where the option `pagination` says \
                           that the next page is named";
            return Err(Error::new(ErrorKind::Api, "no_next_page", message));
        }
        self.state.total = facts.total;
        // Relative to where it stood, and judged before it is kept.
        let next = match next {
            Some(Place::Url(link)) => Some(Place::Url(self.api.client.linked(&seen.url, &link)?.to_string())),
            next => next,
        };
        match &next {
            Some(next) if *next == self.state.place => Err(self.in_circles()),
            _ => Ok(next),
        }
    }

    fn facts<'s>(&self, seen: &'s Seen) -> Facts<'s> {
        Facts {
            headers: &seen.headers,
            envelope: &seen.envelope,
            count: seen.count,
            read: self.records_read,
            largest: self.state.largest,
            total: self.state.total,
        }
    }

    fn find_pagination(&mut self, seen: &Seen) -> Result<()> {
        let given = self.state.layout.pagination.clone().unwrap_or_default();
        let numbered =
            || PaginationOptions { kind: Some(PaginationType::Page), ..PaginationOptions::default() };
        let is_limited = given.limit_param.is_some() || given.limit_body_path.is_some();
        let found = match detect(&seen.headers, &seen.envelope, seen.count) {
            // A limit that is named says that there are pages; then they have numbers, as they mostly do.
            Ok(none) if none.kind == Some(PaginationType::None) && is_limited => numbered(),
            Err(_) if is_limited => numbered(),
            found => found?,
        };
        let found = found.or(given);
        let pagination = Pagination::new(&found)?;
        if self.state.page == 1 {
            self.state.place = pagination.first();
        }
        self.state.layout.pagination = Some(found);
        self.pagination = Some(pagination);
        Ok(())
    }

    /// Goes on to the next page, or ends. What has been gathered is sent if somebody waits for it.
    async fn advance(
        &mut self,
        next: Option<Place>,
        seen: &Seen,
        digest: String,
        out: &mut Out,
    ) -> Result<()> {
        let max_pages = self.pagination.as_ref().map_or(u64::MAX, Pagination::max_pages);
        let is_cut = self.state.page >= max_pages && next.is_some();
        (self.state.taken, self.state.digest) = (0, String::new());
        self.state.last_page = digest;
        match next.filter(|_| !is_cut) {
            Some(next) => {
                if self.state.rounds.is_again(&next) {
                    return Err(self.in_circles());
                }
                self.refuse_what_never_ends(&next, seen.count)?;
                (self.state.place, self.state.page) = (next, self.state.page + 1);
                self.fetch_ahead(seen)?;
                let cursor = Cursor::new(self.records_read, &self.state)?;
                match out.is_wanted() {
                    true => out.flush(&self.columns, cursor, self.bytes).await,
                    false => {
                        out.end_page(cursor);
                        Ok(())
                    }
                }
            }
            None => {
                self.state.is_done = true;
                let mut cursor = Cursor::new(self.records_read, &self.state)?;
                if seen.end == Some(End::Ignored) {
                    cursor.pass = Pass::Truncated;
                    cursor.warning = Some(format!(
                        "page {}: a failure ({}) was ignored by the option `errorRules`; what that page and later ones \
                         hold was not read",
                        self.state.page, seen.status
                    ));
                } else if is_cut && !self.is_short(seen.count) {
                    cursor.pass = Pass::Truncated;
                } else {
                    cursor.pass = self.pass();
                    cursor.keep = self.keep(seen)?;
                }
                out.flush(&self.columns, cursor, self.bytes).await
            }
        }
    }

    /// Whether a page has fewer records than were asked for, so that nothing follows it.
    fn is_short(&self, count: u64) -> bool {
        let limit = self.pagination.as_ref().and_then(Pagination::limit);
        let is_counted = matches!(self.state.place, Place::Page(_) | Place::Offset(_));
        is_counted && limit.is_some_and(|limit| count < limit)
    }

    fn pass(&self) -> Pass {
        let is_increment = self.api.incremental.is_some() && self.kept.highest.is_some();
        if is_increment { Pass::Increment } else { Pass::Complete }
    }

    /// What the next run should know: the highest value, and how to ask whether a single answer has changed.
    fn keep(&self, seen: &Seen) -> Result<Option<serde_json::Value>> {
        let is_single = self.state.page == 1 && self.pagination.as_ref().is_none_or(Pagination::is_none);
        let header = |name| {
            let value = seen.headers.get(&name).filter(|_| is_single)?;
            value.to_str().ok().map(str::to_owned)
        };
        let kept = Kept {
            highest: self.state.highest.clone().filter(|_| self.api.incremental.is_some()),
            etag: header(ETAG),
            last_modified: header(LAST_MODIFIED),
        };
        if kept == Kept::default() {
            return Ok(None);
        }
        Ok(Some(Cursor::new(0, &kept)?.state))
    }

    /// The source said that nothing has changed: no record, and the next run asks the same.
    async fn unchanged(&mut self, out: &mut Out) -> Result<()> {
        self.state.is_done = true;
        let mut cursor = Cursor::new(self.records_read, &self.state)?;
        cursor.pass = Pass::Increment;
        cursor.keep = Some(Cursor::new(0, &self.kept)?.state);
        out.flush(&self.columns, cursor, self.bytes).await
    }

    /// Sends the requests for the next pages: for as many as the server bears where their addresses can be known, for
    /// the next one alone where not.
    fn fetch_ahead(&mut self, seen: &Seen) -> Result<()> {
        let Some(pagination) = &self.pagination else { return Ok(()) };
        let left = pagination.max_pages().saturating_sub(self.state.page - 1);
        let most = self.api.client.concurrency().min(usize::try_from(left).unwrap_or(usize::MAX));
        let stride = pagination.limit().filter(|limit| seen.count >= *limit).unwrap_or(seen.count);
        let (mut place, mut pages_ahead) = (self.state.place.clone(), 0);
        while self.ahead.len() < most {
            if self.ahead.iter().all(|(under_way, _)| *under_way != place) {
                let request = self.request(&place)?;
                let (api, pulse) = (self.api.clone(), self.pulse.clone());
                let task = tokio::spawn(async move { api.client.send(&request, &pulse).await });
                self.ahead.push_back((place.clone(), AbortOnDropHandle::new(task)));
            }
            pages_ahead += 1;
            let Some(next) = pagination.after(&place, stride) else { break };
            if pagination.is_past(&place, &self.facts(seen), pages_ahead) || stride == 0 {
                break;
            }
            place = next;
        }
        Ok(())
    }

    /// New tokens without end, and without a record; or one too long to be kept.
    fn refuse_what_never_ends(&mut self, next: &Place, count: u64) -> Result<()> {
        self.state.empty_pages = if count == 0 { self.state.empty_pages + 1 } else { 0 };
        let length = serde_json::to_string(next).map_or(0, |text| text.len());
        let message = match (self.state.empty_pages > MAX_EMPTY_PAGES, length > MAX_PLACE_BYTES) {
            (true, _) => {
                format!("{MAX_EMPTY_PAGES} pages in a row hold no record, and each names a next one")
            }
            (_, true) => {
                format!("what names the next page has {length} bytes; the most is {MAX_PLACE_BYTES}")
            }
            (false, false) => return Ok(()),
        };
        let message = format!("page {}: {message}; see the option `pagination`", self.state.page);
        Err(Error::new(ErrorKind::Api, "no_next_page", message))
    }

    fn in_circles(&self) -> Error {
        let message = format!(
            "page {} names as its next page one that was read before: the API would be read in circles; see the option \
             `pagination`",
            self.state.page
        );
        Error::new(ErrorKind::Api, "same_next_page", message)
    }

    /// Goes to the next page, for whoever only looks.
    pub(super) fn step(&mut self, next: Place) {
        (self.state.place, self.state.page) = (next, self.state.page + 1);
    }

    #[cfg(any(test, feature = "fuzz"))]
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.state.layout
    }

    /// The records of an answer that is looked at, and what it says beside them.
    pub(super) async fn look(&mut self, answer: Answer, most: usize) -> Result<(Page, Seen)> {
        // It is never full, so that nothing is sent.
        let (feed, _pages) = feed(1);
        let mut out = Out::new(feed, PageSize::rows(usize::MAX));
        let flow = self.open(answer).await?;
        let (seen, digest) = self.take_records(flow, &mut out).await?;
        self.state.last_page = digest;
        out.records.truncate(most);
        out.rejects.truncate(most);
        let cursor = Cursor::new(self.records_read, &self.state)?;
        let Out { records, rejects, .. } = out;
        let progress = Progress { bytes: self.bytes, total_bytes: None };
        Ok((Page { columns: self.columns.clone(), records, rejects, cursor, progress }, seen))
    }
}

/// What a member of this name tells, if it is more than a form that is not filled in, such as `{"code": 0, "message": ""}`.
fn error_at<'e>(name: &str, envelope: &'e str) -> Option<&'e str> {
    let found = Path::parse(name).ok()?.find(envelope).filter(|found| tells_an_error(found))?;
    let members =
        serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(found).unwrap_or_default();
    let is_nothing = |value: &serde_json::Value| !tells_an_error(&value.to_string());
    (members.is_empty() || !members.values().all(is_nothing)).then_some(found)
}

/// Whether what stands where errors are told is one: anything but nothing.
fn tells_an_error(found: &str) -> bool {
    match found {
        "[]" | "{}" => false,
        told if told.starts_with(['[', '{']) => true,
        told => plain(told).is_some_and(|text| !matches!(text.as_str(), "false" | "0")),
    }
}

fn shown(digest: &Xxh3) -> String {
    format!("{:032x}", digest.digest128())
}

/// A page that was read in part is another one now: what was read belongs to no version of it.
fn changed(page: u64) -> Error {
    let message = format!("page {page} of the source changed while it was being read");
    Error::new(ErrorKind::System, "source_changed", message)
}

fn cannot_be(error: serde_json::Error) -> Error {
    Error::new(ErrorKind::System, "selection", error.to_string()).with_source(error)
}
