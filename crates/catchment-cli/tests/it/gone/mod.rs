//! Rows that left their source: marked, deleted, held by the guard, and released.

mod claims;
mod held;
mod marked;

use catchment::{App, SyncRun, TargetDeclaration};
use serde_json::{Value, json};

use crate::support::{ME, Test, request};

const SONGS: [&str; 2] = [
    "CREATE TABLE songs (id INT NOT NULL PRIMARY KEY, title VARCHAR(50) NOT NULL, state VARCHAR(20) NOT NULL DEFAULT 'here')",
    "CREATE TABLE songs (id INTEGER PRIMARY KEY, title VARCHAR(50) NOT NULL, state VARCHAR(20) NOT NULL DEFAULT 'here')",
];

/// Songs of these numbers.
fn songs(ids: impl IntoIterator<Item = u32>) -> String {
    ids.into_iter().fold("id,title\n".to_owned(), |text, id| format!("{text}{id},Song {id}\n"))
}

/// The same with identities of their own.
fn music(ids: impl IntoIterator<Item = u32>) -> String {
    ids.into_iter().fold("external_id,title\n".to_owned(), |text, id| format!("{text}{id},Song {id}\n"))
}

fn into_songs(when_gone: &str) -> Value {
    json!({ "targetTable": "songs", "whenGone": when_gone })
}

fn into_content(when_gone: &str) -> Value {
    json!({ "contentType": "music", "whenGone": when_gone })
}

impl Test {
    async fn app_with_mark(&self) -> App {
        let songs: TargetDeclaration =
            toml::from_str("name = 'songs'\ngone = { column = 'state', value = 'left', back = 'here' }")
                .unwrap();
        let settings = catchment::Settings { targets: vec![songs], ..self.settings() };
        App::open(&settings, catchment_sources::builtin()).await.unwrap()
    }

    /// Syncs a text, and its run.
    async fn ran(&self, text: &str, options: Value) -> SyncRun {
        let app = self.app_with_mark().await;
        let path = self.file("source.csv", text);
        let id = app.service().sync(&ME, request(&path, options)).await.unwrap().sync_run_id;
        app.service().run(&ME, id).await.unwrap()
    }
}

fn held(run: &SyncRun) -> String {
    run.metadata.gone_held.as_ref().map(|held| held.reason.clone()).unwrap_or_default()
}
