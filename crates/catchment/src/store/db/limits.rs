//! How large a statement may be, and how long one may take.

use std::time::Duration;

use super::error::StoreError;

/// How long a request waits for a connection.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long any statement may take. A server whose host vanished says nothing for ever.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of values in one statement at most, unless it is one row.
pub(super) const MAX_STATEMENT: usize = 1 << 20;

/// How large a statement may be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StatementLimits {
    /// Parameters at most.
    pub(crate) parameters: usize,
    /// Bytes that several rows should keep to.
    pub(crate) bytes: usize,
    /// Bytes that the database takes at all.
    pub(crate) packet: usize,
}

impl StatementLimits {
    /// One row that no statement can carry is that row's fault.
    pub(crate) fn check(self, bytes: usize) -> Result<(), StoreError> {
        if bytes < self.packet { Ok(()) } else { Err(StoreError::too_large(bytes, self.packet)) }
    }
}

/// What a statement gives, or an error of a time-out.
pub(super) async fn bounded<T>(
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    tokio::time::timeout(STATEMENT_TIMEOUT, statement).await.unwrap_or_else(|_| {
        let message = format!("no answer within {} s", STATEMENT_TIMEOUT.as_secs());
        Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, message)))
    })
}
