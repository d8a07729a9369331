//! Where the two SQL dialects differ, and nowhere else.
//!
//! A statement is written once, as literals with words between them that each dialect spells in its own way:
//!
//! ```text
//! sql!("UPDATE sync_runs SET status = 'failed', completed_at = " NOW " WHERE id = ?")
//! ```

/// Which database it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    MySql,
    Sqlite,
}

/// One statement in both dialects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) mysql: &'static str,
    pub(crate) sqlite: &'static str,
}

/// Makes a [`Sql`] from literals and words.
macro_rules! sql {
    ($($part:tt)*) => {
        $crate::store::dialect::Sql {
            mysql: concat!($($crate::store::dialect::mysql_word!($part)),*),
            sqlite: concat!($($crate::store::dialect::sqlite_word!($part)),*),
        }
    };
}

/// MySQL's and MariaDB's words.
macro_rules! mysql_word {
    // The clock of the database, in the connection's time zone, which is UTC.
    (NOW) => {
        "CURRENT_TIMESTAMP(3)"
    };
    // So many milliseconds from now; a parameter.
    (NOW_PLUS_MS) => {
        "(CURRENT_TIMESTAMP(3) + INTERVAL (? * 1000) MICROSECOND)"
    };
    // A time as milliseconds since 1970, so that no driver has to agree on a type for it.
    ((ms $column:ident)) => {
        concat!("CAST(ROUND(UNIX_TIMESTAMP(", stringify!($column), ") * 1000) AS SIGNED)")
    };
    // Columns, or a condition on the time, that several statements share.
    ((columns $name:ident)) => {
        $name!()
    };
    ((at_now $name:ident)) => {
        $name!("CURRENT_TIMESTAMP(3)")
    };
    ($literal:literal) => {
        $literal
    };
}

/// SQLite's words. Times are text in UTC with milliseconds, which sorts as it should.
macro_rules! sqlite_word {
    (NOW) => {
        "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    };
    (NOW_PLUS_MS) => {
        "strftime('%Y-%m-%d %H:%M:%f', 'now', (? / 1000.0) || ' seconds')"
    };
    ((ms $column:ident)) => {
        concat!("CAST(ROUND(unixepoch(", stringify!($column), ", 'subsec') * 1000) AS INTEGER)")
    };
    ((columns $name:ident)) => {
        $name!()
    };
    ((at_now $name:ident)) => {
        $name!("strftime('%Y-%m-%d %H:%M:%f', 'now')")
    };
    ($literal:literal) => {
        $literal
    };
}

pub(crate) use {mysql_word, sql, sqlite_word};

impl Dialect {
    pub(crate) fn pick(self, sql: Sql) -> &'static str {
        match self {
            Self::MySql => sql.mysql,
            Self::Sqlite => sql.sqlite,
        }
    }

    pub(crate) fn now(self) -> &'static str {
        self.pick(sql!(NOW))
    }

    /// A column as text, exactly as it was written.
    pub(crate) fn as_text(self, column: &str) -> String {
        match self {
            Self::MySql => format!("CAST({column} AS CHAR)"),
            Self::Sqlite => format!("CAST({column} AS TEXT)"),
        }
    }

    /// `(a, b) IN (…)` with `rows` groups of parameters. SQLite has it with VALUES only, MySQL without only.
    pub(crate) fn row_in(self, columns: &[&str], rows: usize) -> String {
        if let [column] = columns {
            return format!("{column} IN ({})", list("?", rows));
        }
        let group = format!("({})", list("?", columns.len()));
        let values = if self == Self::Sqlite { "VALUES " } else { "" };
        format!("({}) IN ({values}{})", columns.join(", "), list(&group, rows))
    }

    /// What follows an INSERT with the primary key, so that rows that exist are updated. `VALUES()` is the
    /// spelling that MySQL and MariaDB share.
    pub(crate) fn or_update(self, columns: &[&str]) -> String {
        let set = |new: fn(&str) -> String| {
            columns.iter().map(|column| format!("{column} = {}", new(column))).collect::<Vec<_>>().join(", ")
        };
        match self {
            Self::MySql => format!("ON DUPLICATE KEY UPDATE {}", set(|column| format!("VALUES({column})"))),
            Self::Sqlite => {
                format!("ON CONFLICT (id) DO UPDATE SET {}", set(|column| format!("excluded.{column}")))
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
