//! A value in the form of its column.

use std::borrow::Cow;

/// A value as the database takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Converted<'a> {
    Text(Cow<'a, str>),
    Int(i64),
}

impl Converted<'_> {
    /// The value as text.
    pub(super) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text.into_owned(),
            Self::Int(number) => number.to_string(),
        }
    }

    pub(super) fn into_owned(self) -> Converted<'static> {
        match self {
            Self::Text(text) => Converted::Text(text.into_owned().into()),
            Self::Int(number) => Converted::Int(number),
        }
    }
}
