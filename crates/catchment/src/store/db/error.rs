//! Maps database errors to our kinds. SQLSTATE classes 22 and 23 are the row's fault, all else is not.

use std::path::Path;

use catchment_core::{Error, ErrorKind};
use sqlx::error::DatabaseError;
use sqlx::mysql::MySqlDatabaseError;

/// What a statement failed with.
#[derive(Debug)]
pub(crate) struct StoreError {
    pub(crate) class: FailureClass,
    message: String,
    source: sqlx::Error,
}

const CHECK_SERVER: &str = "check that the server is running, and the host in the database URL";

/// The code of the error of a run whose source vouched for rows that are not as it says: another one reads all of it.
pub(crate) const NOT_AS_VOUCHED: &str = "not_as_vouched";

/// What follows from a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureClass {
    /// A value or a constraint: the fault of one row.
    Row,
    /// Deadlock, lock time-out, busy: the same transaction is worth another try at once.
    Contended,
    /// The connection or the server is gone, or something passing.
    Unavailable,
    /// The server's disk is full, or its storage fails.
    Storage,
    /// The server lets us not in: wrong password, no such database. Credentials are rotated, so it may pass.
    LoginRefused,
    /// What another try will not change: no such table, no permission, read-only.
    Refused,
    /// Rows that a source vouches for are not as it says: it must read them.
    NotAsVouched,
}

/// Errors of MySQL and MariaDB that are a row's fault although their SQLSTATE is HY000 or 01000: wrong value
/// for a column, data truncated, a CHECK constraint (MySQL), no value for a column without a default, no partition for it, a
/// date that a generated column cannot compute, more than one row in a subquery of a trigger, a type that it cannot be cast to.
const ROW_ERRORS: [u16; 10] = [1366, 1265, 3819, 4025, 1364, 1526, 1411, 1242, 4078, 4079];
/// Deadlock, lock wait time-out, a Galera conflict while it certifies.
const CONTENDED_ERRORS: [u16; 3] = [1213, 1205, 3101];
/// Table or disk full, error writing a file, error from the storage engine.
const STORAGE_ERRORS: [u16; 6] = [1114, 1021, 1026, 1030, 3, 28];
/// Access denied (for this database, by password, by plugin), unknown database.
const LOGIN_ERRORS: [u16; 4] = [1044, 1045, 1698, 1049];
/// Unknown table (of `information_schema`, too) or column, no permission for a statement, collations that cannot be compared. A read-only server (1290) is none of them: it may be one
/// that is being failed over.
const REFUSED_ERRORS: [u16; 7] = [1054, 1109, 1142, 1143, 1146, 1227, 1267];
/// No permission for a database, a statement, a column, or for what only administrators do.
const DENIED_ERRORS: [u16; 4] = [1044, 1142, 1143, 1227];
const SQLITE_READONLY: i32 = 8;

impl From<sqlx::Error> for StoreError {
    fn from(source: sqlx::Error) -> Self {
        let class = match &source {
            sqlx::Error::Database(error) => classify(error.as_ref()),
            sqlx::Error::Configuration(_) => FailureClass::Refused,
            _ => FailureClass::Unavailable,
        };
        let message = match &source {
            sqlx::Error::Database(error) => with_advice(error.as_ref()),
            // The server's address is in the operator's settings; its user and password are not repeated.
            sqlx::Error::PoolTimedOut => format!("no connection within 10 s; {CHECK_SERVER}"),
            sqlx::Error::Io(_) | sqlx::Error::Tls(_) => format!("{source}; {CHECK_SERVER}"),
            other => other.to_string(),
        };
        Self { class, message, source }
    }
}

fn classify(error: &dyn DatabaseError) -> FailureClass {
    if let Some(error) = error.try_downcast_ref::<MySqlDatabaseError>() {
        return classify_mysql(error.number(), error.code().unwrap_or_default());
    }
    match sqlite_code(error) {
        5 | 6 => FailureClass::Contended, // BUSY, LOCKED
        18..=20 => FailureClass::Row,     // TOOBIG, CONSTRAINT, MISMATCH
        10 | 13 => FailureClass::Storage, // IOERR, FULL
        // ERROR (no such table or column), PERM, READONLY, CORRUPT, CANTOPEN, NOTADB
        1 | 3 | 8 | 11 | 14 | 26 => FailureClass::Refused,
        _ => FailureClass::Unavailable,
    }
}

/// The primary result code, which is the lowest byte of the extended one (https://sqlite.org/rescode.html).
fn sqlite_code(error: &dyn DatabaseError) -> i32 {
    error.code().and_then(|code| code.parse::<i32>().ok()).unwrap_or_default() & 0xff
}

/// Whether SQLite says that somebody else is writing.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if classify(error.as_ref()) == FailureClass::Contended)
}

/// The server's own words, and what the operator can do about it where it is theirs to do.
fn with_advice(error: &dyn DatabaseError) -> String {
    let number = error.try_downcast_ref::<MySqlDatabaseError>().map(MySqlDatabaseError::number);
    let advice = match number {
        Some(1045 | 1698) => "check the user and the password in the database URL",
        Some(1044) => "grant the user rights on the database, or name another one in the database URL",
        Some(1049) => "create the database, or name another one in the database URL",
        Some(1040 | 1203 | 1226) => {
            "raise the limit of connections of the server or the user, or lower --workers or --writers"
        }
        Some(1142 | 1143 | 1227) => "grant the user the right, or use another user in the database URL",
        _ => return error.message().to_owned(),
    };
    format!("{}; {advice}", error.message())
}

fn classify_mysql(number: u16, sqlstate: &str) -> FailureClass {
    match number {
        _ if ROW_ERRORS.contains(&number) => FailureClass::Row,
        _ if CONTENDED_ERRORS.contains(&number) => FailureClass::Contended,
        _ if STORAGE_ERRORS.contains(&number) => FailureClass::Storage,
        _ if LOGIN_ERRORS.contains(&number) => FailureClass::LoginRefused,
        _ if REFUSED_ERRORS.contains(&number) => FailureClass::Refused,
        _ if sqlstate.starts_with("22") || sqlstate.starts_with("23") || sqlstate == "45000" => {
            FailureClass::Row
        }
        _ => FailureClass::Unavailable,
    }
}

impl StoreError {
    /// Rows are not as they were when they were read, or gone: somebody writes beside us. The page is worth another look.
    pub(crate) fn changed_meanwhile(count: u64) -> Self {
        let message = format!("{count} rows were changed or deleted by another session after they were read");
        Self { class: FailureClass::Contended, message, source: sqlx::Error::RowNotFound }
    }

    /// Rows that a source vouches for are not as the run before left them.
    pub(crate) fn not_as_vouched() -> Self {
        let message = "rows of the table are not as the last run left them, so that what is unchanged in the source must be read again";
        let (class, source) = (FailureClass::NotAsVouched, sqlx::Error::RowNotFound);
        Self { class, message: message.to_owned(), source }
    }

    /// A row that is longer than what the server takes at once.
    pub(crate) fn too_large(bytes: usize, packet: usize) -> Self {
        let message = format!(
            "it has {bytes} bytes, more than the server's max_allowed_packet of {packet}; raise that setting"
        );
        Self { class: FailureClass::Row, message, source: sqlx::Error::RowNotFound }
    }

    /// Rows that the database took and did not write.
    pub(crate) fn left_out(count: u64) -> Self {
        let message =
            format!("{count} rows were left out without an error, as a trigger does with RAISE(IGNORE)");
        Self { class: FailureClass::Row, message, source: sqlx::Error::RowNotFound }
    }

    /// A value of ours that has no text; the page cannot be written.
    pub(crate) fn unwritable(error: &serde_json::Error) -> Self {
        let message = format!("the cursor or the counts of a page cannot be written as JSON: {error}");
        Self { class: FailureClass::Refused, message, source: sqlx::Error::RowNotFound }
    }

    /// The same of a file, which its message names; what a row did says nothing of its file.
    pub(super) fn in_file(mut self, file: &Path) -> Self {
        if self.class != FailureClass::Row {
            self.message = format!("{}: {}", file.display(), self.message);
        }
        self
    }

    /// The server's own words.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The same, as the fault of a race with somebody else.
    pub(crate) fn contended(self) -> Self {
        Self { class: FailureClass::Contended, ..self }
    }

    /// Whether the user may not do this, or nobody may, as the file is read-only.
    pub(crate) fn is_denied(&self) -> bool {
        let sqlx::Error::Database(error) = &self.source else { return false };
        match error.try_downcast_ref::<MySqlDatabaseError>() {
            Some(error) => DENIED_ERRORS.contains(&error.number()),
            None => sqlite_code(error.as_ref()) == SQLITE_READONLY,
        }
    }

    /// Whether there is no such table or column, or no right to it.
    pub(crate) fn is_refused(&self) -> bool {
        self.class == FailureClass::Refused
    }

    /// Whether a unique key turned a row down.
    pub(crate) fn is_duplicate(&self) -> bool {
        matches!(&self.source, sqlx::Error::Database(error) if error.is_unique_violation())
    }
}

impl From<StoreError> for Error {
    fn from(failure: StoreError) -> Self {
        let (kind, code) = match failure.class {
            FailureClass::Row => (ErrorKind::Validation, "refused_by_database"),
            FailureClass::Contended => (ErrorKind::Database, "database_contended"),
            FailureClass::Unavailable => (ErrorKind::Database, "database_away"),
            FailureClass::LoginRefused => (ErrorKind::Database, "database_login"),
            FailureClass::Storage => (ErrorKind::System, "database_storage"),
            FailureClass::Refused => (ErrorKind::Config, "database_refused"),
            FailureClass::NotAsVouched => {
                return Self::new(ErrorKind::System, NOT_AS_VOUCHED, failure.message);
            }
        };
        Self::new(kind, code, format!("database error: {}", failure.message)).with_source(failure.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_says_is_blamed_on_the_right_one() {
        for (number, sqlstate, class) in [
            (1406, "22001", FailureClass::Row), // data too long
            (1062, "23000", FailureClass::Row), // duplicate key
            (4025, "23000", FailureClass::Row), // CHECK, MariaDB
            (3819, "HY000", FailureClass::Row), // CHECK, MySQL
            (1364, "HY000", FailureClass::Row), // no default
            (1644, "45000", FailureClass::Row), // SIGNAL in a trigger
            (1213, "40001", FailureClass::Contended),
            (1205, "HY000", FailureClass::Contended),
            (1114, "HY000", FailureClass::Storage),
            (1045, "28000", FailureClass::LoginRefused),
            (1142, "42000", FailureClass::Refused),
            (1053, "08S01", FailureClass::Unavailable), // shutdown in progress
            (1047, "08S01", FailureClass::Unavailable), // a Galera node that is not ready
        ] {
            assert_eq!(classify_mysql(number, sqlstate), class, "{number}");
        }
    }
}
