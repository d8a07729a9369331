//! What every session of MySQL and MariaDB is told first, and what the server says of itself.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sqlx::{Executor, Row};

use crate::store::LEASE;

/// How long a session may say nothing at all. Those of pages that wait for their turn say so more often.
pub(super) const SESSION_IDLE: Duration = Duration::from_secs(28);

/// What the servers said of themselves when they were connected to.
#[derive(Debug)]
pub(super) struct ServerFacts {
    /// The smallest `max_allowed_packet` of all.
    pub(super) max_packet: AtomicUsize,
    /// Whether all have the function CRC32C.
    pub(super) has_crc32c: AtomicBool,
    /// Whether it has a JSON type, as MySQL does; MariaDB keeps the text.
    pub(super) rewrites_json: AtomicBool,
}

impl Default for ServerFacts {
    fn default() -> Self {
        Self {
            max_packet: AtomicUsize::new(usize::MAX),
            has_crc32c: AtomicBool::new(true),
            rewrites_json: AtomicBool::new(false),
        }
    }
}

/// The same rules in every session, whatever the server's defaults: a bad value is an error, a locking read
/// locks what it finds and no gaps, and times are UTC (sqlx sets that). Gives the server's `max_allowed_packet`.
pub(super) async fn prepare_session(
    conn: &mut sqlx::MySqlConnection,
    server: &ServerFacts,
) -> Result<(), sqlx::Error> {
    conn.execute(
        "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,\
         NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_AUTO_VALUE_ON_ZERO', innodb_lock_wait_timeout = 10",
    )
    .await?;
    conn.execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    let (lease, idle) = (LEASE.as_secs(), SESSION_IDLE.as_secs());
    for setting in [
        // Reads on a Galera node wait for what others have committed. Servers without Galera do not know it.
        "wsrep_sync_wait = 1".to_owned(),
        // A worker that froze, or whose machine vanished, keeps its locks no longer than its lease: the server rolls back
        // a transaction that says nothing (MariaDB), or ends the session (MySQL knows no less).
        format!("idle_transaction_timeout = {lease}, idle_write_transaction_timeout = {lease}"),
        format!("wait_timeout = {idle}, net_read_timeout = {lease}, net_write_timeout = {lease}"),
    ] {
        let sql = sqlx::AssertSqlSafe(format!("SET SESSION {setting}"));
        match conn.execute(sql).await {
            Err(error) if !matches!(&error, sqlx::Error::Database(_)) => return Err(error),
            Ok(_) | Err(_) => {}
        }
    }
    let facts = conn.fetch_one("SELECT CAST(@@max_allowed_packet AS SIGNED), VERSION()").await?;
    let packet = usize::try_from(facts.try_get::<i64, _>(0)?).unwrap_or(usize::MAX);
    server.max_packet.fetch_min(packet, Ordering::SeqCst);
    let version = facts.try_get::<String, _>(1)?;
    if !version.contains("MariaDB") {
        server.rewrites_json.store(true, Ordering::SeqCst);
    }
    if !has_crc32c(&version) {
        server.has_crc32c.store(false, Ordering::SeqCst);
    }
    Ok(())
}

/// Whether a server of this version has the function CRC32C, as MariaDB does since 10.8: `10.11.6-MariaDB-log`.
fn has_crc32c(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map_while(|part| part.parse::<u32>().ok());
    let number = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    version.contains("MariaDB") && number >= (10, 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_servers_of_mariadb_since_10_8_have_crc32c() {
        assert!(has_crc32c("10.11.6-MariaDB-0+deb12u1") && has_crc32c("11.4.2-MariaDB"));
        assert!(!has_crc32c("10.6.18-MariaDB") && !has_crc32c("8.4.0") && !has_crc32c("11.0"));
    }
}
