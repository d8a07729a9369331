//! Detection of the list of records in a document, where no option names it: the likeliest of its arrays.

use std::fmt;

use catchment_core::json::{Key, for_each_entry};
use catchment_core::{Error, ErrorKind, Result};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::path::Path;
use super::step::{Step, follow, to_jsonpath};

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
const NOT_LISTS: [&str; 13] = [
    "error", "errors", "warnings", "links", "_links", "included", "facets", "meta", "messages", "columns",
    "headers", "filters", "sort",
];
/// How deep a list is looked for.
const MAX_DEPTH: usize = 4;

/// A list in a document.
#[derive(Debug)]
struct List {
    steps: Vec<Step>,
    has_records: bool,
    rank: usize,
}

/// Finds where the records of a document are.
///
/// # Errors
/// `api`, with the lists there are, where that is not clear.
pub fn find_list(document: &str) -> Result<Path> {
    let mut lists = Vec::new();
    look_for_lists(document, &mut Vec::new(), LISTS.len(), &mut lists);
    likeliest(lists)
}

/// The same of a document that is too long to be held in memory.
///
/// # Errors
/// Where it does not read; and as [`find_list`].
pub(crate) fn find_list_in(document: impl std::io::Read) -> serde_json::Result<Result<Path>> {
    let mut lists = Vec::new();
    let look = Look { steps: &mut Vec::new(), rank: LISTS.len(), lists: &mut lists };
    look.deserialize(&mut serde_json::Deserializer::from_reader(document))?;
    Ok(likeliest(lists))
}

fn likeliest(mut lists: Vec<List>) -> Result<Path> {
    lists.sort_by_key(|list| (!list.has_records, list.rank, list.steps.len()));
    let shown = |list: &List| to_jsonpath(&list.steps);
    let unclear = |problem: String| {
        let message = format!("{problem}; name the list of records with the option `dataPath`");
        Error::new(ErrorKind::Api, "no_records", message).with_detail("/options/dataPath", "is missing")
    };
    let is_tie = |first: &List, second: &List| {
        (first.has_records, first.rank, first.steps.len())
            == (second.has_records, second.rank, second.steps.len())
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

fn look_for_lists(document: &str, steps: &mut Vec<Step>, rank: usize, lists: &mut Vec<List>) {
    match document.trim_start().as_bytes().first() {
        Some(b'[') => {
            let first = follow(document, &[Step::Index(0)]);
            lists.push(List {
                steps: steps.clone(),
                has_records: first.is_some_and(|first| first.starts_with(['{', '['])),
                rank,
            });
        }
        Some(b'{') if steps.len() < MAX_DEPTH => {
            let look_below = |key: Key<'_>, value: &str| {
                if let Key::Name(name) = key
                    && !NOT_LISTS.contains(&&*name)
                {
                    let named = LISTS.iter().position(|known| *known == name).unwrap_or(LISTS.len());
                    steps.push(Step::Name(name.into()));
                    look_for_lists(value, steps, rank.min(named), lists);
                    steps.pop();
                }
                Ok(())
            };
            // A document that does not read has been refused before.
            for_each_entry(document, look_below).ok();
        }
        _ => {}
    }
}

/// A value of a document that is looked at for lists, while it comes in.
struct Look<'l> {
    steps: &'l mut Vec<Step>,
    rank: usize,
    lists: &'l mut Vec<List>,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            if self.steps.len() >= MAX_DEPTH || NOT_LISTS.contains(&&*name) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let named = LISTS.iter().position(|known| *known == name).unwrap_or(LISTS.len());
            self.steps.push(Step::Name(name.into()));
            let (steps, lists) = (&mut *self.steps, &mut *self.lists);
            map.next_value_seed(Look { steps, rank: self.rank.min(named), lists })?;
            self.steps.pop();
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<(), A::Error> {
        let first = seq.next_element::<Box<RawValue>>()?;
        let has_records = first.is_some_and(|first| first.get().starts_with(['{', '[']));
        self.lists.push(List { steps: self.steps.clone(), has_records, rank: self.rank });
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> std::result::Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> std::result::Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let streamed = find_list_in(document.as_bytes()).unwrap().unwrap();
            assert_eq!(streamed.to_string(), expected, "{document}");
        }
        for unclear in [r#"{"a": [{}], "b": [{}]}"#, r#"{"a": 1}"#, "1"] {
            assert_eq!(find_list(unclear).unwrap_err().code(), "no_records", "{unclear}");
        }
    }
}
