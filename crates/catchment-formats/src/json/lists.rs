//! Detection of the list of records in a document, where no option names it: the likeliest of its arrays.

use catchment_core::json::{Key, for_each_entry};
use catchment_core::{Error, ErrorKind, Result};

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
        }
        for unclear in [r#"{"a": [{}], "b": [{}]}"#, r#"{"a": 1}"#, "1"] {
            assert_eq!(find_list(unclear).unwrap_err().code(), "no_records", "{unclear}");
        }
    }
}
