//! Saved syncs and their schedules.

mod apply;
mod doors;
mod ticks;

use catchment::{App, Precondition, SavedSync, Settings, SyncDraft};
use serde_json::{Value, json};

use crate::support::{ME, Test};

/// A saved sync of a file of music.
fn draft(test: &Test, name: &str, more: Value) -> Value {
    let path = test.dir.path().join("data/music.csv");
    let mut draft = json!({
        "name": name,
        "sourceType": "csv",
        "sourceIdentifier": path.display().to_string(),
        "options": {"contentType": "music"}
    });
    draft.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    draft
}

async fn save(app: &App, draft: Value) -> SavedSync {
    let draft = SyncDraft::from_json(draft).unwrap();
    app.service().save_sync(&ME, draft, Precondition::Any).await.unwrap().0
}

/// A service that may read `data`, with music in it.
async fn app(test: &Test) -> App {
    std::fs::create_dir_all(test.dir.path().join("data")).unwrap();
    test.file("data/music.csv", "title,artist\nHello,Adele\n");
    let data_dirs = vec![test.dir.path().join("data")];
    let settings = Settings { data_dirs, is_service: true, ..test.settings() };
    App::open(&settings, catchment_sources::builtin()).await.unwrap()
}
