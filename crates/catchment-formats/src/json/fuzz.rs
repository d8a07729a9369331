//! What holds for any document and path. See [`crate::fuzz`].

use serde_json::Value;

use super::fields::{Field, Fields};
use super::lists::find_list;
use super::path::Path;
use super::query;
use super::records::{Item, WalkResult, walk};
use super::selection::Selection;
use super::step::{Step, to_jsonpath};
use crate::fuzz::split_line;

/// A path, and what it finds in a document: what RFC 9535 finds, by another implementation of it. The first line of `data`
/// is the path.
pub fn path(data: &[u8]) {
    let Some((text, document)) = split_line(data) else { return };
    let Ok(path) = Path::parse(text) else { return };
    let again = Path::parse(&path.to_string()).expect("a path reads what it shows");
    assert_eq!(again.steps(), path.steps());
    if let Some(steps) = path.steps() {
        let shown = to_jsonpath(steps);
        let again = Path::parse(&shown).unwrap_or_else(|problem| unreachable!("{shown} {problem}"));
        assert_eq!(again.steps(), Some(steps), "{shown}");
    }

    let Ok(document) = str::from_utf8(document) else { return };
    let found = path.find(document);
    let Some(tree) = distinct_tree(document) else { return };
    let expected = match (path.steps(), query::parse(text.trim())) {
        (Some(steps), other) => {
            let nodes = select(&tree, steps);
            if let Ok(query) = other {
                assert_eq!(query.query(&tree).all(), nodes, "{text} is read otherwise by RFC 9535");
            }
            nodes.first().copied()
        }
        (None, Ok(query)) => query.query(&tree).first(),
        // Such as `data[-1].id`, which is a query with what it lacks.
        (None, Err(_)) => return,
    };
    assert_eq!(found.map(parse).as_ref(), expected, "{text}");
}

/// What steps lead to in a tree.
fn select<'t>(tree: &'t Value, steps: &[Step]) -> Vec<&'t Value> {
    steps.iter().fold(vec![tree], |nodes, step| {
        nodes
            .into_iter()
            .flat_map(|node| -> Vec<&Value> {
                match (step, node) {
                    (Step::Name(name), node) => node.get(&**name).into_iter().collect(),
                    (Step::Index(index), node) => node.get(*index).into_iter().collect(),
                    (Step::Wildcard, Value::Array(elements)) => elements.iter().collect(),
                    (Step::Wildcard, Value::Object(members)) => members.values().collect(),
                    (Step::Wildcard, _) => Vec::new(),
                }
            })
            .collect()
    })
}

/// Records cut out of a document: those that a tree of it has, whole or as a stream; and their values. The first line of
/// `data` is where the records are, nothing where that is to be found out.
pub fn json(data: &[u8]) {
    let Some((text, bytes)) = split_line(data) else { return };
    let Ok(document) = str::from_utf8(bytes) else { return };
    let tree = distinct_tree(document);
    let given = Path::parse(text);
    let path = match (text, given) {
        ("", _) => find_list(document),
        (_, Ok(path)) => Ok(path),
        (_, Err(_)) => return,
    };
    let Ok(path) = path else { return };
    let Ok(selection) = Selection::new(&path, Some(document)) else { return };

    let (items, walked) = cut(serde_json::Deserializer::from_str(document), &selection, usize::MAX);
    let (streamed, walked_stream) = cut(serde_json::Deserializer::from_reader(bytes), &selection, usize::MAX);
    assert_eq!(streamed, items, "another reading of the same text");
    assert_eq!(walked.is_ok(), walked_stream.is_ok());
    let (few, _) = cut(serde_json::Deserializer::from_str(document), &selection, 2);
    assert_eq!(few, items[..items.len().min(2)], "stopped after two");

    if let Some(tree) = &tree {
        let walked = walked.as_ref().expect("what is a tree can be walked");
        let envelope = distinct_tree(&walked.envelope).expect("an envelope is JSON");
        assert!(envelope.is_object() == tree.is_object() || items.len() == 1, "{envelope}");
        let expected = records(tree, &path, document);
        assert_eq!(items.len(), expected.len(), "{path}: {items:?}");
        for ((place, raw), record) in items.iter().zip(&expected) {
            // A number where records should be is no record; it is shown as near as a float comes.
            assert!(&parse(raw) == *record || record.is_f64(), "{place}: {raw}, not {record}");
            let place = Path::parse(place).expect("a place is a path");
            assert_eq!(place.find(document).map(parse).as_ref(), Some(*record), "{place}");
        }
        if text.is_empty() {
            assert!(path.find(document).is_some_and(|list| list.starts_with('[')), "{path} is no list");
        }
    }
    values(&items, tree.is_some());
}

/// Cuts out at most so many records: each with its place, and what is around them.
fn cut<'de, R: serde_json::de::Read<'de>>(
    document: serde_json::Deserializer<R>,
    selection: &Selection,
    most: usize,
) -> (Vec<(String, String)>, serde_json::Result<WalkResult>) {
    let mut items = Vec::new();
    let mut take = |item: Item| {
        items.push((item.path.to_string(), item.raw.get().to_owned()));
        items.len() < most
    };
    let walked = walk(document, selection, &mut take);
    (items, walked)
}

/// The records at a path of a tree: the elements of lists, and whatever else but null.
fn records<'t>(tree: &'t Value, path: &Path, document: &str) -> Vec<&'t Value> {
    let nodes = match path.steps() {
        Some(steps) => select(tree, steps),
        None => {
            let mut ways = path.locate(document).expect("it is a tree");
            // What is within a record is part of it; and they are taken in the order of the text.
            let all = ways.clone();
            ways.retain(|way| !all.iter().any(|other| other.len() < way.len() && way.starts_with(other)));
            let mut nodes: Vec<_> = ways.iter().flat_map(|way| select(tree, way)).collect();
            let mut order = Vec::new();
            flatten(tree, &mut order);
            let place = |node: &&Value| order.iter().position(|other| std::ptr::eq(*other, *node));
            nodes.sort_by_key(place);
            nodes.dedup_by(|one, other| std::ptr::eq(*one, *other));
            nodes
        }
    };
    let elements = |node: &'t Value| -> Vec<&'t Value> {
        match node {
            Value::Array(elements) => elements.iter().collect(),
            Value::Null => Vec::new(),
            node => vec![node],
        }
    };
    nodes.into_iter().flat_map(elements).collect()
}

/// All nodes of a tree in the order of its text.
fn flatten<'t>(node: &'t Value, all: &mut Vec<&'t Value>) {
    all.push(node);
    match node {
        Value::Array(elements) => elements.iter().for_each(|element| flatten(element, all)),
        Value::Object(members) => members.values().for_each(|member| flatten(member, all)),
        _ => {}
    }
}

/// The columns that are suggested are columns, and hold what a tree of the record has there.
fn values(items: &[(String, String)], is_tree: bool) {
    let names = Fields::suggest(items.iter().map(|(_, raw)| raw.as_str()));
    let fields = Fields::new(&names).unwrap_or_else(|(name, problem)| unreachable!("{name} {problem}"));
    let is_column = |name: &str| {
        let step = [Step::Name(name.into())];
        names.iter().any(|other| path_of(other).single() == Some(&step))
    };
    for (_, raw) in items {
        let read = match fields.values(raw) {
            Ok(values) => values,
            Err(bad) => {
                assert!(!bad.message.is_empty());
                // A member may have for its name what is the path of another, and be no column itself.
                let is_doubled = |record: &Value| {
                    names.iter().any(|name| {
                        let is_way = path_of(name).single().is_some_and(|steps| steps.len() > 1);
                        is_way && record.get(&**name).is_some() && !is_column(name)
                    })
                };
                let is_due = !is_tree
                    || matches!(bad.code, "not_a_record" | "too_deep")
                    || bad.code == "doubled_name" && is_doubled(&parse(raw));
                assert!(is_due, "{} {}: {raw}", bad.code, bad.message);
                continue;
            }
        };
        assert_eq!(read.len(), names.len() + 1);
        let Some(record) = distinct_tree(raw) else { continue };
        for (name, field) in names.iter().zip(&read) {
            let there = path_of(name).single().map(|steps| select(&record, steps)).unwrap_or_default();
            let expected =
                there.first().copied().or_else(|| record.get(&**name).filter(|_| !is_column(name)));
            assert_eq!(&tree_of(field), expected.unwrap_or(&Value::Null), "{name} of {raw}");
        }
    }
}

fn path_of(column: &str) -> Path {
    Path::parse(column).unwrap_or_else(|problem| unreachable!("`{column}` {problem}"))
}

fn tree_of(field: &Field<'_>) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => (*flag).into(),
        Field::Text(text) => text.as_ref().into(),
        Field::Number(text) | Field::Json(text) => parse(text),
    }
}

fn parse(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| unreachable!("{json} is no JSON: {error}"))
}

/// A document as a tree, where it is one and no object has two members of one name.
fn distinct_tree(document: &str) -> Option<Value> {
    fn members(value: &Value) -> usize {
        match value {
            Value::Array(elements) => elements.iter().map(members).sum(),
            Value::Object(object) => object.len() + object.values().map(members).sum::<usize>(),
            _ => 0,
        }
    }
    let tree = serde_json::from_str(document).ok()?;
    let (mut is_inside, mut is_escaped, mut colons) = (false, false, 0);
    for byte in document.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => is_inside = !is_inside,
            b':' if !is_inside => colons += 1,
            _ => {}
        }
    }
    (members(&tree) == colons).then_some(tree)
}
