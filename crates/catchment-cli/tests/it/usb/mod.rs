//! What is on volumes, in the tables of both databases.

mod plugs;
mod shelf;
mod unchanged;

use catchment::{App, Execution, RunProgress, RunStatus, SyncRequest, SyncResult};
use serde_json::json;
use tokio::sync::watch;

use crate::support::{ME, Test, on_both};

fn request(identifier: &str) -> SyncRequest {
    SyncRequest::from_json(json!({"sourceType": "usb", "sourceIdentifier": identifier, "options": {}}))
        .unwrap()
}

/// Makes one attempt at a run.
async fn try_once(app: &App, id: i64) -> SyncResult {
    let once = Execution { no_wait: true, ..Execution::default() };
    let (progress, _) = watch::channel(RunProgress::default());
    app.service().execute(&ME, id, once, &progress).await.unwrap()
}

on_both! {
    async fn a_folder_becomes_content_and_what_left_it_is_marked(test: Test) {
        for folder in ["music/Rock", "music/Peliculas", "music/Games/Doom"] {
            std::fs::create_dir_all(test.dir.path().join(folder)).unwrap();
        }
        let song = test.file("music/Rock/01 Artist - Song.mp3", "no tags in here");
        test.file("music/Peliculas/Film (1982).mkv", "film");
        test.file("music/Games/Doom/doom.exe", "game");
        test.file("music/Thumbs.db", "junk");
        let app = test.app().await;
        let folder = test.dir.path().join("music").display().to_string();
        let result = app.service().sync(&ME, request(&folder)).await.unwrap();
        assert_eq!(result.status, RunStatus::Completed, "{result:?}");
        let rows = "SELECT external_id, content_type, title, is_available FROM content_index ORDER BY external_id";
        let others = ["Games/Doom|game|Doom|1", "Peliculas/Film (1982).mkv|movie|Film|1"];
        assert_eq!(test.query(rows).await, [others[0], others[1], "Rock/01 Artist - Song.mp3|music|Song|1"]);
        std::fs::remove_file(song).unwrap();
        app.service().sync(&ME, request(&folder)).await.unwrap();
        assert_eq!(test.query(rows).await, [others[0], others[1], "Rock/01 Artist - Song.mp3|music|Song|0"]);
    }

    async fn a_run_waits_for_a_volume_that_is_away_and_does_not_fail(test: Test) {
        let app = test.app().await;
        let id = app.service().schedule_sync(&ME, request("volume:0000-DEAD")).await.unwrap();
        let result = try_once(&app, id).await;
        assert_eq!(result.status, RunStatus::Pending, "{result:?}");
        let told = app.service().run(&ME, id).await.unwrap().error.unwrap();
        assert!(told.message.contains("`0000-DEAD` is not plugged in"), "{told:?}");
    }

    async fn volumes_that_cannot_be_told_are_refused_before_a_run_is_made(test: Test) {
        let app = test.app().await;
        for (identifier, code) in [("label:NONE OF THIS NAME", "no_such_label"), ("ftp://x", "bad_volume")] {
            let error = app.service().schedule_sync(&ME, request(identifier)).await.unwrap_err();
            assert_eq!(error.code(), code, "{error}");
            assert_eq!(error.details()[0].pointer, "/sourceIdentifier");
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs").await, "0");
    }
}
