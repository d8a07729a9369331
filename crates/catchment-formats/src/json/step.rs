//! The steps of a path into a document: how they are written, as a dotted path or a JSONPath (RFC 9535), and how they are
//! followed.

use catchment_core::json::{Key, for_each_entry};

/// A step down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To the member of an object.
    Name(Box<str>),
    /// To the element of a list.
    Index(usize),
    /// To every member or element.
    Wildcard,
}

impl Step {
    /// Whether it leads to the value of a key. [`Step::Wildcard`] leads to no single one.
    pub(crate) fn is(&self, key: &Key<'_>) -> bool {
        match (self, key) {
            (Self::Name(wanted), Key::Name(name)) => **wanted == **name,
            (Self::Index(wanted), Key::Index(index)) => wanted == index,
            _ => false,
        }
    }
}

/// Names, indexes and wildcards, in the spelling of JSONPath; `None` for what is more than that.
pub(crate) fn parse_steps(mut rest: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(tail) = rest.strip_prefix('.') {
            let end = tail.find(['.', '[']).unwrap_or(tail.len());
            let name = &tail[..end];
            match name {
                "" => return None,
                "*" => steps.push(Step::Wildcard),
                _ if name.contains(['?', '\'', '"', ']']) => return None,
                _ => steps.push(Step::Name(name.into())),
            }
            rest = &tail[end..];
        } else {
            let tail = rest.strip_prefix('[')?;
            let (step, tail) = match tail.strip_prefix(['\'', '"']) {
                Some(quoted) => parse_name(quoted, tail.chars().next()?)?,
                None => {
                    let (inner, _) = tail.split_once(']')?;
                    let step = if inner == "*" { Step::Wildcard } else { Step::Index(inner.parse().ok()?) };
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
fn parse_name(text: &str, quote: char) -> Option<(Step, &str)> {
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

/// Steps as a normalized JSONPath.
pub fn to_jsonpath(steps: &[Step]) -> String {
    let mut text = "$".to_owned();
    for step in steps {
        text.push_str(&match step {
            Step::Name(name) if is_plain(name) => format!(".{name}"),
            Step::Name(name) => format!("['{}']", name.chars().map(escaped).collect::<String>()),
            Step::Index(index) => format!("[{index}]"),
            Step::Wildcard => "[*]".to_owned(),
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

/// The value that steps lead to. Of a member that stands several times, the first.
pub(crate) fn follow<'j>(mut document: &'j str, steps: &[Step]) -> Option<&'j str> {
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
