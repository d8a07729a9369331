//! What becomes of files that come, change, leave and come back.

use catchment_core::Coverage;
use fake_google_drive::{Call, FakeDrive, Principal, Tab, TokenDeath, text_rows};
use serde_json::json;

use super::{MP3, must_be_true, open, ran, songs, sync};
use crate::support::{Test, counts, on_both};

/// A table of somebody's own.
async fn create_songs(test: &Test) {
    let kind = if test.is_sqlite() { "" } else { " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" };
    test.execute(&format!(
        "CREATE TABLE songs (id VARCHAR(60){kind} NOT NULL PRIMARY KEY, title VARCHAR(50) NOT NULL, state VARCHAR(20) NOT NULL \
         DEFAULT 'here')"
    ))
    .await;
}

on_both! {
    async fn a_folder_is_kept_true_by_the_change_feed(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let (root, ids) = songs(&drive, 30);
        let first = sync(&app, &drive, &root, &json!({})).await.unwrap();
        assert_eq!(counts(&first), [30, 0, 0, 0, 0]);
        let row = "SELECT title, artist, content_type, is_available FROM content_index WHERE title = 'Song 7'";
        assert_eq!(test.query(row).await, ["Song 7|Artist|music|1"]);
        drive.reset_counts();
        assert_eq!(counts(&sync(&app, &drive, &root, &json!({})).await.unwrap()), [0; 5]);
        assert_eq!(drive.count(Call::List), 0);
        drive.trash(&ids[0]);
        drive.delete(&ids[1]);
        drive.unshare(&root, Principal::ServiceAccount);
        let failed = sync(&app, &drive, &root, &json!({})).await.unwrap();
        assert_eq!(failed.error.unwrap().code.as_deref(), Some("not_shared"));
        drive.share(&root, Principal::ServiceAccount);
        drive.rename(&ids[2], "Artist - Renamed.mp3");
        drive.add_file(&root, "New - Song.mp3", MP3, b"n");
        let run = ran(&app, &drive, &root, &json!({})).await;
        assert_eq!((run.metadata.counts.inserted, run.metadata.counts.updated, run.metadata.gone), (1, 1, 2));
        must_be_true(&test, &drive, &root, "after an increment").await;
        drive.untrash(&ids[0]);
        let back = ran(&app, &drive, &root, &json!({})).await;
        assert_eq!((back.metadata.counts.updated, back.metadata.gone), (1, 0));
        must_be_true(&test, &drive, &root, "after it came back").await;
        drive.kill_change_tokens(TokenDeath::Gone);
        let swept = ran(&app, &drive, &root, &json!({})).await;
        assert_eq!((swept.metadata.counts.unchanged, swept.metadata.gone), (30, 0));
        must_be_true(&test, &drive, &root, "after a sweep").await;
        assert!(drive.leaks().is_empty());
    }

    async fn rows_of_a_table_without_columns_of_ours_are_marked_as_well(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        create_songs(&test).await;
        let (root, ids) = songs(&drive, 30);
        let into = json!({"targetTable": "songs", "unmapped": "ignore"});
        sync(&app, &drive, &root, &into).await.unwrap();
        drive.trash(&ids[0]);
        let run = ran(&app, &drive, &root, &into).await;
        assert_eq!((run.metadata.counts.total(), run.metadata.gone), (0, 1));
        assert_eq!(test.value("SELECT COUNT(*) FROM songs WHERE state = 'left'").await, "1");
        drive.untrash(&ids[0]);
        ran(&app, &drive, &root, &into).await;
        assert_eq!(test.value("SELECT COUNT(*) FROM songs WHERE state = 'left'").await, "0");
        // One that is told once more, and is gone already, is nothing new.
        drive.trash(&ids[0]);
        ran(&app, &drive, &root, &into).await;
        drive.rename(&ids[0], "again.mp3");
        assert_eq!(ran(&app, &drive, &root, &into).await.metadata.gone, 0);
        drive.trash(&ids[1]);
        let deleting = json!({"targetTable": "songs", "unmapped": "ignore", "whenGone": "delete"});
        ran(&app, &drive, &root, &deleting).await;
        // What was marked before is no row of the source any more.
        assert_eq!(test.query("SELECT COUNT(*), MIN(state) FROM songs").await, ["29|here"]);
    }

    async fn what_was_told_to_be_gone_is_no_row_of_the_source_also_where_its_row_was_deleted(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        create_songs(&test).await;
        let (root, ids) = songs(&drive, 100);
        let into = json!({"targetTable": "songs", "unmapped": "ignore"});
        sync(&app, &drive, &root, &into).await.unwrap();
        for id in &ids[..70] {
            test.execute(&format!("DELETE FROM songs WHERE id = '{id}'")).await;
            drive.trash(id);
        }
        let run = ran(&app, &drive, &root, &into).await;
        assert!(run.metadata.gone == 0 && run.metadata.gone_held.is_none(), "{run:?}");
        // A third of what is left of the source.
        ids[70..80].iter().for_each(|id| drive.trash(id));
        let held = ran(&app, &drive, &root, &into).await.metadata.gone_held.unwrap();
        assert!(held.reason.contains("10 of the source's 30 rows"), "{}", held.reason);
    }

    async fn whoever_keeps_what_left_keeps_it(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let (root, ids) = songs(&drive, 30);
        let keep = json!({"whenGone": "keep"});
        sync(&app, &drive, &root, &keep).await.unwrap();
        drive.trash(&ids[0]);
        assert_eq!(ran(&app, &drive, &root, &keep).await.metadata.gone, 0);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE is_available = 0").await, "0");
    }

    async fn files_whose_rows_are_known_by_something_else_are_told_and_found_by_a_whole_pass(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let (root, ids) = songs(&drive, 30);
        let by_name = json!({"columnMapping": {"title": "title", "artist": "artist", "content_type": "contentType"}});
        sync(&app, &drive, &root, &by_name).await.unwrap();
        drive.trash(&ids[0]);
        let run = ran(&app, &drive, &root, &by_name).await;
        assert_eq!((run.metadata.gone, run.metadata.gone_unidentified), (0, 1));
        assert!(run.metadata.findings.iter().any(|finding| finding.topic == "gone_rows" && finding.is_unsure));
        drive.advance(8 * 24 * 60 * 60);
        assert_eq!(ran(&app, &drive, &root, &by_name).await.metadata.gone, 1);
    }

    async fn a_tab_becomes_prices_and_is_read_only_when_it_changed(test: Test) {
        let drive = FakeDrive::start().await;
        let app = open(&test, &drive).await;
        let rows = text_rows(&[&["category_id", "capacity", "price"], &["usb", "64GB", "54.9"], &["usb", "128GB", "x"]]);
        let id = drive.add_sheet(&drive.root_folder("Prices"), "Prices", vec![Tab::new("2026", rows).gid(0)]);
        let into = json!({"targetTable": "catalog_items"});
        let link = format!("https://docs.google.com/spreadsheets/d/{id}/edit#gid=0");
        assert_eq!(counts(&sync(&app, &drive, &link, &into).await.unwrap()), [1, 0, 0, 0, 1]);
        let reject = "SELECT error_message FROM sync_errors";
        assert!(test.value(reject).await.contains("price"), "{}", test.value(reject).await);
        let run = ran(&app, &drive, &link, &into).await;
        assert!(!run.metadata.is_whole && run.metadata.counts.total() == 0, "{:?}", Coverage::Increment);
        // Rows of a file are no inventory: what left it stays.
        drive.set_cells(&id, "2026", text_rows(&[&["category_id", "capacity", "price"], &["usb", "32GB", "20"]]));
        assert_eq!(counts(&sync(&app, &drive, &link, &into).await.unwrap()), [1, 0, 0, 0, 0]);
        assert_eq!(test.value("SELECT COUNT(*) FROM catalog_items WHERE is_active = 1").await, "2");
    }
}
