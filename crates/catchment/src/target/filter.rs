//! Which rows of a target somebody wants to look at.

use catchment_core::{Error, Result};

use super::table::Table;

/// A condition on a column, such as `price>=1000`, `title~despa` (contains) or `genre=` (is empty).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowFilter {
    pub(crate) column: &'static str,
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
    /// `config`, `invalid_filter`, with the columns and operators that there are.
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
        let Some(column) = columns.iter().find(|column| **column == name) else {
            return invalid(format!(
                "`{}` has no column `{name}`; it has: {}",
                table.name,
                columns.join(", ")
            ));
        };
        Ok(Self { column, operator: *operator, value: rest[sign.len()..].trim().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::target::CATALOG_ITEMS;

    #[test]
    fn conditions_are_read_and_typos_are_named() {
        let read = |text| RowFilter::parse(&CATALOG_ITEMS, text);
        let filter = read("price >= 1000").unwrap();
        assert_eq!((filter.column, filter.operator), ("price", Operator::Compare(">=")));
        assert_eq!(filter.value, "1000");
        assert_eq!(read("content_unit=a=b").unwrap().value, "a=b");
        assert!(read("pric=1").unwrap_err().message().contains("price"));
        assert!(read("price").unwrap_err().message().contains("no operator"));
    }
}
