//! The columns of a table that is there, and whether what we write fits into them.

use std::collections::BTreeMap;

use catchment_core::Result;

use crate::store::db::dialect::{Dialect, Sql};
use crate::store::db::{Conn, Row, StoreError};

/// A column of a table that is there.
#[derive(Debug)]
pub(super) struct ExistingColumn {
    /// As the database spells it, in lower case: `int(11)`, `varchar(50)`.
    kind: String,
    is_not_null: bool,
    /// Whether a row that does not name it gets a value: it has a default, is counted up, or computed.
    is_filled: bool,
    is_counted_up: bool,
    collation: Option<String>,
}

/// What a type holds, as far as values of one can be stored in another.
#[derive(Debug, PartialEq, Eq)]
enum Family {
    Integer,
    Decimal,
    Float,
    Time,
    Text,
}

impl Family {
    fn of(kind: &str) -> Self {
        let kind = kind.to_lowercase();
        let is = |words: &[&str]| words.iter().any(|word| kind.starts_with(word));
        match () {
            () if kind.split('(').next().is_some_and(|word| word.contains("int")) || is(&["bool"]) => {
                Self::Integer
            }
            () if is(&["dec", "num"]) => Self::Decimal,
            () if is(&["float", "double", "real"]) => Self::Float,
            () if is(&["timestamp", "date", "time"]) => Self::Time,
            () => Self::Text,
        }
    }
}

impl ExistingColumn {
    /// Whether rows of ours, which do not know it, would lack a value of it.
    pub(super) fn is_demanded(&self) -> bool {
        self.is_not_null && !self.is_filled
    }

    /// The definition that lets rows be without it.
    pub(super) fn optional(&self) -> String {
        match &self.collation {
            Some(collation) => format!("{} COLLATE {collation} NULL", self.kind),
            None => format!("{} NULL", self.kind),
        }
    }

    /// Whether it takes all that a column of this definition of ours does. Identities are compared byte by byte.
    pub(super) fn fits(&self, dialect: Dialect, definition: &str, is_identity: bool) -> bool {
        let kind = definition.split_whitespace().nth(1).unwrap_or_default();
        match dialect {
            Dialect::MySql => {
                self.fits_mysql(kind, definition, is_identity) && !self.demands_more(definition)
            }
            Dialect::Sqlite => self.fits_sqlite(kind, definition) && !self.demands_more(definition),
        }
    }

    /// Whether a value is needed that we leave out, or give as NULL.
    fn demands_more(&self, definition: &str) -> bool {
        (self.is_not_null && definition.contains(" NULL DEFAULT NULL"))
            || (self.is_demanded() && definition.contains(" DEFAULT "))
    }

    fn fits_mysql(&self, kind: &str, definition: &str, is_identity: bool) -> bool {
        let family = Family::of(kind);
        let is_bytewise = self.collation.as_ref().is_some_and(|name| name.ends_with("_bin"));
        family == Family::of(&self.kind)
            && match family {
                Family::Integer => integer_bytes(&self.kind) >= integer_bytes(kind),
                Family::Text => self.holds_text(kind, definition),
                _ => true,
            }
            && (!definition.contains("AUTO_INCREMENT") || self.is_counted_up)
            && (!is_identity || family != Family::Text || is_bytewise)
            && (family != Family::Decimal || is_as_wide(digits(&self.kind), digits(kind)))
    }

    /// Whether it takes texts of a type of ours: as many characters, and all of Unicode. Words that are listed are fewer.
    fn holds_text(&self, kind: &str, definition: &str) -> bool {
        let is_unicode = self.collation.as_ref().is_none_or(|name| name.starts_with("utf8mb4"))
            || definition.contains("CHARACTER SET ascii");
        let is_listed = self.kind.starts_with("enum") || self.kind.starts_with("set");
        is_unicode && !is_listed && max_chars(&self.kind) >= max_chars(kind)
    }

    /// Types of SQLite convert what they can: numbers in a column of text do no harm, and text in one of numbers does.
    fn fits_sqlite(&self, kind: &str, definition: &str) -> bool {
        if definition.contains("PRIMARY KEY") && kind == "INTEGER" {
            // Only then is it the row's own number.
            return self.kind == "integer";
        }
        kind != "TEXT" || matches!(Family::of(&self.kind), Family::Text | Family::Time)
    }
}

/// Bytes of an integer type.
fn integer_bytes(kind: &str) -> u32 {
    match kind.to_lowercase().split(['(', ' ']).next().unwrap_or_default() {
        "tinyint" | "bool" | "boolean" => 1,
        "smallint" => 2,
        "mediumint" => 3,
        "bigint" => 8,
        _ => 4,
    }
}

/// Characters, of four bytes each at most, that a text type holds.
fn max_chars(kind: &str) -> u64 {
    let kind = kind.to_lowercase();
    let length = || kind.split_once('(').and_then(|(_, rest)| rest.split(')').next()?.trim().parse().ok());
    match kind.split(['(', ' ']).next().unwrap_or_default() {
        "char" | "varchar" => length().unwrap_or(1),
        "tinytext" => 255 / 4,
        "text" => 65_535 / 4,
        "mediumtext" => 16_777_215 / 4,
        // JSON of MariaDB is one, and of MySQL a type of its own.
        _ => u64::from(u32::MAX) / 4,
    }
}

/// The digits of a decimal, and those of them after the sign: `decimal(15,4)`.
fn digits(kind: &str) -> Option<(u32, u32)> {
    let (all, after) = kind.split_once('(')?.1.split(')').next()?.split_once(',')?;
    Some((all.trim().parse().ok()?, after.trim().parse().ok()?))
}

fn is_as_wide(theirs: Option<(u32, u32)>, ours: Option<(u32, u32)>) -> bool {
    let (Some((theirs, theirs_after)), Some((ours, ours_after))) = (theirs, ours) else { return false };
    theirs_after >= ours_after && theirs.saturating_sub(theirs_after) >= ours.saturating_sub(ours_after)
}

/// The columns of a table by their names; none where there is no such table.
pub(super) async fn existing_columns(
    conn: &mut Conn,
    table: &str,
) -> Result<BTreeMap<String, ExistingColumn>> {
    let sql = Sql::Each {
        mysql: "SELECT column_name, CAST(column_type AS CHAR), is_nullable = 'NO', column_default IS NOT NULL OR extra <> '', \
                extra LIKE '%auto_increment%', collation_name FROM information_schema.columns WHERE table_schema = DATABASE() \
                AND table_name = ?",
        // With generated columns.
        sqlite: "SELECT name, type, \"notnull\", dflt_value IS NOT NULL OR hidden > 1, 0, NULL FROM pragma_table_xinfo(?)",
    };
    let read = |row: &Row| {
        let column = ExistingColumn {
            kind: row.text(1)?.to_lowercase(),
            is_not_null: row.int(2)? == 1,
            is_filled: row.int(3)? == 1,
            is_counted_up: row.int(4)? == 1,
            collation: row.optional_string(5)?,
        };
        Ok((row.text(0)?.to_owned(), column))
    };
    Ok(conn.fetch(sql, &[table.into()]).await?.iter().map(read).collect::<Result<_, StoreError>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(kind: &str) -> ExistingColumn {
        let collation = Family::of(kind).eq(&Family::Text).then(|| "utf8mb4_general_ci".to_owned());
        ExistingColumn {
            kind: kind.into(),
            is_not_null: false,
            is_filled: false,
            is_counted_up: false,
            collation,
        }
    }

    #[test]
    fn what_would_be_cut_rounded_or_refused_does_not_fit() {
        let fits = |kind: &str, definition: &str| column(kind).fits(Dialect::MySql, definition, false);
        assert!(fits("int(11)", "capacity_gb INT NULL DEFAULT NULL"));
        assert!(!fits("enum('a','b')", "content_type VARCHAR(16) NOT NULL"));
        assert!(!fits("varchar(10)", "title VARCHAR(1024) NOT NULL"));
        assert!(fits("text", "title VARCHAR(1024) NOT NULL"));
        assert!(!fits("smallint(6)", "capacity_gb INT NULL DEFAULT NULL"));
        assert!(fits("bigint(20)", "capacity_gb INT NULL DEFAULT NULL"));
        let latin1 =
            ExistingColumn { collation: Some("latin1_swedish_ci".into()), ..column("varchar(2000)") };
        assert!(!latin1.fits(Dialect::MySql, "title VARCHAR(1024) NOT NULL", false));
        assert!(fits("longtext", "metadata JSON NULL DEFAULT NULL"));
        assert!(fits("decimal(20,4)", "price DECIMAL(15,4) NOT NULL"));
        assert!(!fits("decimal(10,2)", "price DECIMAL(15,4) NOT NULL"));
        assert!(!fits("double", "price DECIMAL(15,4) NOT NULL"));
        assert!(!fits("int(11)", "category_id VARCHAR(191) NOT NULL"));
        assert!(!fits("int(11)", "id BIGINT NOT NULL AUTO_INCREMENT"));
        let not_null = ExistingColumn { is_not_null: true, ..column("text") };
        assert!(!not_null.fits(Dialect::MySql, "artist VARCHAR(1024) NULL DEFAULT NULL", false));
        assert!(!column("varchar(50)").fits(Dialect::MySql, "capacity VARCHAR(64) NOT NULL", true));
        assert!(!column("int").fits(Dialect::Sqlite, "id INTEGER PRIMARY KEY AUTOINCREMENT", false));
        assert!(!column("int").fits(Dialect::Sqlite, "category_id TEXT NOT NULL", true));
    }
}
