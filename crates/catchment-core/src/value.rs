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
    /// Text, the only kind that delimited text has.
    Text(&'a str),
    /// The JSON text of an array or object.
    Json(&'a str),
    /// A calendar date (ISO 8601): `2026-11-24`.
    Date(&'a str),
    /// A time of day (ISO 8601), with a fraction of the second where there is one: `14:30:00.5`.
    Time(&'a str),
    /// A date and time (RFC 3339): `2026-11-24T14:30:00`, with its offset from UTC where the source tells it.
    DateTime(&'a str),
    /// Bytes, as base64 with padding (RFC 4648).
    Bytes(&'a str),
}

impl<'a> Value<'a> {
    /// The value as text, without surrounding white space; `None` for null and for nothing but space.
    pub fn as_trimmed(self) -> Option<&'a str> {
        self.text().map(str::trim).filter(|text| !text.is_empty())
    }

    fn text(self) -> Option<&'a str> {
        match self {
            Self::Null => None,
            Self::Bool(true) => Some("true"),
            Self::Bool(false) => Some("false"),
            Self::Number(text)
            | Self::Text(text)
            | Self::Json(text)
            | Self::Date(text)
            | Self::Time(text)
            | Self::DateTime(text)
            | Self::Bytes(text) => Some(text),
        }
    }
}

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().unwrap_or("null"))
    }
}
