//! Which rows of a target somebody wants to look at.

use catchment_core::{Error, Result};

use super::kind::ColumnKind;
use super::table::Table;

/// A condition on a column, such as `price>=1000`, `title~despa` (contains) or `genre=` (is NULL).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowFilter {
    pub(crate) column: String,
    /// Whether the column holds numbers or flags, and no text.
    pub(crate) is_number: bool,
    pub(crate) operator: Operator,
    /// What it is compared with; empty means NULL.
    pub(crate) value: String,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    /// With an operator of SQL.
    Compare(&'static str),
    /// It contains a text.
    Contains,
}

/// How operators are written; longer ones first, as they begin with others.
const OPERATORS: [(&str, Operator); 7] = [
    ("!=", Operator::Compare("<>")),
    (">=", Operator::Compare(">=")),
    ("<=", Operator::Compare("<=")),
    ("=", Operator::Compare("=")),
    (">", Operator::Compare(">")),
    ("<", Operator::Compare("<")),
    ("~", Operator::Contains),
];

impl RowFilter {
    /// Reads a condition on a column of a table.
    ///
    /// # Errors
    /// `config`, `invalid_filter`, with what would be accepted.
    pub(crate) fn parse(table: &Table, text: &str) -> Result<Self> {
        let signs: &[char] = &['!', '>', '<', '=', '~'];
        let invalid = |problem: String| Err(Error::config("invalid_filter", format!("`{text}`: {problem}")));
        let Some(at) = text.find(signs) else {
            return invalid("it has no operator; write one such as price>=1000 or title~despa".to_owned());
        };
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let Some((sign, operator)) = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign)) else {
            return invalid("the operators are =, !=, >, >=, <, <= and ~ (contains)".to_owned());
        };
        let columns = table.all_columns();
        let Some(column) = columns.iter().copied().find(|column| *column == name) else {
            return invalid(format!(
                "`{}` has no column `{name}`; it has: {}",
                table.name,
                columns.join(", ")
            ));
        };
        let (kind, value) = (table.kind_of(column), rest[sign.len()..].trim());
        let value = match (kind, operator) {
            (_, Operator::Compare("=" | "<>")) if value.is_empty() => String::new(),
            _ if value.is_empty() => return invalid(format!("it has no value after `{sign}`")),
            (Some(ColumnKind::Flag), Operator::Compare("=" | "<>")) => match flag(value) {
                Some(flag) => u8::from(flag).to_string(),
                None => return invalid(format!("`{column}` is true or false")),
            },
            (Some(ColumnKind::Flag), _) => return invalid(format!("`{column}` is compared by = and !=")),
            (Some(kind), Operator::Compare(_)) if kind.is_number() => {
                if !is_number(value) {
                    return invalid(format!("`{column}` holds numbers; write one such as 1234.5"));
                }
                value.to_owned()
            }
            (Some(kind), Operator::Contains) if kind.is_number() => {
                return invalid(format!(
                    "`{column}` holds numbers, which contain no text; compare it by = or >"
                ));
            }
            _ => value.to_owned(),
        };
        let is_number = kind.is_some_and(|kind| kind.is_number() || *kind == ColumnKind::Flag);
        Ok(Self { column: column.to_owned(), is_number, operator: *operator, value })
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "1" | "true" | "yes" | "sí" | "si" => Some(true),
        "0" | "false" | "no" => Some(false),
        _ => None,
    }
}

/// Whether a text is a plain decimal.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits =
        |part: &str| (1..=18).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    is_digits(whole) && is_digits(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::built_in;

    #[test]
    fn conditions_are_read_and_what_can_never_hold_is_refused() {
        let read = |text| RowFilter::parse(&built_in()[1], text);
        let filter = read("price >= 1000").unwrap();
        assert_eq!((&*filter.column, filter.operator), ("price", Operator::Compare(">=")));
        assert_eq!(filter.value, "1000");
        assert_eq!(read("content_unit=a=b").unwrap().value, "a=b");
        assert_eq!(read("is_active=sí").unwrap().value, "1");
        assert_eq!(read("capacity_gb=").unwrap().value, "");
        for (text, why) in [
            ("pric=1", "no column"),
            ("price", "no operator"),
            ("price>abc", "numbers"),
            ("price>60.000,5", "numbers"),
            ("price>", "no value"),
            ("price~5", "no text"),
            ("is_active=perhaps", "true or false"),
            ("id>=1x", "numbers"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message().contains(why), "{text}: {error}");
        }
    }
}
