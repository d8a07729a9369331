//! Places in JSON: the contract's dotted paths and JSONPath (RFC 9535). What is found is text, so that numbers and
//! identifiers keep theirs.

use std::fmt;

use catchment_core::json::{Key, Text, for_each_entry};
use serde_json_path::{JsonPath, PathElement};

use super::query;

/// A step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Name(Box<str>),
    Index(usize),
    /// To every member or element.
    Every,
}

impl Step {
    /// Whether it leads to the value of a key. [`Step::Every`] leads to no single one.
    pub(super) fn is(&self, key: &Key<'_>) -> bool {
        match (self, key) {
            (Self::Name(wanted), Key::Name(name)) => **wanted == **name,
            (Self::Index(wanted), Key::Index(index)) => wanted == index,
            _ => false,
        }
    }
}

/// Where something is.
#[derive(Debug, Clone)]
pub struct Path {
    text: String,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Steps(Vec<Step>),
    /// Filters, slices and whatever else needs the whole tree.
    Query(Box<JsonPath>),
}

impl Path {
    /// A path that begins with `$` is a JSONPath, any other one is dotted: `data.items`, `artists[0].name`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let steps = match text.strip_prefix('$') {
            Some(rest) => steps(rest),
            None if text.is_empty() => None,
            None if text.starts_with('[') => steps(text),
            None => steps(&format!(".{text}")),
        };
        let way = match steps {
            Some(steps) => Way::Steps(steps),
            None if text.starts_with('$') => Way::Query(Box::new(
                query::parse(text)
                    .map_err(|problem| format!("is `{text}`, which is no JSONPath (RFC 9535): {problem}"))?,
            )),
            // Such as `data[-1].id`.
            None if text.contains("[-") => return Self::parse(&format!("$.{text}")),
            None => {
                return Err(format!(
                    "is `{text}`; write a dotted path such as `data.items` or `artists[0].name`, or a JSONPath, which \
                     begins with `$`"
                ));
            }
        };
        Ok(Self { text: text.to_owned(), way })
    }

    /// The way to one place, if it is one.
    pub fn single(&self) -> Option<&[Step]> {
        match &self.way {
            Way::Steps(steps) if !steps.contains(&Step::Every) => Some(steps),
            _ => None,
        }
    }

    /// The steps, where no whole tree is needed to follow them.
    pub fn steps(&self) -> Option<&[Step]> {
        match &self.way {
            Way::Steps(steps) => Some(steps),
            Way::Query(_) => None,
        }
    }

    /// The ways to all places that a query finds in a document.
    pub fn locate(&self, document: &str) -> serde_json::Result<Vec<Vec<Step>>> {
        let Way::Query(query) = &self.way else {
            return Ok(self.steps().map(<[Step]>::to_vec).into_iter().collect());
        };
        let tree: serde_json::Value = serde_json::from_str(document)?;
        let step = |element: &PathElement<'_>| match element {
            PathElement::Name(name) => Step::Name((*name).into()),
            PathElement::Index(index) => Step::Index(*index),
        };
        Ok(query.query_located(&tree).locations().map(|way| way.iter().map(step).collect()).collect())
    }

    /// What stands there, if anything does; the first where there are several.
    pub fn find<'j>(&self, document: &'j str) -> Option<&'j str> {
        match self.single() {
            Some(steps) => follow(document, steps),
            None => follow(document, self.locate_first(document)?.as_slice()),
        }
    }

    fn locate_first(&self, document: &str) -> Option<Vec<Step>> {
        match &self.way {
            Way::Query(_) => self.locate(document).ok()?.into_iter().next(),
            Way::Steps(steps) => {
                // A dotted path is no JSONPath; as one it has a root.
                let text = normalized(steps);
                let query = Self { way: Way::Query(Box::new(query::parse(&text).ok()?)), text };
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

/// Names, indexes and wildcards, in the spelling of JSONPath; `None` for what is more than that.
fn steps(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('.') {
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let name = &tail[..end];
            match name {
                "" => return None,
                "*" => steps.push(Step::Every),
                _ if name.contains(['?', '\'', '"', ']']) => return None,
                _ => steps.push(Step::Name(name.into())),
            }
            rest = &tail[end..];
        } else {
            let tail = rest.strip_prefix('[')?;
            let (step, tail) = match tail.strip_prefix(['\'', '"']) {
                Some(quoted) => name(quoted, tail.chars().next()?)?,
                None => {
                    let (inner, _) = tail.split_once(']')?;
                    let step = if inner == "*" { Step::Every } else { Step::Index(inner.parse().ok()?) };
                    (step, &tail[inner.len()..])
                }
            };
            rest = tail.strip_prefix(']')?;
            steps.push(step);
        }
    }
    Some(steps)
}

/// A name up to its closing quote, with the escapes of RFC 9535 but for those of surrogate pairs, and what stands after
/// it.
fn name(text: &str, quote: char) -> Option<(Step, &str)> {
    let (mut name, mut rest) = (String::new(), text);
    loop {
        let mut chars = rest.chars();
        name.push(match chars.next()? {
            char if char == quote => return Some((Step::Name(name.into()), chars.as_str())),
            '\\' => match chars.next()? {
                'b' => '\u{8}',
                't' => '\t',
                'n' => '\n',
                'f' => '\u{c}',
                'r' => '\r',
                'u' => {
                    let digits = (0..4).map(|_| chars.next()?.to_digit(16));
                    let code = digits.collect::<Option<Vec<_>>>()?;
                    char::from_u32(code.iter().fold(0, |code, digit| code * 16 + digit))?
                }
                char if char == quote || matches!(char, '\\' | '/') => char,
                _ => return None,
            },
            char => char,
        });
        rest = chars.as_str();
    }
}

/// A way as a normalized JSONPath.
pub fn normalized(steps: &[Step]) -> String {
    let mut text = "$".to_owned();
    for step in steps {
        text.push_str(&match step {
            Step::Name(name) if is_plain(name) => format!(".{name}"),
            Step::Name(name) => format!("['{}']", name.chars().map(escaped).collect::<String>()),
            Step::Index(index) => format!("[{index}]"),
            Step::Every => "[*]".to_owned(),
        });
    }
    text
}

/// A character as it stands in single quotes.
fn escaped(char: char) -> String {
    match char {
        '\\' | '\'' => format!("\\{char}"),
        '\u{8}' => "\\b".to_owned(),
        '\t' => "\\t".to_owned(),
        '\n' => "\\n".to_owned(),
        '\u{c}' => "\\f".to_owned(),
        '\r' => "\\r".to_owned(),
        '\0'..='\u{1f}' => format!("\\u{:04x}", u32::from(char)),
        char => char.to_string(),
    }
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|char| char.is_alphanumeric() || char == '_')
        && !name.starts_with(|char: char| char.is_ascii_digit())
        && !name.is_empty()
}

/// What stands at the end of a way. Of a member that stands several times, the first.
pub(super) fn follow<'j>(mut document: &'j str, steps: &[Step]) -> Option<&'j str> {
    for step in steps {
        let mut found = None;
        let look = |key: Key<'j>, value: &'j str| {
            if found.is_none() && step.is(&key) {
                found = Some(value);
            }
            Ok(())
        };
        for_each_entry(document, look).ok()?;
        document = found?;
    }
    Some(document.trim())
}

/// A JSON value as the text of a parameter: strings without quotes, others as they stand. `None` for null and for what
/// is empty.
pub fn plain(json: &str) -> Option<String> {
    match json.as_bytes().first()? {
        b'"' => serde_json::from_str::<Text<'_>>(json).ok().map(|Text(text)| text.into_owned()),
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
        assert_eq!(normalized(Path::parse("$['a b'].c[0]").unwrap().steps().unwrap()), "$['a b'].c[0]");
    }

    #[test]
    fn a_name_of_any_characters_reads_back() {
        for name in
            ["it's", "say \"x\"", "back\\slash", "\0\u{8}\t\n\u{c}\r\u{1f}\u{7f}", "", " a ", "é]", "'"]
        {
            let shown = normalized(&[Step::Name(name.into())]);
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
