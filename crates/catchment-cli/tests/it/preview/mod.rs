//! Looking before writing: previews, and what becomes of them.

mod approve;
mod doors;
mod found;
mod random;
mod shop;

use catchment::{ChangeFilter, StoredChange, SyncRequest, SyncRun};
use serde_json::{Value, json};

use crate::support::{ME, Test, request};

/// Products, whose keys are numbers.
const PRODUCTS: [&str; 2] = [
    "CREATE TABLE products (id INT NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(12,2) CHECK (price < 1000000)) \
     CHARACTER SET utf8mb4",
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(12,2) CHECK (price < 1000000))",
];

fn products(test: &Test, text: &str) -> SyncRequest {
    request(&test.file("source.csv", text), json!({ "targetTable": "products" }))
}

impl Test {
    /// Previews a request to its end.
    async fn previewed(&self, request: SyncRequest) -> SyncRun {
        let app = self.app().await;
        let id = app.service().preview(&ME, request).await.unwrap();
        app.service().execute_sync(&ME, id).await.unwrap();
        app.service().run(&ME, id).await.unwrap()
    }

    /// Approves a preview, and executes its run to the end.
    async fn approved(&self, preview: i64) -> SyncRun {
        let app = self.app().await;
        let id = app.service().approve(&ME, preview).await.unwrap();
        app.service().execute_sync(&ME, id).await.unwrap();
        app.service().run(&ME, id).await.unwrap()
    }

    /// What a preview found, as text.
    async fn found(&self, preview: i64) -> Vec<String> {
        let app = self.app().await;
        let changes = app.service().changes(&ME, preview, &ChangeFilter::default(), 0, 1000).await.unwrap();
        changes.iter().map(told).collect()
    }
}

fn told(change: &StoredChange) -> String {
    let value = |text: &Option<String>| text.clone().unwrap_or_else(|| "NULL".to_owned());
    let fields: Vec<_> = change
        .fields
        .iter()
        .map(|field| format!("{} {} -> {}", field.column, value(&field.before), value(&field.after)))
        .collect();
    format!("{} {}: {}", change.kind, change.item, fields.join(", "))
}

/// The counts of a run: inserted, updated, unchanged, skipped, failed.
fn counted(run: &SyncRun) -> [u64; 5] {
    let counts = run.metadata.counts;
    assert_eq!(counts.processed(), run.items_processed);
    [counts.inserted, counts.updated, counts.unchanged, counts.skipped, counts.failed]
}

fn code(run: &SyncRun) -> &str {
    run.error.as_ref().and_then(|error| error.code.as_deref()).unwrap_or_default()
}

fn music() -> Value {
    json!({ "contentType": "music" })
}
