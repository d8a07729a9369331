//! Whose rows they are: what other sources, and other runs, have seen.

use catchment::RunStatus;
use serde_json::json;

use super::{SONGS, into_songs, songs};
use crate::gated::Step;
use crate::runs::{app as gated_app, scripted};
use crate::support::{ME, Test, on_both, request};

on_both! {
    async fn a_row_that_another_source_has_is_not_gone(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        let app = test.app_with_mark().await;
        let sync = async |name: &str, text: String| {
            let request = request(&test.file(name, text), into_songs("delete"));
            let id = app.service().sync(&ME, request).await.unwrap().sync_run_id;
            app.service().run(&ME, id).await.unwrap().metadata.gone
        };
        assert_eq!(sync("one.csv", songs(1..=5)).await, 0);
        assert_eq!(sync("two.csv", songs(4..=8)).await, 0);
        // 1 is gone, 5 is in the other one.
        assert_eq!(sync("one.csv", songs(2..=4)).await, 1);
        assert_eq!(test.value("SELECT COUNT(*) FROM songs").await, "7");
        // Now nobody has it.
        assert_eq!(sync("two.csv", songs([4, 6, 7, 8])).await, 1);
        assert_eq!(test.query("SELECT id FROM songs ORDER BY id").await, ["2", "3", "4", "6", "7", "8"]);
    }

    async fn a_run_that_is_resumed_after_a_later_one_does_not_mark_what_that_has_seen(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        test.execute(&format!("CREATE TABLE tracks (id {id} PRIMARY KEY, title VARCHAR(20))")).await;
        for (name, target) in [("resumed_tracks", "tracks"), ("resumed_content", "content_index")] {
            let ((steps, gated), app) = (scripted(&test, name), gated_app(&test).await);
            let mut options = json!({ "targetTable": target, "whenGone": "delete", "maxGone": "100%" });
            if target == "content_index" {
                options["contentType"] = "music".into();
            }
            let gated = catchment::SyncRequest { options: options.as_object().unwrap().clone(), ..gated };
            let id = app.service().schedule_sync(&ME, gated).await.unwrap();
            steps.send(Step::Rows(0..100)).unwrap();
            steps.send(Step::Fail(catchment::Error::new(catchment::ErrorKind::Network, "cut", "cut off"))).unwrap();
            let once = catchment::Execution { no_wait: true, ..catchment::Execution::default() };
            let (progress, _) = tokio::sync::watch::channel(catchment::RunProgress::default());
            app.service().execute(&ME, id, once, &progress).await.unwrap();
            // Meanwhile a later run sees its rows.
            test.execute("UPDATE sync_seen SET sync_run_id = sync_run_id + 100").await;
            test.execute("UPDATE content_index SET last_sync_run_id = last_sync_run_id + 100").await;
            steps.send(Step::Rows(100..200)).unwrap();
            steps.send(Step::End).unwrap();
            app.service().execute_sync(&ME, id).await.unwrap();
            let run = app.service().run(&ME, id).await.unwrap();
            assert_eq!((run.status, run.metadata.gone), (RunStatus::Completed, 0), "{target}");
            assert_eq!(test.value(&format!("SELECT COUNT(*) FROM {target}")).await, "200");
        }
    }

    async fn the_ledger_is_gone_through_once_however_many_rows_it_has(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        test.ran(&songs(1..=5000), into_songs("mark")).await;
        let run = test.ran(&songs(2..=5000), into_songs("mark")).await;
        assert_eq!(run.metadata.gone, 1);
        let metadata = test.value(&format!("SELECT sync_metadata FROM sync_runs WHERE id = {}", run.id)).await;
        assert!(metadata.replace(' ', "").contains("\"sweep\":{\"slice\":1,"), "{metadata}");
    }

    async fn rows_are_gone_though_the_run_that_saw_them_was_cleaned_up(test: Test) {
        test.make(
            "CREATE TABLE stores (code VARCHAR(10) COLLATE utf8mb4_bin PRIMARY KEY, last_sync_run_id BIGINT NULL, last_synced_at DATETIME(3) NULL)",
            "CREATE TABLE stores (code VARCHAR(10) PRIMARY KEY, last_sync_run_id BIGINT NULL, last_synced_at DATETIME NULL)",
        )
        .await;
        let options = json!({ "targetTable": "stores", "whenGone": "delete" });
        test.ran("code\nA\nB\nC\n", options.clone()).await;
        test.execute("DELETE FROM sync_runs").await;
        assert_eq!(test.ran("code\nA\nB\n", options).await.metadata.gone, 1);
        assert_eq!(test.query("SELECT code FROM stores ORDER BY code").await, ["A", "B"]);
    }

    async fn what_an_approval_has_deleted_is_no_row_of_the_source_any_more(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        test.ran(&songs(1..=10), into_songs("delete")).await;
        let app = test.app().await;
        let request = request(&test.file("source.csv", songs(1..=9)), into_songs("delete"));
        let preview = app.service().preview(&ME, request.clone()).await.unwrap();
        app.service().execute_sync(&ME, preview).await.unwrap();
        let id = app.service().approve(&ME, preview).await.unwrap();
        // Once more, as long as it waits, is the same.
        assert_eq!(app.service().approve(&ME, preview).await.unwrap(), id);
        app.service().execute_sync(&ME, id).await.unwrap();
        test.execute("INSERT INTO songs (id, title) VALUES (10, 'by hand')").await;
        app.service().sync(&ME, request).await.unwrap();
        assert_eq!(test.value("SELECT title FROM songs WHERE id = 10").await, "by hand");
    }

    async fn what_the_last_pass_of_another_source_has_not_is_not_kept_for_it(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        let app = test.app().await;
        let sync = async |name: &str, when_gone: &str, ids: std::ops::RangeInclusive<u32>| {
            let request = request(&test.file(name, songs(ids)), into_songs(when_gone));
            let id = app.service().sync(&ME, request).await.unwrap().sync_run_id;
            app.service().run(&ME, id).await.unwrap().metadata.gone
        };
        sync("a.csv", "delete", 1..=5).await;
        sync("b.csv", "keep", 1..=5).await;
        sync("b.csv", "keep", 1..=4).await;
        assert_eq!(sync("a.csv", "delete", 1..=4).await, 1);
    }
}
