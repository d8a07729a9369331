//! Projection: extracts the wanted columns from a record's text in one pass, and skips all other values.

use std::borrow::Cow;

use catchment_core::json::{JsonText, Key, for_each_wanted};
use catchment_core::{Value, WHOLE_RECORD};

pub use super::check::BadRecord;
use super::check::check_text;
use super::path::Path;
use super::step::Step;
use super::suggest;

/// The columns of a source, and where in a record their values are.
#[derive(Debug)]
pub struct Fields {
    names: Vec<Box<str>>,
    root: FieldTree,
}

/// What is wanted at and below a place of a record.
#[derive(Debug, Default)]
struct FieldTree {
    column: Option<usize>,
    below: Vec<(Step, Self)>,
}

/// A value, decoded.
pub enum Field<'r> {
    /// `null`, or no value at all.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as it was written.
    Number(&'r str),
    /// A string, without its quotes and escapes.
    Text(Cow<'r, str>),
    /// An object or a list, as it was written.
    Json(&'r str),
}

impl Field<'_> {
    /// The value as records hold it.
    pub fn value(&self) -> Value<'_> {
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
    pub fn new(names: &[Box<str>]) -> Result<Self, (String, String)> {
        let mut root = FieldTree::default();
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
            root.insert_path(steps, column);
        }
        // A member may have the path itself for its name, unless that is a column of its own.
        for (step, column) in aliases {
            root.insert_path(&[step], column);
        }
        let mut names = names.to_vec();
        names.push(WHOLE_RECORD.into());
        Ok(Self { names, root })
    }

    /// Paths that the first records have values at, in order: what a mapping can choose from. Of a list of objects it is the
    /// members of the first one.
    pub fn suggest<'r>(records: impl Iterator<Item = &'r str>) -> Vec<Box<str>> {
        suggest::columns(records)
    }

    /// The names of the columns.
    pub fn names(&self) -> &[Box<str>] {
        &self.names
    }

    /// The values of a record, one a column.
    pub fn values<'r>(&self, record: &'r str) -> Result<Vec<Field<'r>>, BadRecord> {
        let record = record.trim();
        if !record.starts_with(['{', '[']) {
            let message = "is neither an object with named members nor a list of values".to_owned();
            return Err(BadRecord { code: "not_a_record", message });
        }
        check_text(record)?;
        let mut found = ExtractedValues { values: vec![None; self.names.len()], is_doubled: false };
        self.root.take_from(record, &mut found).map_err(|error| bad(&error))?;
        if found.is_doubled {
            let message = "holds two members of the same name, so that its value is ambiguous".to_owned();
            return Err(BadRecord { code: "doubled_name", message });
        }
        if let Some(whole) = found.values.last_mut() {
            *whole = Some(record);
        }
        found.values.into_iter().map(|raw| raw.map_or(Ok(Field::Null), decode)).collect()
    }
}

impl FieldTree {
    /// Adds the value that steps lead to.
    fn insert_path(&mut self, steps: &[Step], column: usize) {
        let Some((step, rest)) = steps.split_first() else {
            self.column.get_or_insert(column);
            return;
        };
        let known = self.below.iter().position(|(there, _)| there == step);
        let index = known.unwrap_or_else(|| {
            self.below.push((step.clone(), Self::default()));
            self.below.len() - 1
        });
        self.below[index].1.insert_path(rest, column);
    }

    /// Takes what is wanted out of an object or a list.
    fn take_from<'r>(&self, json: &'r str, found: &mut ExtractedValues<'r>) -> serde_json::Result<()> {
        let wanted = |key: &Key<'_>| self.below.iter().find(|(step, _)| step.is(key));
        for_each_wanted(
            json,
            |key| wanted(key).is_some(),
            |key, value| wanted(&key).map_or(Ok(()), |(_, node)| node.take(value, found)),
        )
    }

    fn take<'r>(&self, value: &'r str, found: &mut ExtractedValues<'r>) -> serde_json::Result<()> {
        if let Some(column) = self.column {
            found.is_doubled |= found.values[column].replace(value).is_some();
        }
        if self.below.is_empty() || !value.starts_with(['{', '[']) {
            return Ok(());
        }
        self.take_from(value, found)
    }
}

/// What was taken out of a record, a value a column.
struct ExtractedValues<'r> {
    values: Vec<Option<&'r str>>,
    is_doubled: bool,
}

fn decode(raw: &str) -> Result<Field<'_>, BadRecord> {
    Ok(match raw.as_bytes().first() {
        None | Some(b'n') => Field::Null,
        Some(b't') => Field::Bool(true),
        Some(b'f') => Field::Bool(false),
        Some(b'{' | b'[') => Field::Json(raw),
        Some(b'"') if !raw.contains('\\') => Field::Text(raw[1..raw.len() - 1].into()),
        Some(b'"') => Field::Text(serde_json::from_str::<JsonText<'_>>(raw).map_err(|error| bad(&error))?.0),
        Some(_) => Field::Number(raw),
    })
}

fn bad(error: &serde_json::Error) -> BadRecord {
    BadRecord { code: "bad_json", message: format!("is not valid JSON: {error}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(names: &[&str], record: &str) -> Result<Vec<String>, &'static str> {
        let names: Vec<Box<str>> = names.iter().map(|name| (*name).into()).collect();
        let fields = Fields::new(&names).unwrap();
        let values = fields.values(record).map_err(|bad| bad.code)?;
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
        assert_eq!(names, ["$.a.b", "$['a.b']"]);
        for (name, value) in names.iter().zip(["Number(\"1\")", "Number(\"2\")"]) {
            assert_eq!(read(&[name], record).unwrap(), [value]);
        }
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
}
