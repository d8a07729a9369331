//! From the text of an answer to its records, one after the other. The answer never becomes a tree: each record is cut
//! out as the text that it is, and what is around the records is kept, without them, as the envelope.

use std::fmt;

use catchment_core::{Error, ErrorKind, Result};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::path::{Name, Path, Step, follow, normalized};

/// More than this around the records is left out.
const MAX_ENVELOPE: usize = 1 << 20;

/// A last record that is longer is no token.
const MAX_LAST: usize = 64 << 10;

/// A record as it stands in its answer.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) raw: Box<RawValue>,
    /// A normalized JSONPath.
    pub(super) path: Box<str>,
}

/// Which places of a document hold records: a tree of steps.
#[derive(Debug, Default)]
pub(super) struct Selection {
    is_wanted: bool,
    below: Vec<(Step, Self)>,
    /// It was made by looking at the document: what is not there is not wanted.
    is_query: bool,
}

impl Selection {
    /// What a path selects in a document; the document is looked at only for paths that need it.
    pub(super) fn new(path: &Path, document: Option<&str>) -> serde_json::Result<Self> {
        let mut selection = Self::default();
        match (path.steps(), document) {
            (Some(steps), _) => selection.add(steps),
            (None, Some(document)) => {
                path.locate(document)?.iter().for_each(|way| selection.add(way));
                selection.is_query = true;
            }
            (None, None) => {}
        }
        Ok(selection)
    }

    fn add(&mut self, steps: &[Step]) {
        let Some((step, rest)) = steps.split_first() else {
            self.is_wanted = true;
            return;
        };
        let place = match self.below.iter().position(|(there, _)| there == step) {
            Some(place) => place,
            None => {
                self.below.push((step.clone(), Self::default()));
                self.below.len() - 1
            }
        };
        self.below[place].1.add(rest);
    }

    fn by_name(&self, name: &str) -> Option<&Self> {
        self.below
            .iter()
            .find(|(step, _)| matches!(step, Step::Name(known) if **known == *name) || *step == Step::Every)
            .map(|(_, below)| below)
    }

    fn by_index(&self, index: usize) -> Option<&Self> {
        self.below
            .iter()
            .find(|(step, _)| matches!(step, Step::Index(known) if *known == index) || *step == Step::Every)
            .map(|(_, below)| below)
    }
}

/// What came of going through an answer.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// The document without its records but for the last one of each list.
    pub(super) envelope: String,
    /// Whether a place of the selection was there.
    pub(super) was_found: bool,
    /// Whether whoever takes the records wanted no more.
    pub(super) is_stopped: bool,
}

/// Goes through a document, and hands its records over. `take` answers whether it wants more.
pub(super) fn walk<'de, R: serde_json::de::Read<'de>>(
    mut document: serde_json::Deserializer<R>,
    selection: &Selection,
    take: &mut dyn FnMut(Item) -> bool,
) -> serde_json::Result<Walked> {
    let mut state = State { take, way: Vec::new(), walked: Walked::default() };
    match (Walk { selection, state: &mut state }).deserialize(&mut document) {
        Err(_) if state.walked.is_stopped => return Ok(state.walked),
        result => result?,
    }
    document.end()?;
    Ok(state.walked)
}

struct State<'t> {
    take: &'t mut dyn FnMut(Item) -> bool,
    way: Vec<Step>,
    walked: Walked,
}

impl State<'_> {
    fn keep(&mut self, text: &str) {
        if self.walked.envelope.len() + text.len() <= MAX_ENVELOPE {
            self.walked.envelope.push_str(text);
        } else {
            self.walked.envelope.push_str("null");
        }
    }

    fn keep_last(&mut self, last: &str) {
        if self.walked.envelope.len() + last.len() <= MAX_ENVELOPE {
            self.walked.envelope.push_str(last);
        }
    }

    fn hand_over<E: serde::de::Error>(&mut self, raw: Box<RawValue>) -> Result<(), E> {
        let item = Item { raw, path: normalized(&self.way).into() };
        if (self.take)(item) {
            return Ok(());
        }
        self.walked.is_stopped = true;
        Err(E::custom("nobody reads on"))
    }
}

/// A node on the way to records, or one that is or holds them.
struct Walk<'a, 't> {
    selection: &'a Selection,
    state: &'a mut State<'t>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Selection { is_wanted, below, is_query } = self.selection;
        // An empty list has none of its elements.
        let is_list = below.iter().any(|(step, below)| *step == Step::Every && below.is_wanted);
        self.state.walked.was_found |= *is_wanted || is_list || *is_query;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { selection, state } = self;
        if selection.is_wanted {
            // One record. Its text is put together again, as its beginning has been read.
            let mut text = "{".to_owned();
            while let Some(Name(name)) = map.next_key()? {
                let comma = if text.len() > 1 { "," } else { "" };
                let value = map.next_value::<Box<RawValue>>()?;
                text.push_str(&format!("{comma}{}:{value}", serde_json::Value::from(&*name)));
            }
            text.push('}');
            let raw = RawValue::from_string(text).map_err(serde::de::Error::custom)?;
            state.keep("null");
            return state.hand_over(raw);
        }
        state.walked.envelope.push('{');
        let mut is_first = true;
        while let Some(name) = map.next_key::<String>()? {
            if !std::mem::take(&mut is_first) {
                state.walked.envelope.push(',');
            }
            state.walked.envelope.push_str(&serde_json::Value::from(&*name).to_string());
            state.walked.envelope.push(':');
            match selection.by_name(&name) {
                Some(below) => {
                    state.way.push(Step::Name(name.into()));
                    map.next_value_seed(Walk { selection: below, state: &mut *state })?;
                    state.way.pop();
                }
                None => state.keep(map.next_value::<Box<RawValue>>()?.get()),
            }
        }
        state.walked.envelope.push('}');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { selection, state } = self;
        state.walked.envelope.push('[');
        let (mut index, mut last) = (0, String::new());
        loop {
            state.way.push(Step::Index(index));
            let is_over = match selection.by_index(index) {
                _ if selection.is_wanted => match seq.next_element::<Box<RawValue>>()? {
                    Some(raw) => {
                        // Some APIs give the last record as the token of the next page.
                        if raw.get().len() < MAX_LAST {
                            last.clear();
                            last.push_str(raw.get());
                        }
                        state.hand_over(raw)?;
                        false
                    }
                    None => true,
                },
                Some(below) => {
                    let before = state.walked.envelope.len();
                    if !state.walked.envelope.ends_with('[') {
                        state.walked.envelope.push(',');
                    }
                    let seed = Walk { selection: below, state: &mut *state };
                    let is_over = seq.next_element_seed(seed)?.is_none();
                    if is_over {
                        state.walked.envelope.truncate(before);
                    }
                    is_over
                }
                None => seq.next_element::<serde::de::IgnoredAny>()?.is_none(),
            };
            state.way.pop();
            if is_over {
                break;
            }
            index += 1;
        }
        state.keep_last(&last);
        state.walked.envelope.push(']');
        Ok(())
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.state.keep("null");
        Ok(())
    }

    fn visit_bool<E: serde::de::Error>(self, flag: bool) -> Result<(), E> {
        self.scalar(&flag.to_string())
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<(), E> {
        self.scalar(&number.to_string())
    }

    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<(), E> {
        self.scalar(&number.to_string())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        self.scalar(&serde_json::Value::from(number).to_string())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.scalar(&serde_json::Value::from(text).to_string())
    }
}

impl Walk<'_, '_> {
    /// Where records were expected it is one, if a bad one.
    fn scalar<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.state.keep(text);
        if !self.selection.is_wanted {
            return Ok(());
        }
        let raw = RawValue::from_string(text.to_owned()).map_err(E::custom)?;
        self.state.hand_over(raw)
    }
}

/// Names that lists of records go by, the likeliest first.
const LISTS: [&str; 20] = [
    "data",
    "items",
    "results",
    "records",
    "rows",
    "result",
    "entries",
    "values",
    "value",
    "content",
    "objects",
    "list",
    "docs",
    "documents",
    "hits",
    "elements",
    "nodes",
    "payload",
    "response",
    "_embedded",
];
/// Names of lists that are not the records.
const NOT_LISTS: [&str; 12] = [
    "errors", "warnings", "links", "_links", "included", "facets", "meta", "messages", "columns", "headers",
    "filters", "sort",
];
/// How deep a list is looked for.
const MAX_DEPTH: usize = 4;

/// A list in a document.
#[derive(Debug)]
struct List {
    way: Vec<Step>,
    has_records: bool,
    rank: usize,
}

/// Finds where the records of a document are.
///
/// # Errors
/// `api`, with the lists there are, where that is not clear.
pub(super) fn find_list(document: &str) -> Result<Path> {
    let mut lists = Vec::new();
    look_for_lists(document, &mut Vec::new(), LISTS.len(), &mut lists);
    lists.sort_by_key(|list| (!list.has_records, list.rank, list.way.len()));
    let shown = |list: &List| normalized(&list.way);
    let unclear = |problem: String| {
        let message = format!("{problem}; name the list of records with the option `dataPath`");
        Error::new(ErrorKind::Api, "no_records", message).with_detail("/options/dataPath", "is needed")
    };
    let is_tie = |first: &List, second: &List| {
        (first.has_records, first.rank, first.way.len())
            == (second.has_records, second.rank, second.way.len())
    };
    match lists.as_slice() {
        [] => Err(unclear("the answer holds no list".to_owned())),
        [first, second, ..] if is_tie(first, second) => Err(unclear(format!(
            "the answer holds several lists, such as {} and {}",
            shown(first),
            shown(second)
        ))),
        [first, ..] => Path::parse(&shown(first)).map_err(unclear),
    }
}

fn look_for_lists(document: &str, way: &mut Vec<Step>, rank: usize, lists: &mut Vec<List>) {
    match document.trim_start().as_bytes().first() {
        Some(b'[') => {
            let first = follow(document, &[Step::Index(0)]);
            lists.push(List {
                way: way.clone(),
                has_records: first.is_some_and(|first| first.starts_with(['{', '['])),
                rank,
            });
        }
        Some(b'{') if way.len() < MAX_DEPTH => {
            let members = serde_json::from_str::<Members<'_>>(document).unwrap_or_default();
            for (name, value) in members.0 {
                if NOT_LISTS.contains(&&*name) {
                    continue;
                }
                let named = LISTS.iter().position(|known| *known == name).unwrap_or(LISTS.len());
                way.push(Step::Name(name.into()));
                look_for_lists(value.get(), way, rank.min(named), lists);
                way.pop();
            }
        }
        _ => {}
    }
}

/// The members of an object, in order.
#[derive(Debug, Default)]
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> serde::Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(All).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, document: &str) -> (Vec<String>, String) {
        let selection = Selection::new(&Path::parse(path).unwrap(), Some(document)).unwrap();
        let mut items = Vec::new();
        let mut take = |item: Item| {
            items.push(format!("{} {}", item.path, item.raw));
            true
        };
        let walked = walk(serde_json::Deserializer::from_str(document), &selection, &mut take).unwrap();
        (items, walked.envelope)
    }

    #[test]
    fn records_are_cut_out_as_they_stand() {
        let document =
            r#" {"next": 1e400, "data": {"items": [ {"id": 1.0} , [2] ], "more": true}, "é\n": "\u00e9"} "#;
        let (items, envelope) = read("data.items", document);
        assert_eq!(items, [r#"$.data.items[0] {"id": 1.0}"#, "$.data.items[1] [2]"]);
        assert_eq!(envelope, r#"{"next":1e400,"data":{"items":[[2]],"more":true},"é\n":"\u00e9"}"#);
        let (items, envelope) =
            read("$.groups[*].songs", r#"{"groups": [{"songs": [1]}, {"songs": [2, 3]}]}"#);
        assert_eq!(envelope, r#"{"groups":[{"songs":[1]},{"songs":[3]}]}"#);
        assert_eq!(items, ["$.groups[0].songs[0] 1", "$.groups[1].songs[0] 2", "$.groups[1].songs[1] 3"]);
        let (items, _) =
            read("$.all[?@.kind=='song']", r#"{"all": [{"kind":"ad"}, {"kind":"song", "n": 0.10}]}"#);
        assert_eq!(items, [r#"$.all[1] {"kind":"song","n":0.10}"#]);
        assert_eq!(read("$", "[1, 2]").0.len(), 2);
        assert_eq!(read("data", r#"{"data": null}"#).0.len(), 0);
    }

    proptest::proptest! {
        /// Whatever comes in: no panic, and as many records as another parser finds elements.
        #[test]
        fn any_text_is_read_or_refused(text in r#"[\[\]{},:"\\u0ad8 1e.\-tfnrul\x00é]{0,40}"#, inner in "[\\[{\"a1,:}\\]]{0,12}") {
            let fields = crate::api::fields::Fields::new(&["a".into(), "a.b[0]".into()]).unwrap();
            for document in [text.clone(), format!("[{text}]"), format!("[{{\"a\": {inner}}}, {text}]")] {
                let mut count = 0;
                let mut take = |item: Item| {
                    count += 1;
                    fields.values(item.raw.get()).map(|values| assert_eq!(values.len(), 3)).ok();
                    true
                };
                let walked = walk(serde_json::Deserializer::from_str(&document), &selection("$"), &mut take);
                let elements = serde_json::from_str::<Vec<&RawValue>>(&document).ok().map(|elements| elements.len());
                match elements {
                    Some(elements) => assert!(walked.is_ok() && count == elements, "{document}"),
                    None => assert!(walked.is_err() || count <= 1, "{document}"),
                }
                find_list(&document).ok();
            }
        }
    }

    fn selection(path: &str) -> Selection {
        Selection::new(&Path::parse(path).unwrap(), None).unwrap()
    }

    #[test]
    fn lists_are_found_by_what_the_answer_holds() {
        for (document, expected) in [
            ("[]", "$"),
            (r#"{"data": [], "errors": []}"#, "$.data"),
            (r#"{"data": {"items": [{}]}, "links": [{}]}"#, "$.data.items"),
            (r#"{"_embedded": {"songs": [{}]}, "page": {}}"#, "$._embedded.songs"),
            (r#"{"tags": ["a"], "songs": [{}]}"#, "$.songs"),
            (r#"{"results": [{}], "genres": [{}]}"#, "$.results"),
            (r#"{"rows": [[1]], "suggested": [{}]}"#, "$.rows"),
        ] {
            assert_eq!(find_list(document).unwrap().to_string(), expected, "{document}");
        }
        for unclear in [r#"{"a": [{}], "b": [{}]}"#, r#"{"a": 1}"#, "1"] {
            assert_eq!(find_list(unclear).unwrap_err().code(), "no_records", "{unclear}");
        }
    }
}
