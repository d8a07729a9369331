//! Rows that left are marked or deleted, shown before, and come back.

use catchment::RunStatus;
use serde_json::json;

use super::{SONGS, held, into_content, into_songs, music, songs};
use crate::support::{ME, Test, on_both, request};

on_both! {
    async fn rows_that_left_are_marked_and_come_back(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        assert_eq!(test.ran(&songs(1..=10), into_songs("mark")).await.metadata.gone, 0);
        let run = test.ran(&songs(1..=9), into_songs("mark")).await;
        assert_eq!((run.metadata.gone, held(&run).as_str()), (1, ""));
        assert_eq!(test.query("SELECT id FROM songs WHERE state = 'left'").await, ["10"]);
        // It is not gone twice, and it comes back.
        assert_eq!(test.ran(&songs(1..=9), into_songs("mark")).await.metadata.gone, 0);
        let run = test.ran(&songs(1..=10), into_songs("mark")).await;
        assert_eq!((run.metadata.gone, run.metadata.counts.updated), (0, 1));
        assert_eq!(test.value("SELECT COUNT(*) FROM songs WHERE state = 'left'").await, "0");
        assert_eq!(test.ran(&songs(2..=10), into_songs("mark")).await.metadata.gone, 1);
    }

    async fn rows_that_left_a_built_in_table_become_unavailable_and_come_back(test: Test) {
        test.ran(&music(1..=10), into_content("mark")).await;
        let run = test.ran(&music(3..=10), into_content("mark")).await;
        assert_eq!(run.metadata.gone, 2);
        assert_eq!(test.query("SELECT external_id FROM content_index WHERE is_available = 0 ORDER BY id").await, ["1", "2"]);
        let run = test.ran(&music(1..=10), into_content("mark")).await;
        assert_eq!((run.metadata.gone, run.metadata.counts.updated), (0, 2));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE is_available = 1").await, "10");
    }

    async fn rows_that_left_are_deleted(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        test.execute("INSERT INTO songs (id, title) VALUES (99, 'by hand')").await;
        for (options, text, table) in [
            (into_songs("delete"), songs as fn(Vec<u32>) -> String, "songs"),
            (into_content("delete"), music as fn(Vec<u32>) -> String, "content_index"),
        ] {
            test.ran(&text((1..=10).collect()), options.clone()).await;
            let run = test.ran(&text((2..=10).collect()), options).await;
            assert_eq!(run.metadata.gone, 1, "{table}");
            let left = test.value(&format!("SELECT COUNT(*) FROM {table}")).await;
            // What no run has seen was never in the source.
            assert_eq!(left, if table == "songs" { "10" } else { "9" });
        }
    }

    async fn nothing_is_kept_or_marked_unless_it_is_asked_for(test: Test) {
        test.ran(&music(1..=10), json!({ "contentType": "music" })).await;
        let run = test.ran(&music(1..=5), json!({ "contentType": "music" })).await;
        assert_eq!((run.metadata.gone, run.metadata.gone_held), (0, None));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE is_available = 1").await, "10");
    }

    async fn a_preview_shows_what_would_be_gone_and_its_approval_marks_that(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        for (options, text, gone) in [
            (into_songs("mark"), songs as fn(Vec<u32>) -> String, "SELECT COUNT(*) FROM songs WHERE state = 'left'"),
            (into_content("mark"), music as fn(Vec<u32>) -> String, "SELECT COUNT(*) FROM content_index WHERE is_available = 0"),
        ] {
            test.ran(&text((1..=10).collect()), options.clone()).await;
            let app = test.app_with_mark().await;
            let request = request(&test.file("source.csv", text((1..=8).collect())), options.clone());
            let preview = app.service().preview(&ME, request).await.unwrap();
            app.service().execute_sync(&ME, preview).await.unwrap();
            assert_eq!(app.service().run(&ME, preview).await.unwrap().metadata.gone, 2);
            let filter = catchment::ChangeFilter { kind: Some(catchment::ChangeKind::Gone), column: None };
            let changes = app.service().changes(&ME, preview, &filter, 0, 10).await.unwrap();
            assert_eq!(changes.iter().map(|change| change.item.as_str()).collect::<Vec<_>>(), ["9", "10"]);
            assert_eq!(test.value(gone).await, "0");
            let id = app.service().approve(&ME, preview).await.unwrap();
            let result = app.service().execute_sync(&ME, id).await.unwrap();
            assert_eq!(result.status, RunStatus::Completed, "{:?}", result.error);
            assert_eq!(app.service().run(&ME, id).await.unwrap().metadata.gone, 2);
            assert_eq!(test.value(gone).await, "2");
        }
    }

    async fn rows_that_others_refer_to_are_left_and_told(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        test.execute(&format!("CREATE TABLE songs (id {id} PRIMARY KEY, title VARCHAR(50) NOT NULL)")).await;
        test.execute(&format!("CREATE TABLE plays (id {id} PRIMARY KEY, song {id} NOT NULL, FOREIGN KEY (song) REFERENCES songs (id))")).await;
        let options = json!({ "targetTable": "songs", "whenGone": "delete" });
        let app = test.app().await;
        let sync = async |text: String| {
            let id = app.service().sync(&ME, request(&test.file("a.csv", text), options.clone())).await.unwrap().sync_run_id;
            app.service().run(&ME, id).await.unwrap()
        };
        sync(songs(1..=10)).await;
        test.execute("INSERT INTO plays (id, song) VALUES (1, 9)").await;
        let run = sync(songs(1..=8)).await;
        assert_eq!((run.status, run.metadata.gone), (RunStatus::Completed, 1));
        assert!(run.metadata.findings.iter().any(|finding| finding.topic == "gone" && finding.is_unsure), "{run:?}");
        assert_eq!(test.query("SELECT id FROM songs WHERE id > 8").await, ["9"]);
        // It is not forgotten; and a preview sees what the database refuses.
        let preview = app.service().preview(&ME, request(&test.file("a.csv", songs(1..=7)), options.clone())).await.unwrap();
        app.service().execute_sync(&ME, preview).await.unwrap();
        assert_eq!(app.service().run(&ME, preview).await.unwrap().metadata.gone, 1);
        test.execute("DELETE FROM plays").await;
        assert_eq!(sync(songs(1..=7)).await.metadata.gone, 2);
    }

    async fn retention_deletes_what_is_marked_as_gone_and_leaves_what_a_source_only_calls_unavailable(test: Test) {
        test.ran(&music(1..=10), into_content("mark")).await;
        test.ran(&music(3..=10), into_content("mark")).await;
        // An increment that has no reason to repeat a row that its source has called unavailable.
        test.execute("UPDATE content_index SET is_available = 0 WHERE external_id = '10'").await;
        let long_ago = test.days_ago(40);
        let kept = if test.is_sqlite() { "" } else { ", updated_at = updated_at" };
        test.execute(&format!("UPDATE content_index SET last_synced_at = {long_ago}{kept} WHERE external_id IN ('1', '2', '9')")).await;
        let app = test.app().await;
        let content = app.content_index();
        assert_eq!(content.count_old(&ME, 30, None).await.unwrap(), 2);
        assert_eq!(content.cleanup_old(&ME, 30).await.unwrap(), 2);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE external_id IN ('9', '10')").await, "2");
        assert_eq!(content.count_old(&ME, 30, None).await.unwrap(), 0);
    }
}
