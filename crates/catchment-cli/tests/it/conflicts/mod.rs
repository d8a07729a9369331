//! Who wins where source and table differ, and the conflicts that somebody has to settle.

mod doors;
mod policies;
mod settle;
mod three_way;

use catchment::{Conflict, ConflictFilter, ConflictState, LeftConflict, Settlement, SyncRun};
use serde_json::{Value, json};

use crate::support::{ME, Test, request};

/// Products with what a shop owner edits by hand.
const PRODUCTS: [&str; 2] = [
    "CREATE TABLE products (id INT NOT NULL PRIMARY KEY, name VARCHAR(50) NULL, price DECIMAL(12,2) NULL, stock INT NULL, \
     edited DATETIME NULL) CHARACTER SET utf8mb4",
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR(50), price DECIMAL(12,2), stock INT, edited DATETIME)",
];

impl Test {
    /// Syncs a text into the products with these policies, and its run.
    async fn synced(&self, text: &str, conflicts: Value) -> SyncRun {
        let app = self.app().await;
        let options = json!({ "targetTable": "products", "conflicts": conflicts });
        let id = app
            .service()
            .sync(&ME, request(&self.file("source.csv", text), options))
            .await
            .unwrap()
            .sync_run_id;
        app.service().run(&ME, id).await.unwrap()
    }

    async fn products(&self) -> Vec<String> {
        self.query("SELECT id, name, price, stock FROM products ORDER BY id")
            .await
            .into_iter()
            .map(plain)
            .collect()
    }

    /// The conflicts in a state, as text.
    async fn conflicts_in(&self, state: ConflictState) -> Vec<String> {
        let app = self.app().await;
        let found =
            app.service().conflicts(&ME, &ConflictFilter::default(), Some(state), 0, 100).await.unwrap();
        found.iter().map(told).collect()
    }

    async fn settled(&self, ids: &[i64], settlement: Settlement) -> (u64, Vec<LeftConflict>) {
        let filter = ConflictFilter { ids: ids.to_vec(), ..ConflictFilter::default() };
        let settled = self.app().await.service().settle_conflicts(&ME, &filter, &settlement).await.unwrap();
        (settled.settled, settled.left)
    }
}

/// Decimals as both databases show them.
fn plain(row: String) -> String {
    let plain = |value: &str| match value.split_once('.') {
        Some(_) => value.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => value.to_owned(),
    };
    row.split('|').map(plain).collect::<Vec<_>>().join("|")
}

fn told(conflict: &Conflict) -> String {
    let value = |text: Option<&str>| text.map_or("NULL".to_owned(), |text| plain(text.to_owned()));
    let written = match &conflict.written {
        Some(written) => value(written.as_deref()),
        None => "?".to_owned(),
    };
    let by = conflict.settled_by.map(|by| format!(" by {by}")).unwrap_or_default();
    let [there, here] = [&conflict.in_table, &conflict.in_source].map(|text| value(text.as_deref()));
    format!("{} {}: {written} -> {there} | {here}{by}", conflict.item, conflict.column)
}

/// The counts of a run: inserted, updated, unchanged, skipped, and the fields that were kept.
fn counted(run: &SyncRun) -> [u64; 5] {
    let counts = run.metadata.counts;
    [counts.inserted, counts.updated, counts.unchanged, counts.skipped, run.metadata.fields_kept]
}
