//! Tables of somebody's own as targets.

mod create;
mod doors;
mod keys;
mod mapping;
mod rental;
mod rows;
mod types;

use crate::support::Test;

impl Test {
    /// The first of two statements on MariaDB, the second one on SQLite.
    pub async fn make(&self, mysql: &str, sqlite: &str) {
        self.execute(if self.is_sqlite() { sqlite } else { mysql }).await;
    }
}
