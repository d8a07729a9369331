//! What one field of a record holds.

use std::fmt;

/// A field as the source had it. Numbers keep their exact text: `1e400` and `0.10` lose nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Value<'a> {
    /// JSON `null`, or a field that the record does not have. Not the same as empty text.
    Null,
    /// JSON `true` or `false`.
    Bool(bool),
    /// The text of a JSON number.
    Number(&'a str),
    /// Text, the only kind that CSV has.
    Text(&'a str),
    /// The JSON text of an array or object.
    Json(&'a str),
}

impl<'a> Value<'a> {
    /// The value as text, without surrounding white space; `None` for null and for nothing but space.
    pub fn as_trimmed(self) -> Option<&'a str> {
        let text = match self {
            Self::Null => return None,
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Number(text) | Self::Text(text) | Self::Json(text) => text.trim(),
        };
        (!text.is_empty()).then_some(text)
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(flag) => flag.fmt(f),
            Self::Number(text) | Self::Text(text) | Self::Json(text) => f.write_str(text),
        }
    }
}

/// Text from outside that may stand in a message: control characters are escaped, so that none steers a terminal or
/// begins a log line of its own.
pub(crate) fn printable(text: String) -> String {
    let steers = char::is_control;
    if !text.contains(steers) {
        return text;
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        match steers(char) {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    shown
}

/// `text` truncated to at most `max_bytes` at a character boundary; the ellipsis that marks a cut is among them.
///
/// ```
/// assert_eq!(catchment_core::cut("Bohemian", 7), "Bohe…");
/// assert_eq!(catchment_core::cut("naïve", 5), "na…");
/// assert_eq!(catchment_core::cut("naïve", 2), "");
/// ```
pub fn cut(text: &str, max_bytes: usize) -> String {
    const ELLIPSIS: &str = "…";
    if text.len() <= max_bytes {
        return text.to_owned();
    }
    match max_bytes.checked_sub(ELLIPSIS.len()) {
        Some(room) => format!("{}{ELLIPSIS}", &text[..text.floor_char_boundary(room)]),
        None => String::new(),
    }
}
