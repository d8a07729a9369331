//! Paths into JSON: the contract's dotted paths, and JSONPath (RFC 9535). What is found is text, so that numbers and
//! identifiers keep theirs.

use std::fmt;

use catchment_core::json::JsonText;
use serde_json_path::{JsonPath, PathElement};

use super::query;
use super::step::{Step, follow, parse_steps, to_jsonpath};

/// Where something is.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    lookup: Lookup,
}

#[derive(Debug, Clone)]
enum Lookup {
    Steps(Vec<Step>),
    /// Filters, slices and whatever else needs the whole tree.
    Query(Box<JsonPath>),
}

impl Path {
    /// A path that begins with `$` is a JSONPath, any other one is dotted: `data.items`, `artists[0].name`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let steps = match text.strip_prefix('$') {
            Some(rest) => parse_steps(rest),
            None if text.is_empty() => None,
            None if text.starts_with('[') => parse_steps(text),
            None => parse_steps(&format!(".{text}")),
        };
        let lookup = match steps {
            Some(steps) => Lookup::Steps(steps),
            None if text.starts_with('$') => {
                Lookup::Query(Box::new(query::parse(text).map_err(|problem| {
                    format!("is `{text}`, which is not a valid JSONPath (RFC 9535): {problem}")
                })?))
            }
            // Such as `data[-1].id`.
            None if text.contains("[-") => return Self::parse(&format!("$.{text}")),
            None => {
                return Err(format!(
                    "is `{text}`; write a dotted path such as `data.items` or `artists[0].name`, or a JSONPath, which \
                     begins with `$`"
                ));
            }
        };
        Ok(Self { text: text.to_owned(), lookup })
    }

    /// The steps to one value, if it is one.
    pub fn single(&self) -> Option<&[Step]> {
        match &self.lookup {
            Lookup::Steps(steps) if !steps.contains(&Step::Wildcard) => Some(steps),
            _ => None,
        }
    }

    /// The steps, where no whole tree is needed to follow them.
    pub fn steps(&self) -> Option<&[Step]> {
        match &self.lookup {
            Lookup::Steps(steps) => Some(steps),
            Lookup::Query(_) => None,
        }
    }

    /// The steps to all values that a query finds in a document.
    pub fn locate(&self, document: &str) -> serde_json::Result<Vec<Vec<Step>>> {
        let Lookup::Query(query) = &self.lookup else {
            return Ok(self.steps().map(<[Step]>::to_vec).into_iter().collect());
        };
        let tree: serde_json::Value = serde_json::from_str(document)?;
        let step = |element: &PathElement<'_>| match element {
            PathElement::Name(name) => Step::Name((*name).into()),
            PathElement::Index(index) => Step::Index(*index),
        };
        Ok(query.query_located(&tree).locations().map(|steps| steps.iter().map(step).collect()).collect())
    }

    /// The value that is there, if any; the first where there are several.
    pub fn find<'j>(&self, document: &'j str) -> Option<&'j str> {
        match self.single() {
            Some(steps) => follow(document, steps),
            None => follow(document, self.locate_first(document)?.as_slice()),
        }
    }

    fn locate_first(&self, document: &str) -> Option<Vec<Step>> {
        match &self.lookup {
            Lookup::Query(_) => self.locate(document).ok()?.into_iter().next(),
            Lookup::Steps(steps) => {
                // A dotted path is no JSONPath; as one it has a root.
                let text = to_jsonpath(steps);
                let query = Self { lookup: Lookup::Query(Box::new(query::parse(&text).ok()?)), text };
                query.locate(document).ok()?.into_iter().next()
            }
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A JSON value as the text of a parameter: strings without quotes, others as they stand. `None` for null and for what
/// is empty.
pub fn plain(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<JsonText<'_>>(json).ok().map(|JsonText(text)| text.into_owned()),
        b'n' | b'[' | b'{' => None,
        _ => Some(json.to_owned()),
    }
    .filter(|text| !text.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'j>(path: &str, document: &'j str) -> Option<&'j str> {
        Path::parse(path).unwrap().find(document)
    }

    #[test]
    fn paths_lead_to_the_text_that_stands_there() {
        let document =
            r#"{"a": {"b": [1, {"c d": 0.10}], "id": 12345678901234567890123}, "a.b": "x", "é": null}"#;
        for (path, expected) in [
            ("a.b[0]", Some("1")),
            ("$.a.b[1]['c d']", Some("0.10")),
            ("$.a.b[1][\"c d\"]", Some("0.10")),
            ("a.id", Some("12345678901234567890123")),
            ("$['a.b']", Some("\"x\"")),
            ("é", Some("null")),
            ("a.x", None),
            ("a.b.c", None),
            ("$.a.b[-1]['c d']", Some("0.10")),
            ("a.b[-1]['c d']", Some("0.10")),
            ("$..id", Some("12345678901234567890123")),
            ("$.a.b[?@ == 1]", Some("1")),
            ("$.a.b[*]", Some("1")),
            ("a.b[*]", Some("1")),
        ] {
            assert_eq!(found(path, document), expected, "{path}");
        }
        for path in ["", "a..b", "a[", "$.a[?", "a b[x]"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
        assert_eq!(to_jsonpath(Path::parse("$['a b'].c[0]").unwrap().steps().unwrap()), "$['a b'].c[0]");
    }

    #[test]
    fn a_name_of_any_characters_reads_back() {
        for name in
            ["it's", "say \"x\"", "back\\slash", "\0\u{8}\t\n\u{c}\r\u{1f}\u{7f}", "", " a ", "é]", "'"]
        {
            let shown = to_jsonpath(&[Step::Name(name.into())]);
            assert_eq!(
                Path::parse(&shown).unwrap().single(),
                Some(&[Step::Name(name.into())][..]),
                "{shown}"
            );
            assert!(JsonPath::parse(&shown).is_ok(), "{shown}");
        }
        assert_eq!(found(r#"$["\u0061\"\/"]"#, r#"{"a\"/": 1}"#), Some("1"));
        for path in [r"$['\x']", r"$['\u00g0']", r"$['\", r"$['\u", r#"$["\uD83D\uD"#, r"$[?@ == '\u"] {
            assert!(Path::parse(path).is_err(), "{path}");
        }
    }
}
