//! From a record's text to the values of its columns: one pass over the text, and what no column wants is skipped.

use std::borrow::Cow;
use std::fmt;

use catchment_core::{Value, WHOLE_RECORD};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::path::{Name, Path, Step, normalized};
use super::records::Members;

/// How deep values may be nested; databases take no more.
const MAX_DEPTH: usize = 64;
/// How deep columns are looked for where no mapping names them.
const SUGGESTED_DEPTH: usize = 3;
/// Columns at most that are found so.
const MAX_SUGGESTED: usize = 256;

/// The columns of a source, and where in a record their values are.
#[derive(Debug)]
pub(super) struct Fields {
    names: Vec<Box<str>>,
    root: Node,
}

/// What is wanted at and below a place of a record.
#[derive(Debug, Default)]
struct Node {
    column: Option<usize>,
    below: Vec<(Step, Self)>,
}

/// A record whose values cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    pub(super) code: &'static str,
    pub(super) message: String,
}

/// A value, decoded.
pub(super) enum Field<'r> {
    Null,
    Bool(bool),
    Number(&'r str),
    Text(Cow<'r, str>),
    Json(&'r str),
}

impl Field<'_> {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(flag) => Value::Bool(*flag),
            Self::Number(text) => Value::Number(text),
            Self::Text(text) => Value::Text(text),
            Self::Json(text) => Value::Json(text),
        }
    }
}

impl Fields {
    /// Columns by their paths; the whole record is one more.
    ///
    /// # Errors
    /// What is wrong with a path, and which it is.
    pub(super) fn new(names: &[Box<str>]) -> Result<Self, (String, String)> {
        let mut root = Node::default();
        let mut aliases = Vec::new();
        for (column, name) in names.iter().enumerate() {
            let path = Path::parse(name).map_err(|problem| (name.to_string(), problem))?;
            let steps = path.single().ok_or_else(|| {
                let problem = "may lead to several values; name one, such as `artists[0].name`";
                (name.to_string(), problem.to_owned())
            })?;
            if steps.len() > 1 {
                aliases.push((Step::Name(name.clone()), column));
            }
            root.want(steps, column);
        }
        // A member may have the path itself for its name, unless that is a column of its own.
        for (step, column) in aliases {
            root.want(&[step], column);
        }
        let mut names = names.to_vec();
        names.push(WHOLE_RECORD.into());
        Ok(Self { names, root })
    }

    /// Paths that the first records have values at, in order: what a mapping can choose from.
    pub(super) fn suggest<'r>(records: impl Iterator<Item = &'r str>) -> Vec<Box<str>> {
        let mut paths = Vec::new();
        for record in records {
            suggest(record, &mut Vec::new(), &mut paths);
        }
        paths
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The values of a record, one a column.
    pub(super) fn values<'r>(&self, record: &'r str) -> Result<Vec<Field<'r>>, Misfit> {
        let record = record.trim();
        if !record.starts_with(['{', '[']) {
            let message = "is neither an object with named members nor a list of values".to_owned();
            return Err(Misfit { code: "not_a_record", message });
        }
        check_text(record)?;
        let mut found = vec![None; self.names.len()];
        let mut is_doubled = false;
        let mut json = serde_json::Deserializer::from_str(record);
        let wanted = Wanted { node: &self.root, found: &mut found, is_doubled: &mut is_doubled };
        wanted.deserialize(&mut json).map_err(|error| bad(&error))?;
        if is_doubled {
            let message = "holds two members of the same name; which one counts is not said".to_owned();
            return Err(Misfit { code: "doubled_name", message });
        }
        if let Some(whole) = found.last_mut() {
            *whole = Some(record);
        }
        found.into_iter().map(|raw| raw.map_or(Ok(Field::Null), decode)).collect()
    }
}

fn suggest(record: &str, way: &mut Vec<Step>, paths: &mut Vec<Box<str>>) {
    if way.is_empty() && record.starts_with('[') {
        // A row without names: its values go by their places.
        let values: Vec<&RawValue> = serde_json::from_str(record).unwrap_or_default();
        let places = (0..values.len()).map(|index| format!("[{index}]").into());
        paths.extend(places.skip(paths.len()).take(MAX_SUGGESTED));
        return;
    }
    let Ok(Members(members)) = serde_json::from_str(record) else { return };
    for (name, value) in members {
        way.push(Step::Name(name.into()));
        let is_object = value.get().starts_with('{');
        if is_object && way.len() < SUGGESTED_DEPTH {
            suggest(value.get(), way, paths);
        } else if !is_object {
            let path: Box<str> = dotted(way).into();
            if !paths.contains(&path) && paths.len() < MAX_SUGGESTED {
                paths.push(path);
            }
        }
        way.pop();
    }
}

/// A way as people write it, where that reads back; else as a JSONPath.
fn dotted(way: &[Step]) -> String {
    let jsonpath = normalized(way);
    match jsonpath.contains("['") {
        true => {
            let names: Vec<_> =
                way.iter().map(|step| if let Step::Name(name) = step { name } else { "" }).collect();
            let text = names.join(".");
            match Path::parse(&text) {
                Ok(path) if path.steps() == Some(way) => text,
                _ => jsonpath,
            }
        }
        false => jsonpath.trim_start_matches("$.").to_owned(),
    }
}

impl Node {
    fn want(&mut self, steps: &[Step], column: usize) {
        let Some((step, rest)) = steps.split_first() else {
            self.column.get_or_insert(column);
            return;
        };
        let place = match self.below.iter().position(|(there, _)| there == step) {
            Some(place) => place,
            None => {
                self.below.push((step.clone(), Self::default()));
                self.below.len() - 1
            }
        };
        self.below[place].1.want(rest, column);
    }
}

/// Takes what is wanted out of an object or a list.
struct Wanted<'n, 'f, 'r> {
    node: &'n Node,
    found: &'f mut Vec<Option<&'r str>>,
    is_doubled: &'f mut bool,
}

impl<'r> Wanted<'_, '_, 'r> {
    fn take(&mut self, node: &Node, raw: &'r str) -> serde_json::Result<()> {
        if let Some(column) = node.column {
            *self.is_doubled |= self.found[column].replace(raw).is_some();
        }
        if node.below.is_empty() || !raw.starts_with(['{', '[']) {
            return Ok(());
        }
        let below = Wanted { node, found: &mut *self.found, is_doubled: &mut *self.is_doubled };
        below.deserialize(&mut serde_json::Deserializer::from_str(raw))
    }
}

impl<'de> DeserializeSeed<'de> for Wanted<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Wanted<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let node = self.node;
        while let Some(Name(name)) = map.next_key()? {
            let wanted =
                node.below.iter().find(|(step, _)| matches!(step, Step::Name(known) if **known == *name));
            match wanted {
                Some((_, below)) => {
                    let raw = map.next_value::<&RawValue>()?.get();
                    self.take(below, raw).map_err(serde::de::Error::custom)?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let (node, mut index) = (self.node, 0);
        while let Some(raw) = seq.next_element::<&RawValue>()? {
            if let Some((_, below)) = node.below.iter().find(|(step, _)| *step == Step::Index(index)) {
                self.take(below, raw.get()).map_err(serde::de::Error::custom)?;
            }
            index += 1;
        }
        Ok(())
    }
}

fn decode(raw: &str) -> Result<Field<'_>, Misfit> {
    Ok(match raw.as_bytes().first() {
        None | Some(b'n') => Field::Null,
        Some(b't') => Field::Bool(true),
        Some(b'f') => Field::Bool(false),
        Some(b'{' | b'[') => Field::Json(raw),
        Some(b'"') if !raw.contains('\\') => Field::Text(raw[1..raw.len() - 1].into()),
        Some(b'"') => Field::Text(serde_json::from_str::<Name<'_>>(raw).map_err(|error| bad(&error))?.0),
        Some(_) => Field::Number(raw),
    })
}

fn bad(error: &serde_json::Error) -> Misfit {
    Misfit { code: "bad_json", message: format!("does not read: {error}") }
}

/// What the grammar of JSON allows and no database holds: half a surrogate pair, nesting without end.
fn check_text(record: &str) -> Result<(), Misfit> {
    let bytes = record.as_bytes();
    let (mut depth, mut at, mut is_inside) = (0_usize, 0, false);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' if is_inside => {
                if let Some(unit) = unit(bytes, at) {
                    let is_paired = match unit {
                        0xd800..0xdc00 => matches!(self::unit(bytes, at + 6), Some(0xdc00..0xe000)),
                        0xdc00..0xe000 => false,
                        _ => true,
                    };
                    if !is_paired {
                        let message = format!(
                            "holds half a surrogate pair (\\u{unit:04x}) at byte {at}, which is no text"
                        );
                        return Err(Misfit { code: "lone_surrogate", message });
                    }
                    at += if (0xd800..0xdc00).contains(&unit) { 12 } else { 6 };
                    continue;
                }
                at += 1;
            }
            b'"' => is_inside = !is_inside,
            b'{' | b'[' if !is_inside => {
                depth += 1;
                if depth > MAX_DEPTH {
                    let message = format!("is nested deeper than {MAX_DEPTH} levels");
                    return Err(Misfit { code: "too_deep", message });
                }
            }
            b'}' | b']' if !is_inside => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    Ok(())
}

/// The number of a `\uXXXX` at a place.
fn unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str], record: &str) -> Result<Vec<String>, &'static str> {
        let names: Vec<Box<str>> = names.iter().map(|name| (*name).into()).collect();
        let fields = Fields::new(&names).unwrap();
        let values = fields.values(record).map_err(|misfit| misfit.code)?;
        Ok(values[..names.len()].iter().map(|field| format!("{:?}", field.value())).collect())
    }

    #[test]
    fn nested_values_keep_their_exact_text() {
        let record = r#"{"id": 12345678901234567890123, "artist": {"name": "Zo\u00eb", "n": 1e400},
            "artists": [{"name": "a"}, {"name": "b"}], "a.b": true, "x": null, "tags": ["p", "q"]}"#;
        let names =
            ["id", "artist.name", "artist.n", "artists[1].name", "a.b", "x", "none", "tags", "artist"];
        assert_eq!(
            read(&names, record).unwrap(),
            [
                "Number(\"12345678901234567890123\")",
                "Text(\"Zoë\")",
                "Number(\"1e400\")",
                "Text(\"b\")",
                "Bool(true)",
                "Null",
                "Null",
                "Json(\"[\\\"p\\\", \\\"q\\\"]\")",
                "Json(\"{\\\"name\\\": \\\"Zo\\\\u00eb\\\", \\\"n\\\": 1e400}\")",
            ]
        );
    }

    #[test]
    fn a_name_that_is_the_path_of_another_member_is_a_column_of_its_own() {
        let record = r#"{"a": {"b": 1}, "a.b": 2}"#;
        let names = Fields::suggest([record].into_iter());
        let names: Vec<_> = names.iter().map(|name| &**name).collect();
        assert_eq!(names, ["a.b", "$['a.b']"]);
        assert_eq!(read(&names, record).unwrap(), ["Number(\"1\")", "Number(\"2\")"]);
        assert_eq!(read(&["a.b"], record), Err("doubled_name"));
    }

    #[test]
    fn what_is_no_record_says_why() {
        let deep = format!(r#"{{"id": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        for (record, code) in [
            ("1", "not_a_record"),
            ("null", "not_a_record"),
            (r#"{"id": 1, "id": 2}"#, "doubled_name"),
            (r#"{"id": "\ud800"}"#, "lone_surrogate"),
            (r#"{"other": "\udc00\ud800"}"#, "lone_surrogate"),
            (&deep, "too_deep"),
        ] {
            assert_eq!(read(&["id"], record), Err(code));
        }
        assert_eq!(read(&["id"], r#"{"id": "\ud83d\ude00 \\ud800"}"#).unwrap(), ["Text(\"😀 \\\\ud800\")"]);
        assert_eq!(read(&["id"], r#"{"id": "a\u0000b"}"#).unwrap(), ["Text(\"a\\0b\")"]);
    }

    #[test]
    fn columns_are_suggested_from_what_the_records_hold() {
        let records = [
            r#"{"id": 1, "artist": {"name": "a"}, "tags": [1]}"#,
            r#"{"id": 2, "full name": "x", "a.b": 1}"#,
        ];
        let names = Fields::suggest(records.into_iter());
        assert_eq!(names.join("|"), "id|artist.name|tags|full name|$['a.b']");
    }
}
