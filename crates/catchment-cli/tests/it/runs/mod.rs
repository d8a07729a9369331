//! The life of a run: the queue, attempts, what an operator does by hand.

mod attempts;
mod operator;
mod queue;
mod vouched;

use std::time::Duration;

use catchment::{App, SyncRequest};
use serde_json::json;
use tokio::sync::mpsc::UnboundedSender;

use crate::gated::{Gated, Step, script};
use crate::support::Test;

/// A source of this test alone: its steps, and a request for it.
pub fn scripted(test: &Test, name: &str) -> (UnboundedSender<Step>, SyncRequest) {
    let identifier = format!("{name} of {}", test.dir.path().display());
    let request = SyncRequest::from_json(json!({
        "sourceType": "gated", "sourceIdentifier": identifier, "options": {"contentType": "music"}
    }));
    (script(&identifier), request.unwrap())
}

pub async fn app(test: &Test) -> App {
    test.app_with(catchment_sources::builtin().with::<Gated>()).await
}

/// Waits until a query answers with this.
pub async fn until(test: &Test, sql: &str, expected: &str) {
    let answered = async {
        while test.value(sql).await != expected {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let in_time = tokio::time::timeout(Duration::from_secs(60), answered).await;
    assert!(in_time.is_ok(), "{sql} never answered {expected}");
}

pub const PAGES: &str = "SELECT MAX(page_no) FROM sync_runs";
