//! Files of folders that have not changed are not read again, where their rows are as the run before left them.

use std::fs::{self, FileTimes};
use std::path::Path;
use std::time::{Duration, SystemTime};

use catchment::{App, RunStatus, SyncResult};
use serde_json::json;

use super::request;
use crate::support::{ME, Test, counts, on_both};

/// Makes a song of these bytes, which was written so long ago that nothing of it can change any more without showing it.
fn song(test: &Test, path: &str, bytes: &str) {
    let path = test.dir.path().join("music").join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, bytes).unwrap();
    settle(&path);
}

fn settle(path: &Path) {
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(long_ago)).unwrap();
}

/// FLAC without a sound, with this title.
fn tagged(title: &str) -> Vec<u8> {
    let mut file = b"fLaC\x00\x00\x00\x22".to_vec();
    file.extend([16, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0, 0, 0, 0, 0]);
    file.extend([0; 16]);
    let field = format!("TITLE={title}");
    let mut tags = 0_u32.to_le_bytes().to_vec();
    tags.extend(1_u32.to_le_bytes());
    tags.extend(u32::try_from(field.len()).unwrap().to_le_bytes());
    tags.extend(field.as_bytes());
    file.push(0x84);
    file.extend(&u32::try_from(tags.len()).unwrap().to_be_bytes()[1..]);
    file.extend(tags);
    file
}

fn tagged_song(test: &Test, path: &str, title: &str) {
    song(test, path, "");
    let path = test.dir.path().join("music").join(path);
    fs::write(&path, tagged(title)).unwrap();
    settle(&path);
}

async fn sync(test: &Test, app: &App) -> SyncResult {
    let folder = test.dir.path().join("music").display().to_string();
    app.service().sync(&ME, request(&folder)).await.unwrap()
}

async fn titles(test: &Test) -> Vec<String> {
    test.query("SELECT external_id, title, is_available FROM content_index ORDER BY external_id").await
}

/// Two songs in one folder and one in another, synced.
async fn synced(test: &Test) -> App {
    tagged_song(test, "Pop/a.flac", "A1");
    tagged_song(test, "Pop/b.flac", "B1");
    tagged_song(test, "Rock/c.flac", "C1");
    let app = test.app().await;
    assert_eq!(counts(&sync(test, &app).await), [3, 0, 0, 0, 0]);
    assert_eq!(titles(test).await, ["Pop/a.flac|A1|1", "Pop/b.flac|B1|1", "Rock/c.flac|C1|1"]);
    app
}

on_both! {
    async fn what_has_not_changed_is_not_read_and_counts_as_unchanged(test: Test) {
        let app = synced(&test).await;
        // Of the same size and time: it would differ, if anybody read it.
        tagged_song(&test, "Pop/a.flac", "A2");
        tagged_song(&test, "Rock/d.flac", "D1");
        let result = sync(&test, &app).await;
        assert_eq!(counts(&result), [1, 0, 3, 0, 0]);
        assert_eq!(titles(&test).await, ["Pop/a.flac|A1|1", "Pop/b.flac|B1|1", "Rock/c.flac|C1|1", "Rock/d.flac|D1|1"]);
        let seen = "SELECT COUNT(DISTINCT last_sync_run_id) FROM content_index";
        assert_eq!(test.value(seen).await, "1", "all of them were seen");
        fs::remove_file(test.dir.path().join("music/Pop/b.flac")).unwrap();
        sync(&test, &app).await;
        // Its folder has changed: all of it is read.
        assert_eq!(titles(&test).await, ["Pop/a.flac|A2|1", "Pop/b.flac|B1|0", "Rock/c.flac|C1|1", "Rock/d.flac|D1|1"]);
    }

    async fn a_row_that_somebody_edited_has_all_of_them_read_again(test: Test) {
        let app = synced(&test).await;
        let edit = "UPDATE content_index SET title = 'by hand', updated_at = '2037-01-01 00:00:00' WHERE title = 'B1'";
        test.execute(edit).await;
        assert_eq!(counts(&sync(&test, &app).await), [0, 1, 2, 0, 0]);
        assert_eq!(titles(&test).await, ["Pop/a.flac|A1|1", "Pop/b.flac|B1|1", "Rock/c.flac|C1|1"]);
    }

    async fn a_row_that_somebody_deleted_has_all_of_them_read_again(test: Test) {
        let app = synced(&test).await;
        test.execute("DELETE FROM content_index WHERE title = 'C1'").await;
        let result = sync(&test, &app).await;
        assert_eq!((result.status, counts(&result)), (RunStatus::Completed, [1, 0, 2, 0, 0]), "{result:?}");
        assert_eq!(titles(&test).await.len(), 3);
        // From then on it is as before.
        assert_eq!(counts(&sync(&test, &app).await), [0, 0, 3, 0, 0]);
    }

    async fn rows_that_another_request_wrote_are_not_vouched_for(test: Test) {
        let app = synced(&test).await;
        let mut other = request(&test.dir.path().join("music").display().to_string());
        other.options.insert("columnMapping".to_owned(), json!({"title": "path", "content_type": "content_type", "external_id": "external_id"}));
        app.service().sync(&ME, other).await.unwrap();
        assert_eq!(titles(&test).await[0], "Pop/a.flac|Pop/a.flac|1");
        assert_eq!(counts(&sync(&test, &app).await), [0, 3, 0, 0, 0]);
        assert_eq!(titles(&test).await[0], "Pop/a.flac|A1|1");
    }

    async fn an_edit_that_claims_to_be_older_is_seen_all_the_same(test: Test) {
        let app = synced(&test).await;
        let edit = "UPDATE content_index SET title = 'by hand', updated_at = '2001-01-01 00:00:00' WHERE title = 'B1'";
        test.execute(edit).await;
        assert_eq!(counts(&sync(&test, &app).await), [0, 1, 2, 0, 0]);
        assert_eq!(titles(&test).await[1], "Pop/b.flac|B1|1");
    }

    async fn a_row_that_is_marked_as_gone_does_not_end_it(test: Test) {
        let app = synced(&test).await;
        fs::remove_file(test.dir.path().join("music/Rock/c.flac")).unwrap();
        for _ in 0..2 {
            sync(&test, &app).await;
        }
        let run = app.service().run(&ME, 3).await.unwrap();
        assert_eq!((run.metadata.vouched_by, titles(&test).await[2].as_str()), (Some(2), "Rock/c.flac|C1|0"));
    }

    async fn it_outlives_the_run_that_it_is_of(test: Test) {
        let app = synced(&test).await;
        test.execute("DELETE FROM sync_runs").await;
        sync(&test, &app).await;
        assert!(test.value("SELECT sync_metadata FROM sync_runs").await.contains("\"vouchedBy\":1"));
    }

    async fn rows_that_are_told_apart_by_what_must_be_read_are_never_vouched_for(test: Test) {
        tagged_song(&test, "Pop/a.flac", "A1");
        let app = test.app().await;
        for counted in [[1, 0, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 1, 0, 0]] {
            let mut request = request(&test.dir.path().join("music").display().to_string());
            request.options.insert("columnMapping".to_owned(), json!({"title": "title", "content_type": "content_type"}));
            assert_eq!(counts(&app.service().sync(&ME, request).await.unwrap()), counted);
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_runs WHERE status = 'failed'").await, "0");
    }

    async fn a_file_that_was_written_just_now_is_read_again(test: Test) {
        tagged_song(&test, "Pop/a.flac", "A1");
        let fresh = test.dir.path().join("music/Pop/b.flac");
        fs::write(&fresh, tagged("B1")).unwrap();
        let modified = fs::metadata(&fresh).unwrap().modified().unwrap();
        let app = test.app().await;
        sync(&test, &app).await;
        fs::write(&fresh, tagged("B2")).unwrap();
        fs::File::options().write(true).open(&fresh).unwrap().set_times(FileTimes::new().set_modified(modified)).unwrap();
        assert_eq!(counts(&sync(&test, &app).await), [0, 1, 1, 0, 0]);
    }

    async fn a_rejected_record_has_all_of_them_read_again(test: Test) {
        tagged_song(&test, "Pop/a.flac", "A1");
        let long = format!("{}/{}.flac", "x".repeat(150), "y".repeat(150));
        tagged_song(&test, &long, "B1");
        let app = test.app().await;
        let sync = async || {
            let mut request = request(&test.dir.path().join("music").display().to_string());
            let mapping = json!({"title": "title", "genre": "path", "content_type": "content_type", "external_id": "external_id"});
            request.options.insert("columnMapping".to_owned(), mapping);
            counts(&app.service().sync(&ME, request).await.unwrap())
        };
        assert_eq!(sync().await, [1, 0, 0, 0, 1], "a genre that is too long is rejected");
        tagged_song(&test, "Pop/a.flac", "A2");
        assert_eq!(sync().await, [0, 1, 0, 0, 1]);
    }
}
