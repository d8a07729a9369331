//! Making a table from what a source holds.

use crate::mapping::{InferredColumn, InferredType};
use crate::store::db::dialect::Dialect;
use crate::target::ROW_KEY;

/// Characters in a name of MySQL at most.
const MAX_NAME: usize = 64;
/// Digits that SQLite keeps of a decimal, and those that a decimal gets where the values have fewer.
const DIGITS: usize = 15;

/// A table to be made.
#[derive(Debug, Clone)]
pub(crate) struct NewTable {
    /// The statement that makes it.
    pub(crate) statement: String,
    /// Its columns, with the columns of the source that they are made from.
    pub(crate) columns: Vec<(String, Box<str>)>,
    /// The columns that tell its rows apart; none where all values do.
    pub(crate) key: Vec<String>,
}

impl NewTable {
    /// The table of that name for some columns. `key` names those columns of the source, or of the table, that tell rows apart;
    /// without it, the first one does that is unique and never empty.
    pub(crate) fn new(dialect: Dialect, name: &str, columns: &[InferredColumn], key: &[String]) -> Self {
        let names = column_names(columns);
        let is_asked =
            |place: usize| key.iter().any(|asked| *asked == names[place] || **asked == *columns[place].field);
        let mut key: Vec<usize> = (0..columns.len()).filter(|place| is_asked(*place)).collect();
        if key.is_empty() {
            key.extend(columns.iter().position(|column| column.is_unique && is_fit_for_key(column.holds)));
        }
        let mut lines: Vec<_> = columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                let is_key = key.contains(&place);
                let null = if is_key { "NOT NULL" } else { "NULL" };
                format!("{} {} {null}", dialect.quote(&names[place]), spelt(dialect, column.holds, is_key))
            })
            .collect();
        if key.is_empty() {
            let id = if names.iter().any(|name| name.eq_ignore_ascii_case("id")) { "row_id" } else { "id" };
            let [number, hash] = dialect.pick(
                [
                    "BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY",
                    "VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL UNIQUE",
                ],
                ["INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT NOT NULL UNIQUE"],
            );
            lines.insert(0, format!("{} {number}", dialect.quote(id)));
            lines.push(format!("{} {hash}", dialect.quote(ROW_KEY)));
        } else {
            let key = dialect.quoted(key.iter().map(|place| names[*place].as_str()));
            lines.push(format!("PRIMARY KEY ({key})"));
        }
        let end =
            dialect.pick(" ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", "");
        let statement = format!("CREATE TABLE {} (\n  {}\n){end}", dialect.quote(name), lines.join(",\n  "));
        let key = key.into_iter().map(|place| names[place].clone()).collect();
        let fields = columns.iter().map(|column| column.field.clone());
        Self { statement, columns: names.into_iter().zip(fields).collect(), key }
    }
}

fn is_fit_for_key(holds: InferredType) -> bool {
    !matches!(
        holds,
        InferredType::Double | InferredType::Decimal { .. } | InferredType::Json | InferredType::Boolean
    ) && !matches!(holds, InferredType::Text { max_chars } if max_chars > 255)
}

/// The names of the columns: those of the source, as far as a database takes them, and each once.
fn column_names(columns: &[InferredColumn]) -> Vec<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for (place, column) in columns.iter().enumerate() {
        let plain: String =
            column.field.trim().chars().filter(|char| !char.is_control()).take(MAX_NAME).collect();
        let plain = plain.trim_end().to_owned();
        let plain = if plain.is_empty() { format!("column_{}", place + 1) } else { plain };
        let is_taken = |name: &str| {
            name.eq_ignore_ascii_case(ROW_KEY)
                || names.iter().any(|known| known.to_lowercase() == name.to_lowercase())
        };
        let numbered = (2..).map(|number| {
            let end = format!("_{number}");
            let start: String = plain.chars().take(MAX_NAME - end.len()).collect();
            format!("{start}{end}")
        });
        let name = std::iter::once(plain.clone()).chain(numbered).find(|name| !is_taken(name));
        names.push(name.unwrap_or(plain));
    }
    names
}

/// A type that takes what was seen, with room for more.
fn spelt(dialect: Dialect, holds: InferredType, is_key: bool) -> String {
    match (holds, dialect) {
        (InferredType::Boolean, _) => "BOOLEAN".to_owned(),
        (InferredType::Integer, _) => dialect.pick("BIGINT", "INTEGER").to_owned(),
        (InferredType::Decimal { whole, scale }, Dialect::Sqlite) if whole + scale > DIGITS => {
            "TEXT".to_owned()
        }
        (InferredType::Decimal { whole, scale }, _) => {
            let scale = scale.max(2);
            let all = (whole + scale + 3).max(DIGITS).min(dialect.pick(65, DIGITS));
            format!("DECIMAL({all},{scale})")
        }
        (InferredType::Double, _) => "DOUBLE".to_owned(),
        (InferredType::Date, _) => "DATE".to_owned(),
        (InferredType::Time, _) => dialect.pick("TIME(6)", "TIME").to_owned(),
        (InferredType::DateTime { has_fractions, is_instant }, _) => {
            let word = if is_instant { "TIMESTAMP" } else { "DATETIME" };
            let decimals = if has_fractions { dialect.pick("(6)", "") } else { "" };
            format!("{word}{decimals}")
        }
        (InferredType::Uuid, _) => {
            dialect.pick("CHAR(36) CHARACTER SET ascii COLLATE ascii_bin", "UUID").to_owned()
        }
        (InferredType::Json, _) => "JSON".to_owned(),
        (InferredType::Text { .. }, Dialect::Sqlite) => "TEXT".to_owned(),
        // Keys are compared byte by byte: `abC` is not `abc`.
        (InferredType::Text { max_chars }, Dialect::MySql) if is_key => {
            format!(
                "VARCHAR({}) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                if max_chars > 191 { 255 } else { 191 }
            )
        }
        (InferredType::Text { max_chars }, Dialect::MySql) => match max_chars {
            0..=100 => "VARCHAR(255)".to_owned(),
            101..=500 => "VARCHAR(1000)".to_owned(),
            501..=10_000 => "TEXT".to_owned(),
            _ => "LONGTEXT".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_source_become_names_of_columns_each_once() {
        let column = |field: &str| InferredColumn {
            field: field.into(),
            holds: InferredType::Integer,
            empty: 0,
            is_unique: false,
        };
        let long = "x".repeat(80);
        let columns: Vec<_> =
            ["Name", "name", " ", &long, &long, "sync_row_key"].iter().map(|name| column(name)).collect();
        let names = column_names(&columns);
        assert_eq!(names[..3], ["Name", "name_2", "column_3"]);
        assert_eq!(
            (names[3].len(), &names[4][..], &names[5][..]),
            (64, &*format!("{}_2", "x".repeat(62)), "sync_row_key_2")
        );
    }
}
