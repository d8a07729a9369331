//! The promise at its edges: each test is a defect that was found, seen from outside.

mod database;
mod doors;
mod nodes;
mod rows;
mod secrets;
mod workers;

use crate::support::Test;

/// A time so many days ago, in the database's words.
fn days_ago(test: &Test, days: u32) -> String {
    match test.is_sqlite() {
        true => format!("strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days')"),
        false => format!("NOW(3) - INTERVAL {days} DAY"),
    }
}
