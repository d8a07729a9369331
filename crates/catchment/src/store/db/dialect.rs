//! Where the two SQL dialects differ, and nowhere else.
//!
//! A statement is written once. What the databases spell differently stands in it as a marker:
//!
//! | marker | stands for |
//! | --- | --- |
//! | `{now}` | the clock of the database, in UTC |
//! | `{now + ? ms}` | so many milliseconds from now; a parameter |
//! | `{ms column}` | a time as milliseconds since 1970, so that no driver has to agree on a type for it |

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    Sqlite,
}

/// A statement: a literal, or built from names that the code owns.
#[derive(Debug, Clone)]
pub(crate) enum Sql {
    /// The same for both databases, but for its markers.
    Same(Cow<'static, str>),
    /// Built from names that somebody else chose: nothing in it is a marker.
    Built(String),
    /// One for each, where more than that differs.
    Each { mysql: &'static str, sqlite: &'static str },
}

impl From<&'static str> for Sql {
    fn from(text: &'static str) -> Self {
        Self::Same(Cow::Borrowed(text))
    }
}

impl From<String> for Sql {
    fn from(text: String) -> Self {
        Self::Same(Cow::Owned(text))
    }
}

impl Dialect {
    /// A statement as this database takes it.
    pub(crate) fn to_sql(self, sql: Sql) -> SqlStr {
        match sql {
            Sql::Same(Cow::Borrowed(text)) if !text.contains('{') => text.into_sql_str(),
            Sql::Same(Cow::Owned(text)) if !text.contains('{') => AssertSqlSafe(text).into_sql_str(),
            Sql::Same(text) => AssertSqlSafe(self.replace_markers(&text)).into_sql_str(),
            Sql::Built(text) => AssertSqlSafe(text).into_sql_str(),
            Sql::Each { mysql, sqlite } => {
                AssertSqlSafe(self.replace_markers(self.pick(mysql, sqlite))).into_sql_str()
            }
        }
    }

    fn replace_markers(self, text: &str) -> String {
        let (mut spelt, mut rest) = (String::with_capacity(text.len() * 2), text);
        while let Some((before, marked)) = rest.split_once('{') {
            let (marker, after) = marked.split_once('}').unwrap_or((marked, ""));
            spelt.push_str(before);
            match marker.strip_prefix("ms ") {
                Some(column) => spelt.push_str(&self.milliseconds(column)),
                None if marker == "now" => spelt.push_str(self.now()),
                None => {
                    debug_assert_eq!(marker, "now + ? ms", "an unknown marker in {text}");
                    spelt.push_str(self.now_plus_ms());
                }
            }
            rest = after;
        }
        spelt.push_str(rest);
        spelt
    }

    /// The one of two that is for this database.
    pub(crate) fn pick<T>(self, mysql: T, sqlite: T) -> T {
        match self {
            Self::MySql => mysql,
            Self::Sqlite => sqlite,
        }
    }

    /// The clock. SQLite's times are text in UTC with milliseconds, which sorts as it should.
    pub(crate) fn now(self) -> &'static str {
        self.pick("CURRENT_TIMESTAMP(3)", "strftime('%Y-%m-%d %H:%M:%f', 'now')")
    }

    /// So many milliseconds from now; a parameter.
    pub(crate) fn now_plus_ms(self) -> &'static str {
        self.pick(
            "(CURRENT_TIMESTAMP(3) + INTERVAL (? * 1000) MICROSECOND)",
            "strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds')",
        )
    }

    fn milliseconds(self, column: &str) -> String {
        match self {
            Self::MySql => format!("CAST(ROUND(UNIX_TIMESTAMP({column}) * 1000) AS SIGNED)"),
            Self::Sqlite => format!("CAST(ROUND(unixepoch({column}, 'subsec') * 1000) AS INTEGER)"),
        }
    }

    /// A name, quoted: whatever it is, it is a name.
    pub(crate) fn quote(self, name: &str) -> String {
        match self {
            Self::MySql => format!("`{}`", name.replace('`', "``")),
            Self::Sqlite => format!("\"{}\"", name.replace('"', "\"\"")),
        }
    }

    /// Names, quoted, with commas between.
    pub(crate) fn quoted<'n>(self, names: impl IntoIterator<Item = &'n str>) -> String {
        names.into_iter().map(|name| self.quote(name)).collect::<Vec<_>>().join(", ")
    }

    /// An expression as text, exactly as it was written.
    pub(crate) fn as_text(self, expression: &str) -> String {
        format!("CAST({expression} AS {})", self.pick("CHAR", "TEXT"))
    }

    /// `(a, b) IN (…)` with `rows` groups of parameters, which are written as `parameters` says. SQLite has it with VALUES
    /// only, MySQL without only.
    pub(crate) fn row_in(self, columns: &[String], parameters: &[String], rows: usize) -> String {
        if let ([column], [parameter]) = (columns, parameters) {
            return format!("{column} IN ({})", list(parameter, rows));
        }
        let group = format!("({})", parameters.join(", "));
        let values = self.pick("", "VALUES ");
        format!("({}) IN ({values}{})", columns.join(", "), list(&group, rows))
    }

    /// What follows an INSERT with the primary key, so that rows that exist are updated (an upsert). `VALUES()` is the
    /// spelling that MySQL and MariaDB share. All names are quoted.
    pub(crate) fn or_update(self, primary: &str, columns: &[String]) -> String {
        let set = |new: fn(&str) -> String| {
            columns.iter().map(|column| format!("{column} = {}", new(column))).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::MySql => format!("ON DUPLICATE KEY UPDATE {}", set(|column| format!("VALUES({column})"))),
            Self::Sqlite => {
                format!(
                    "ON CONFLICT ({primary}) DO UPDATE SET {}",
                    set(|column| format!("excluded.{column}"))
                )
            }
        }
    }
}

/// `item` so many times, with commas between.
pub(crate) fn list(item: &str, count: usize) -> String {
    let mut text = String::with_capacity((item.len() + 2) * count);
    for index in 0..count {
        if index > 0 {
            text.push_str(", ");
        }
        text.push_str(item);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_spelt_in_each_dialect() {
        let sql = || Sql::from("UPDATE t SET a = {now}, b = {now + ? ms} WHERE {ms c} > ?");
        assert_eq!(
            Dialect::MySql.to_sql(sql()).as_str(),
            "UPDATE t SET a = CURRENT_TIMESTAMP(3), b = (CURRENT_TIMESTAMP(3) + INTERVAL (? * 1000) MICROSECOND) \
             WHERE CAST(ROUND(UNIX_TIMESTAMP(c) * 1000) AS SIGNED) > ?"
        );
        assert_eq!(
            Dialect::Sqlite.to_sql(sql()).as_str(),
            "UPDATE t SET a = strftime('%Y-%m-%d %H:%M:%f', 'now'), b = strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) \
             || ' seconds') WHERE CAST(ROUND(unixepoch(c, 'subsec') * 1000) AS INTEGER) > ?"
        );
    }
}
