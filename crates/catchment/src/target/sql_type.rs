//! Column types as databases write them, read into what fits: `varchar(255)`, `int(10) unsigned`, `enum('a','b')`.

use super::kind::{ColumnKind, DecimalLimits, Decimals, Repertoire, TextLimits, Words};

/// Digits that SQLite keeps of a decimal, as it stores it as a binary number.
const SQLITE_DIGITS: usize = 15;
/// The largest text and the largest blob of MySQL.
const LONG: u64 = u32::MAX as u64;
/// What SQLite takes at most by default.
const SQLITE_LONG: u64 = 1_000_000_000;

/// A type in its parts: its word, what stands in brackets, and what follows.
struct Parts<'a> {
    word: String,
    arguments: &'a str,
    rest: String,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.trim();
        let (word, arguments, rest) = match text.split_once('(').zip(text.rsplit_once(')')) {
            Some(((word, _), (before, rest))) => (word, &before[(word.len() + 1).min(before.len())..], rest),
            None => {
                let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
                (word, "", rest)
            }
        };
        Self { word: word.trim().to_lowercase(), arguments, rest: rest.to_lowercase() }
    }

    fn number(&self, index: usize) -> Option<usize> {
        self.arguments.split(',').nth(index)?.trim().parse().ok()
    }

    /// The digits before and after the point, where both are bounded.
    fn fixed(&self) -> Option<(usize, usize)> {
        let (all, scale) = (self.number(0)?, self.number(1)?);
        Some((all.saturating_sub(scale), scale))
    }

    fn is_unsigned(&self) -> bool {
        self.rest.contains("unsigned") || self.rest.contains("zerofill")
    }

    /// The words of an ENUM or SET; a quote or a backslash within one is doubled.
    fn words(&self) -> Words {
        let mut words = Vec::new();
        let (mut word, mut is_inside) = (String::new(), false);
        let mut chars = self.arguments.chars().peekable();
        while let Some(char) = chars.next() {
            match (char, is_inside) {
                ('\'', true) if chars.peek() == Some(&'\'') => {
                    word.push('\'');
                    chars.next();
                }
                ('\\', true) if chars.peek() == Some(&'\\') => {
                    word.push('\\');
                    chars.next();
                }
                ('\'', true) => {
                    words.push(std::mem::take(&mut word).into());
                    is_inside = false;
                }
                ('\'', false) => is_inside = true,
                (char, true) => word.push(char),
                (_, false) => {}
            }
        }
        words.into()
    }
}

fn padded(decimals: usize) -> Decimals {
    Decimals { max: decimals, is_padded: true }
}

fn integer(bits: u32, is_unsigned: bool) -> ColumnKind {
    let (min, max) = if is_unsigned {
        (0, (1_i128 << bits) - 1)
    } else {
        (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1)
    };
    ColumnKind::Integer { min, max, is_flag: false }
}

/// A type of MySQL or MariaDB, as `information_schema.columns` has it in `column_type`. `charset` is that of a text.
pub(crate) fn mysql_kind(text: &str, charset: Option<&str>) -> ColumnKind {
    let parts = Parts::of(text);
    mysql_number(&parts).or_else(|| mysql_bytes(&parts)).unwrap_or_else(|| {
        let decimals = || padded(parts.number(0).unwrap_or(0));
        match parts.word.as_str() {
            "char" | "varchar" => mysql_text(&parts, parts.number(0).unwrap_or(1) as u64, u64::MAX, charset),
            "tinytext" => mysql_text(&parts, 255, 255, charset),
            "text" => mysql_text(&parts, 65_535, 65_535, charset),
            "mediumtext" => mysql_text(&parts, 16_777_215, 16_777_215, charset),
            "longtext" => mysql_text(&parts, LONG, LONG, charset),
            "enum" => ColumnKind::Choice(parts.words()),
            "set" => ColumnKind::Set(parts.words()),
            "date" => ColumnKind::Date,
            "time" => ColumnKind::Time(decimals()),
            "datetime" => ColumnKind::DateTime { decimals: decimals(), is_instant: false },
            "timestamp" => ColumnKind::DateTime { decimals: decimals(), is_instant: true },
            "json" => ColumnKind::Json { max_digits: None },
            "uuid" => ColumnKind::Uuid,
            _ => ColumnKind::Other(text.trim().into()),
        }
    })
}

fn mysql_number(parts: &Parts<'_>) -> Option<ColumnKind> {
    let is_unsigned = parts.is_unsigned();
    Some(match parts.word.as_str() {
        "tinyint" if parts.number(0) == Some(1) && !is_unsigned => {
            ColumnKind::Integer { min: -128, max: 127, is_flag: true }
        }
        "bool" | "boolean" => ColumnKind::Flag,
        "tinyint" => integer(8, is_unsigned),
        "smallint" => integer(16, is_unsigned),
        "mediumint" => integer(24, is_unsigned),
        "int" | "integer" => integer(32, is_unsigned),
        "bigint" => integer(64, is_unsigned),
        "bit" => {
            let bits = parts.number(0).unwrap_or(1).clamp(1, 64);
            ColumnKind::Integer { min: 0, max: (1_i128 << bits) - 1, is_flag: bits == 1 }
        }
        "decimal" | "numeric" | "dec" | "fixed" => {
            let (all, scale) = (parts.number(0).unwrap_or(10), parts.number(1).unwrap_or(0));
            let whole = all.saturating_sub(scale);
            ColumnKind::Decimal(DecimalLimits { whole, scale, all, is_signed: !is_unsigned })
        }
        "float" => ColumnKind::Float { is_single: true, is_signed: !is_unsigned, scale: parts.fixed() },
        "double" | "real" => {
            ColumnKind::Float { is_single: false, is_signed: !is_unsigned, scale: parts.fixed() }
        }
        "year" => ColumnKind::Year,
        _ => return None,
    })
}

fn mysql_bytes(parts: &Parts<'_>) -> Option<ColumnKind> {
    let size = parts.number(0).unwrap_or(1) as u64;
    let (min, max) = match parts.word.as_str() {
        // Shorter ones are filled up with zeros.
        "binary" => (size, size),
        "varbinary" => (0, size),
        "tinyblob" => (0, 255),
        "blob" => (0, 65_535),
        "mediumblob" => (0, 16_777_215),
        "longblob" => (0, LONG),
        _ => return None,
    };
    Some(ColumnKind::Bytes { min, max })
}

fn mysql_text(parts: &Parts<'_>, max_chars: u64, max_bytes: u64, charset: Option<&str>) -> ColumnKind {
    let repertoire = match charset.unwrap_or("utf8mb4") {
        "utf8mb4" | "utf16" | "utf16le" | "utf32" => Repertoire::Unicode,
        "utf8mb3" | "utf8" | "ucs2" => Repertoire::Bmp,
        "latin1" => Repertoire::Latin1,
        "ascii" => Repertoire::Ascii,
        _ => Repertoire::Server,
    };
    // Where a character takes other bytes than in UTF-8, only the server can count them.
    let is_utf8 = matches!(charset.unwrap_or("utf8mb4"), "utf8mb4" | "utf8mb3" | "utf8" | "ascii");
    let max_bytes = if is_utf8 { max_bytes } else { u64::MAX };
    ColumnKind::Text(TextLimits {
        max_chars,
        max_bytes,
        repertoire,
        is_utf8,
        loses_spaces: parts.word == "char",
    })
}

/// A declared type of SQLite. What it does not enforce, such as the length of a VARCHAR, is what its author meant all the same.
/// In a `STRICT` table it does.
pub(crate) fn sqlite_kind(declared: &str) -> ColumnKind {
    let parts = Parts::of(declared);
    // It keeps the text that it is given.
    let decimals = || match parts.number(0) {
        Some(max) => Decimals { max, is_padded: true },
        None => Decimals { max: 6, is_padded: false },
    };
    match parts.word.as_str() {
        "" | "any" => sqlite_text(None),
        "bool" | "boolean" => ColumnKind::Flag,
        "tinyint" if parts.number(0) == Some(1) => ColumnKind::Integer { min: -128, max: 127, is_flag: true },
        "tinyint" => integer(8, parts.is_unsigned()),
        "smallint" | "int2" => integer(16, parts.is_unsigned()),
        "mediumint" => integer(24, parts.is_unsigned()),
        "date" => ColumnKind::Date,
        "time" => ColumnKind::Time(decimals()),
        "datetime" => ColumnKind::DateTime { decimals: decimals(), is_instant: false },
        "timestamp" => ColumnKind::DateTime { decimals: decimals(), is_instant: true },
        "year" => ColumnKind::Year,
        "json" => ColumnKind::Json { max_digits: Some(SQLITE_DIGITS) },
        "uuid" => ColumnKind::Uuid,
        _ => sqlite_affinity(declared, &parts),
    }
}

/// By SQLite's own rules: https://sqlite.org/datatype3.html#determination_of_column_affinity
fn sqlite_affinity(declared: &str, parts: &Parts<'_>) -> ColumnKind {
    let whole = declared.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| whole.contains(word));
    let size = parts.number(0);
    match () {
        () if has(&["int"]) => {
            let min = if whole.contains("unsigned") { 0 } else { i64::MIN.into() };
            ColumnKind::Integer { min, max: i64::MAX.into(), is_flag: false }
        }
        () if has(&["char", "clob", "text"]) => sqlite_text(size),
        () if has(&["blob", "binary"]) => {
            ColumnKind::Bytes { min: 0, max: size.map_or(SQLITE_LONG, |size| size as u64) }
        }
        () if has(&["real", "floa", "doub"]) => {
            ColumnKind::Float { is_single: false, is_signed: true, scale: None }
        }
        () => {
            let (whole, scale) = match size {
                Some(all) => {
                    let scale = parts.number(1).unwrap_or(0);
                    (all.saturating_sub(scale), scale)
                }
                None => (SQLITE_DIGITS, SQLITE_DIGITS),
            };
            let all = size.unwrap_or(SQLITE_DIGITS).min(SQLITE_DIGITS);
            ColumnKind::Decimal(DecimalLimits { whole, scale, all, is_signed: true })
        }
    }
}

fn sqlite_text(max_chars: Option<usize>) -> ColumnKind {
    ColumnKind::Text(TextLimits {
        max_chars: max_chars.map_or(SQLITE_LONG, |max| max as u64),
        max_bytes: SQLITE_LONG,
        repertoire: Repertoire::Unicode,
        is_utf8: true,
        loses_spaces: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_databases_write_them() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).into()).collect::<Vec<_>>().into();
        assert_eq!(
            mysql_kind("enum('a','it''s','b,c')", None),
            ColumnKind::Choice(words(&["a", "it's", "b,c"]))
        );
        assert_eq!(mysql_kind("int(10) unsigned", None), integer(32, true));
        assert_eq!(mysql_kind("bigint(20)", None), integer(64, false));
        assert_eq!(
            mysql_kind("decimal(10,2) unsigned", None),
            ColumnKind::Decimal(DecimalLimits { whole: 8, scale: 2, all: 10, is_signed: false })
        );
        assert_eq!(
            mysql_kind("timestamp(3)", None),
            ColumnKind::DateTime { decimals: padded(3), is_instant: true }
        );
        assert!(matches!(mysql_kind("geometry", None), ColumnKind::Other(_)));
        assert_eq!(sqlite_kind("VARCHAR(20)"), sqlite_kind("NVARCHAR(20)"));
        assert_eq!(sqlite_kind("INTEGER"), integer(64, false));
        assert_eq!(sqlite_kind("BIG INT"), integer(64, false));
        assert!(matches!(sqlite_kind("DOUBLE PRECISION"), ColumnKind::Float { .. }));
    }
}
