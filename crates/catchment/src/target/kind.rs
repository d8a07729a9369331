//! What fits into a column, as its type says.

use std::sync::Arc;

/// Words that a column lists.
pub(crate) type Words = Arc<[Box<str>]>;

/// What fits into a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// Text.
    Text(TextLimits),
    /// A whole number within bounds; a flag takes `true` and `no` for 1 and 0 as well.
    Integer { min: i128, max: i128, is_flag: bool },
    /// An exact decimal.
    Decimal(DecimalLimits),
    /// A binary floating point number (IEEE 754) of 32 or 64 bits, with so many digits before
    /// and after the point at most where they are bounded.
    Float { is_single: bool, is_signed: bool, scale: Option<(usize, usize)> },
    /// true or false.
    Flag,
    /// One of these words, in any case.
    Choice(Words),
    /// Some of these words, in any case, with commas between.
    Set(Words),
    /// A calendar date.
    Date,
    /// A time of day, or a span of hours.
    Time(Decimals),
    /// A date and a time; a `TIMESTAMP` is an instant, and kept in UTC.
    DateTime { decimals: Decimals, is_instant: bool },
    /// A year of four digits, 1901 to 2155, or 0.
    Year,
    /// JSON; where the column keeps no text of a number that stands alone, one of so many digits at most.
    Json { max_digits: Option<usize> },
    /// A UUID.
    Uuid,
    /// Bytes, from so many to so many.
    Bytes { min: u64, max: u64 },
    /// A type that nothing can be mapped to, by its name.
    Other(Box<str>),
}

/// The decimals of the second that a time has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimals {
    pub(crate) max: usize,
    /// Whether the database shows all of them, zeros as well.
    pub(crate) is_padded: bool,
}

/// How long a text may be, and of what characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextLimits {
    /// Characters, not bytes.
    pub(crate) max_chars: u64,
    /// Bytes in UTF-8.
    pub(crate) max_bytes: u64,
    pub(crate) repertoire: Repertoire,
    /// Whether the database keeps it in UTF-8, or a part of that.
    pub(crate) is_utf8: bool,
    /// Whether spaces at its end are lost (`CHAR`).
    pub(crate) loses_spaces: bool,
}

/// The characters that a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repertoire {
    /// All of Unicode.
    Unicode,
    /// Those of the Basic Multilingual Plane, which take up to three bytes.
    Bmp,
    /// Those of Windows-1252, which is MySQL's `latin1`.
    Latin1,
    Ascii,
    /// Those of a character set that only the server knows.
    Server,
}

/// How many digits a decimal may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DecimalLimits {
    /// Digits before the point.
    pub(crate) whole: usize,
    /// Digits after it.
    pub(crate) scale: usize,
    /// Digits in all.
    pub(crate) all: usize,
    pub(crate) is_signed: bool,
}

impl ColumnKind {
    /// Text of at most so many characters, of whatever kind.
    #[cfg(test)]
    pub(crate) const fn text(max_chars: u64) -> Self {
        Self::Text(TextLimits {
            max_chars,
            max_bytes: u64::MAX,
            repertoire: Repertoire::Unicode,
            is_utf8: true,
            loses_spaces: false,
        })
    }

    /// The words that it lists, for people: `a, b or c`.
    pub(crate) fn alternatives(&self) -> String {
        match self {
            Self::Choice(words) => match &words[..] {
                [words @ .., last] if !words.is_empty() => format!("{} or {last}", words.join(", ")),
                words => words.join(", "),
            },
            _ => String::new(),
        }
    }

    /// Whether numbers in text are read with a decimal sign.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Integer { .. } | Self::Decimal(_) | Self::Float { .. })
    }

    /// Whether one of two values is larger.
    pub(crate) fn is_ordered(&self) -> bool {
        self.is_number() || matches!(self, Self::Date | Self::DateTime { .. } | Self::Year)
    }

    /// Whether its values are handed over as 64-bit integers; of larger ones, the text is.
    pub(crate) fn is_int64(&self) -> bool {
        match self {
            Self::Integer { max, .. } => *max <= i128::from(i64::MAX),
            Self::Flag | Self::Year => true,
            _ => false,
        }
    }

    /// Whether its text is the same whatever made it, so that a value can be compared as text.
    pub(crate) fn has_one_text(&self) -> bool {
        !matches!(self, Self::Float { .. } | Self::Json { .. } | Self::Other(_))
    }

    /// How it is named for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(TextLimits { max_chars, .. }) if *max_chars < 1 << 24 => {
                format!("text of up to {max_chars} characters")
            }
            Self::Text(_) => "text".to_owned(),
            Self::Integer { min, max, is_flag: false } => format!("whole number from {min} to {max}"),
            Self::Integer { is_flag: true, .. } | Self::Flag => "true or false".to_owned(),
            Self::Decimal(DecimalLimits { whole, scale, .. }) => {
                format!("decimal of up to {whole} digits and {scale} decimals")
            }
            Self::Float { is_single, .. } => format!("number of {} bits", if *is_single { 32 } else { 64 }),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
            Self::Set(words) => format!("some of {}", words.join(", ")),
            Self::Date => "date".to_owned(),
            Self::Time(_) => "time".to_owned(),
            Self::DateTime { is_instant: true, .. } => "date and time in UTC".to_owned(),
            Self::DateTime { .. } => "date and time".to_owned(),
            Self::Year => "year".to_owned(),
            Self::Json { .. } => "JSON".to_owned(),
            Self::Uuid => "UUID".to_owned(),
            Self::Bytes { max, .. } => format!("up to {max} bytes"),
            Self::Other(name) => format!("{name}, which cannot be mapped"),
        }
    }
}
