//! Google Drive in the tables of both databases, from the request to the rows.

mod doors;
mod guard;
mod kills;
mod stories;

use catchment::{App, Settings, SyncRequest, SyncResult, SyncRun, TargetDeclaration};
use catchment_core::Result;
use fake_google_drive::{FakeDrive, Principal};
use serde_json::{Value, json};

use crate::support::{ME, Test};

const MP3: &str = "audio/mpeg";

/// Settings that know the fake instead of Google; with a table of somebody's own that can be marked.
fn settings(test: &Test, drive: &FakeDrive) -> Settings {
    let songs: TargetDeclaration =
        toml::from_str("name = 'songs'\ngone = { column = 'state', value = 'left', back = 'here' }").unwrap();
    Settings {
        addresses: addresses(drive).map(|(name, url)| (name.to_owned(), url)).into(),
        key_file: test.dir.path().join("catchment.key"),
        targets: vec![songs],
        ..test.settings()
    }
}

fn addresses(drive: &FakeDrive) -> [(&'static str, String); 4] {
    [
        ("drive", drive.url().to_owned()),
        ("sheets", drive.sheets_url().to_owned()),
        ("google-token", drive.token_url().to_owned()),
        ("google-docs", drive.docs_url().to_owned()),
    ]
}

async fn open(test: &Test, drive: &FakeDrive) -> App {
    App::open(&settings(test, drive), catchment_sources::builtin()).await.unwrap()
}

fn request(drive: &FakeDrive, id: &str, more: &Value) -> SyncRequest {
    let mut options = json!({
        "auth": {"type": "service_account", "key": drive.service_account_key()},
        "rateLimit": {"requestsPerSecond": 100_000},
    });
    options.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    SyncRequest::from_json(json!({"sourceType": "drive", "sourceIdentifier": id, "options": options}))
        .unwrap()
}

/// Syncs a folder or a file.
async fn sync(app: &App, drive: &FakeDrive, id: &str, more: &Value) -> Result<SyncResult> {
    app.service().sync(&ME, request(drive, id, more)).await
}

/// The same, and its run.
async fn ran(app: &App, drive: &FakeDrive, id: &str, more: &Value) -> SyncRun {
    let result = sync(app, drive, id, more).await.unwrap();
    app.service().run(&ME, result.sync_run_id).await.unwrap()
}

/// A folder with songs of these numbers, and their ids.
fn songs(drive: &FakeDrive, count: usize) -> (String, Vec<String>) {
    let root = drive.root_folder("Music");
    let song = |number| drive.add_file(&root, &format!("Artist - Song {number}.mp3"), MP3, b"x");
    let ids = (0..count).map(song).collect();
    (root, ids)
}

/// Which files the table has as available, and which the server has.
async fn must_be_true(test: &Test, drive: &FakeDrive, root: &str, when: &str) {
    let sql = "SELECT external_id FROM content_index WHERE is_available = 1 ORDER BY external_id";
    let mut ours = test.query(sql).await;
    ours.sort();
    let theirs: Vec<_> =
        drive.walk(root, Principal::ServiceAccount, true).into_iter().map(|file| file.id).collect();
    assert_eq!(ours, theirs, "{when}");
}
