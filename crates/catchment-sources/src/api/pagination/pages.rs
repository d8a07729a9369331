//! How one page follows another: where the next one is, when there is none, and what was promised.

use catchment_core::{Error, ErrorKind, Result};
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::link::link_to;
use super::options::{PaginationOptions, PaginationType, path};
use catchment_core::invalid;
use catchment_formats::json::path::{Path, Step, plain};

/// Records that a page is asked to have, where nobody says how many.
const DEFAULT_LIMIT: u64 = 100;

/// Where a page is. A cursor keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Place {
    /// The first one, where it needs no more than the source's own address.
    First,
    Page(u64),
    Offset(u64),
    /// The parameters that an answer gave for the next request.
    Token(Map<String, Value>),
    Url(String),
}

/// The address and body of a request in the making.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) url: Url,
    pub(super) body: Option<Value>,
}

/// What an answer says.
pub(super) struct Facts<'a> {
    pub(super) headers: &'a HeaderMap,
    /// The answer without its records.
    pub(super) envelope: &'a str,
    /// Records in it.
    pub(super) count: u64,
    /// Records of all pages up to this one.
    pub(super) read: u64,
    /// Records of the largest page so far.
    pub(super) largest: u64,
    /// Records that the source said last to have.
    pub(super) total: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Pagination {
    kind: Kind,
    limit: Option<u64>,
    limit_target: Option<Target>,
    total: Option<Path>,
    total_header: Option<String>,
    total_pages: Option<Path>,
    has_more: Option<Path>,
    full_pages: bool,
    end_status: Vec<u16>,
    max_pages: Option<u64>,
}

#[derive(Debug)]
enum Kind {
    None,
    Page { target: Target, start: u64 },
    Offset { target: Target, start: u64 },
    Cursor { token: Token, target: Target },
    Link { relation: String },
    NextUrl { path: Path },
}

/// Where in a request a value is sent.
#[derive(Debug)]
enum Target {
    Query(String),
    Body(Vec<Step>),
}

/// Where in an answer the token of the next page is.
#[derive(Debug)]
enum Token {
    Path(Path),
    Header(String),
    Several(Vec<(String, Path)>),
}

impl Pagination {
    /// By options that say how; `Auto` must have been found out before.
    pub(super) fn new(options: &PaginationOptions) -> Result<Self> {
        let read = |name: &str, text: &Option<String>| path(&format!("pagination/{name}"), text.as_deref());
        let target = |name: &str, body: &Option<String>, param: &Option<String>, default: &str| match body {
            Some(_) => {
                let path = read(name, body)?;
                let steps = path.as_ref().and_then(Path::single).ok_or_else(|| {
                    invalid(&format!("pagination/{name}"), "must lead to one place, such as `page.number`")
                })?;
                Ok(Target::Body(steps.to_vec()))
            }
            None => Ok(Target::Query(param.clone().unwrap_or_else(|| default.to_owned()))),
        };
        let kind = match kind(options) {
            PaginationType::None | PaginationType::Auto => Kind::None,
            PaginationType::Page => Kind::Page {
                target: target("pageBodyPath", &options.page_body_path, &options.page_param, "page")?,
                start: options.start_page.unwrap_or(1),
            },
            PaginationType::Offset => Kind::Offset {
                target: target("offsetBodyPath", &options.offset_body_path, &options.offset_param, "offset")?,
                start: options.start_offset.unwrap_or(0),
            },
            PaginationType::Cursor => Kind::Cursor {
                token: token(options)?,
                target: target("cursorBodyPath", &options.cursor_body_path, &options.cursor_param, "cursor")?,
            },
            PaginationType::LinkHeader => {
                Kind::Link { relation: options.link_relation.clone().unwrap_or_else(|| "next".to_owned()) }
            }
            PaginationType::NextUrl => {
                let missing =
                    || invalid("pagination/nextUrlPath", "is missing: say where the next address is");
                Kind::NextUrl { path: read("nextUrlPath", &options.next_url_path)?.ok_or_else(missing)? }
            }
        };
        if options.limit == Some(0) || options.max_pages == Some(0) {
            return Err(invalid("pagination", "`limit` and `maxPages` must be at least 1"));
        }
        let limit_target = match (&options.limit_param, &options.limit_body_path) {
            (None, None) => None,
            (param, body) => Some(target("limitBodyPath", body, param, "limit")?),
        };
        let limit = options.limit.or(limit_target.as_ref().map(|_| DEFAULT_LIMIT));
        if options.full_pages == Some(true) && limit.is_none() {
            return Err(invalid(
                "pagination/fullPages",
                "says that pages are full, and `limit` not how many that is",
            ));
        }
        Ok(Self {
            kind,
            limit,
            limit_target,
            total: read("totalPath", &options.total_path)?,
            total_header: options.total_header.clone(),
            total_pages: read("totalPagesPath", &options.total_pages_path)?,
            has_more: read("hasMorePath", &options.has_more_path)?,
            full_pages: options.full_pages.unwrap_or(false),
            end_status: options.end_status.clone(),
            max_pages: options.max_pages,
        })
    }

    pub(super) fn max_pages(&self) -> u64 {
        self.max_pages.unwrap_or(u64::MAX)
    }

    /// Whether there is one answer and no more.
    pub(super) fn is_none(&self) -> bool {
        matches!(self.kind, Kind::None)
    }

    /// Statuses that say that a page is past the last one.
    pub(super) fn end_status(&self) -> &[u16] {
        &self.end_status
    }

    pub(super) fn first(&self) -> Place {
        match self.kind {
            Kind::Page { start, .. } => Place::Page(start),
            Kind::Offset { start, .. } => Place::Offset(start),
            _ => Place::First,
        }
    }

    /// The request for a page, from the one that all have in common.
    pub(super) fn request(
        &self,
        place: &Place,
        mut draft: Draft,
        resolve: impl Fn(&str) -> Result<Url>,
    ) -> Result<Draft> {
        if let Place::Url(url) = place {
            // It says all there is to say.
            return Ok(Draft { url: resolve(url)?, body: draft.body });
        }
        if let (Some(target), Some(limit)) = (&self.limit_target, self.limit) {
            target.set(&mut draft, limit.into());
        }
        match (place, &self.kind) {
            (Place::Page(number), Kind::Page { target, .. }) => target.set(&mut draft, (*number).into()),
            (Place::Offset(number), Kind::Offset { target, .. }) => target.set(&mut draft, (*number).into()),
            (Place::Token(params), Kind::Cursor { target, token }) => {
                for (name, value) in params {
                    match (token, target) {
                        // One token, whatever its name in the answer.
                        (Token::Path(_) | Token::Header(_), target) if name.is_empty() => {
                            target.set(&mut draft, value.clone());
                        }
                        (_, Target::Body(_)) => Target::Body(vec![Step::Name(name.as_str().into())])
                            .set(&mut draft, value.clone()),
                        (_, Target::Query(_)) => Target::Query(name.clone()).set(&mut draft, value.clone()),
                    }
                }
            }
            _ => {}
        }
        Ok(draft)
    }

    /// Where the page after one is; `None` after the last.
    ///
    /// # Errors
    /// `unavailable`, `short_source`, where the source ends before what it promised.
    pub(super) fn next(&self, place: &Place, facts: &Facts<'_>) -> Result<Option<Place>> {
        let next = self.follow(place, facts);
        if next.is_none() {
            self.check_total(facts)?;
            let has_more = self.has_more(facts);
            let is_promised = has_more == Some(true)
                || has_more.is_none()
                    && self.missing(facts, facts.read) != Some(0)
                    && self.is_last_page(place, facts) == Some(false);
            if is_promised && !matches!(self.kind, Kind::None) {
                let message = "the answer says that more follows, but holds nothing to ask for it by; see the option \
                               `pagination`";
                return Err(Error::new(ErrorKind::Api, "no_next_page", message));
            }
        }
        Ok(next)
    }

    fn has_more(&self, facts: &Facts<'_>) -> Option<bool> {
        // An answer that does not say it says nothing.
        self.has_more.as_ref()?.find(facts.envelope).map(is_true)
    }

    fn follow(&self, place: &Place, facts: &Facts<'_>) -> Option<Place> {
        let has_more = self.has_more(facts);
        if has_more == Some(false) {
            return None;
        }
        match &self.kind {
            Kind::None => None,
            Kind::Link { relation } => link_to(facts.headers, relation).map(Place::Url),
            Kind::NextUrl { path } => next_in(path, facts).map(Place::Url),
            Kind::Cursor { token, .. } => {
                let next = Place::Token(token.read(facts)?);
                // Some go on handing out the last token for ever.
                (next != *place || facts.count > 0).then_some(next)
            }
            Kind::Page { .. } | Kind::Offset { .. } => {
                let is_short = self.full_pages && self.limit.is_some_and(|limit| facts.count < limit);
                let is_over = self.missing(facts, facts.read) == Some(0)
                    || self.is_last_page(place, facts) == Some(true)
                    || (is_short || facts.count == 0) && !self.promises_more(place, facts);
                // An empty page stands for as many records as others have.
                let stride = if facts.count > 0 { facts.count } else { self.size(facts) };
                if is_over { None } else { self.after(place, stride) }
            }
        }
    }

    /// Whether pages follow an empty one, by what the source said of its pages or records.
    fn promises_more(&self, place: &Place, facts: &Facts<'_>) -> bool {
        let size = self.size(facts);
        let is_below_total = match (place, &self.kind, facts.total) {
            (Place::Page(number), Kind::Page { start, .. }, Some(total)) => {
                size > 0 && number.saturating_sub(*start).saturating_add(1).saturating_mul(size) < total
            }
            (Place::Offset(offset), _, Some(total)) => size > 0 && offset.saturating_add(size) < total,
            _ => false,
        };
        self.has_more(facts) == Some(true) || self.is_last_page(place, facts) == Some(false) || is_below_total
    }

    /// Records that a page has, unless it is the last: as asked for, or as seen where the source gives fewer.
    fn size(&self, facts: &Facts<'_>) -> u64 {
        match facts.largest {
            0 => self.limit.unwrap_or(0),
            largest => largest,
        }
    }

    /// Whether a page is the last one by the number of pages that its answer tells; `None` where it tells none.
    fn is_last_page(&self, place: &Place, facts: &Facts<'_>) -> Option<bool> {
        let (Place::Page(number), Kind::Page { start, .. }) = (place, &self.kind) else { return None };
        let pages = self.total_pages.as_ref()?.find(facts.envelope).and_then(plain)?.parse::<u64>().ok()?;
        Some(number.saturating_add(1) >= pages.saturating_add(*start))
    }

    /// The page after one of so many records, where its address does not depend on an answer. `None` past the largest
    /// number there is.
    pub(super) fn after(&self, place: &Place, count: u64) -> Option<Place> {
        match place {
            Place::Page(number) => number.checked_add(1).map(Place::Page),
            Place::Offset(number) => number.checked_add(count).map(Place::Offset),
            _ => None,
        }
    }

    /// Whether a page is known to be past what the last answer promised; then it is not worth fetching ahead.
    pub(super) fn is_past(&self, place: &Place, facts: &Facts<'_>, pages_ahead: u64) -> bool {
        let read = facts.read.saturating_add(pages_ahead.saturating_mul(facts.count));
        self.missing(facts, read) == Some(0) || self.is_last_page(place, facts) == Some(true)
    }

    /// Records that a page is asked to have.
    pub(super) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Records that an answer says there are.
    pub(super) fn total(&self, facts: &Facts<'_>) -> Option<u64> {
        let in_body = self.total.as_ref().and_then(|path| plain(path.find(facts.envelope)?));
        let in_header = || facts.headers.get(self.total_header.as_deref()?)?.to_str().ok().map(str::to_owned);
        in_body.or_else(in_header)?.trim().parse().ok()
    }

    /// Records that are still to come after so many were read, where that is known.
    fn missing(&self, facts: &Facts<'_>, read: u64) -> Option<u64> {
        let skipped = match self.kind {
            Kind::Offset { start, .. } => start,
            // How many records are before a page in the middle is not known.
            Kind::Page { start, .. } if start > 1 => return None,
            _ => 0,
        };
        Some(facts.total?.saturating_sub(skipped).saturating_sub(read))
    }

    fn check_total(&self, facts: &Facts<'_>) -> Result<()> {
        match self.missing(facts, facts.read).filter(|missing| *missing > 0).and(facts.total) {
            Some(total) => Err(Error::new(
                ErrorKind::Unavailable,
                "short_source",
                format!(
                    "the source ended after {} of the {total} records that it says it has; if its count is not to be \
                     trusted, give `pagination` without `totalPath` and `totalHeader`",
                    facts.read
                ),
            )),
            None => Ok(()),
        }
    }

    /// Whether pages go by what answers say, and not by numbers.
    pub(super) fn is_told(&self) -> bool {
        matches!(self.kind, Kind::Cursor { .. } | Kind::Link { .. } | Kind::NextUrl { .. })
    }
}

/// How the options say it, by what else they name where they do not.
pub(super) fn kind(options: &PaginationOptions) -> PaginationType {
    if options.enabled == Some(false) {
        return PaginationType::None;
    }
    let PaginationOptions { page_param, page_body_path, offset_param, offset_body_path, .. } = options;
    let PaginationOptions { cursor_path, cursor_header, cursor_params, next_url_path, .. } = options;
    match options.kind {
        Some(kind) => kind,
        None if page_param.is_some() || page_body_path.is_some() => PaginationType::Page,
        None if offset_param.is_some() || offset_body_path.is_some() => PaginationType::Offset,
        None if cursor_path.is_some() || cursor_header.is_some() || !cursor_params.is_empty() => {
            PaginationType::Cursor
        }
        None if next_url_path.is_some() => PaginationType::NextUrl,
        None if options.link_relation.is_some() => PaginationType::LinkHeader,
        None => PaginationType::Auto,
    }
}

fn token(options: &PaginationOptions) -> Result<Token> {
    if !options.cursor_params.is_empty() {
        let read = |(param, text): (&String, &String)| {
            let option = format!("pagination/cursorParams/{param}");
            let path = Path::parse(text).map_err(|problem| invalid(&option, &problem))?;
            Ok((param.clone(), path))
        };
        return Ok(Token::Several(options.cursor_params.iter().map(read).collect::<Result<_>>()?));
    }
    if let Some(header) = &options.cursor_header {
        return Ok(Token::Header(header.clone()));
    }
    let missing = || invalid("pagination/cursorPath", "is missing: say where the token of the next page is");
    Ok(Token::Path(path("pagination/cursorPath", options.cursor_path.as_deref())?.ok_or_else(missing)?))
}

impl Token {
    /// The parameters of the next request; one without a name goes where the options say.
    fn read(&self, facts: &Facts<'_>) -> Option<Map<String, Value>> {
        let one = |text: String| Map::from_iter([(String::new(), Value::from(text))]);
        match self {
            Self::Header(name) => {
                let text = facts.headers.get(name)?.to_str().ok()?.trim();
                (!text.is_empty()).then(|| one(text.to_owned()))
            }
            Self::Path(path) => {
                let found = path.find(facts.envelope)?;
                match found.starts_with('{') {
                    true => {
                        serde_json::from_str::<Map<String, Value>>(found).ok().filter(|map| !map.is_empty())
                    }
                    false => next_in(path, facts).map(one),
                }
            }
            Self::Several(paths) => {
                let read = |(param, path): &(String, Path)| {
                    Some((param.clone(), Value::from(next_in(path, facts)?)))
                };
                let found: Map<_, _> = paths.iter().filter_map(read).collect();
                (!found.is_empty()).then_some(found)
            }
        }
    }
}

impl Target {
    fn set(&self, draft: &mut Draft, value: Value) {
        match self {
            Self::Query(name) => set_param(&mut draft.url, name, &value),
            Self::Body(steps) => {
                let body = draft.body.get_or_insert_with(|| Value::Object(Map::new()));
                // What was sent as a number in the body of the first request is one in the others.
                let is_number = follow_mut(body, steps).is_some_and(|there| there.is_number());
                let number = value.as_str().filter(|_| is_number).and_then(|text| text.parse::<u64>().ok());
                put(body, steps, number.map_or(value, Value::from));
            }
        }
    }
}

/// Sets a parameter of the query, in the place of one that is there.
pub(super) fn set_param(url: &mut Url, name: &str, value: &Value) {
    let rest: Vec<_> = url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
    url.set_query(None);
    let mut pairs = url.query_pairs_mut();
    pairs.extend_pairs(rest);
    for text in param_texts(value) {
        pairs.append_pair(name, &text);
    }
}

/// The texts that a parameter is sent as: one, or one for each element of a list.
pub(super) fn param_texts(value: &Value) -> Vec<String> {
    let values = match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    };
    values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect()
}

fn follow_mut<'v>(value: &'v mut Value, steps: &[Step]) -> Option<&'v mut Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Name(name) => value.get_mut(&**name),
        Step::Index(index) => value.get_mut(*index),
        Step::Every => None,
    })
}

/// Puts a value where the steps lead, and makes the objects on the way.
fn put(value: &mut Value, steps: &[Step], new: Value) {
    match steps {
        [] => *value = new,
        [Step::Name(name), rest @ ..] => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            if let Some(object) = value.as_object_mut() {
                put(object.entry(&**name).or_insert(Value::Null), rest, new);
            }
        }
        [Step::Index(index), rest @ ..] => {
            if let Some(element) = value.get_mut(*index) {
                put(element, rest, new);
            }
        }
        [Step::Every, ..] => {}
    }
}

/// What an answer says of the next page; `false` is how some say that there is none.
fn next_in(path: &Path, facts: &Facts<'_>) -> Option<String> {
    plain(path.find(facts.envelope).filter(|found| *found != "false")?)
}

fn is_true(found: &str) -> bool {
    plain(found).is_some_and(|text| !matches!(text.to_ascii_lowercase().as_str(), "false" | "0" | "no"))
}
