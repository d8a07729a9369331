//! Rows that left their source: marked, deleted, held by the guard, and released.

use catchment::{App, RunStatus, SyncRun, TargetDeclaration};
use serde_json::{Value, json};

use crate::gated::Step;
use crate::runs::{app as gated_app, scripted};
use crate::support::{ME, Test, on_both, request};

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

    async fn a_list_cut_in_half_marks_nothing_until_somebody_releases_it(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        for (options, text, gone) in [
            (into_songs("mark"), songs as fn(Vec<u32>) -> String, "SELECT COUNT(*) FROM songs WHERE state = 'left'"),
            (into_content("mark"), music as fn(Vec<u32>) -> String, "SELECT COUNT(*) FROM content_index WHERE is_available = 0"),
        ] {
            test.ran(&text((1..=100).collect()), options.clone()).await;
            let run = test.ran(&text((1..=50).collect()), options.clone()).await;
            assert_eq!((run.status, run.metadata.gone), (RunStatus::Completed, 0));
            let shown = "50 of the source's 100 rows have left it, more than the option `maxGone` allows (20%)";
            assert_eq!(held(&run), shown);
            assert!(run.metadata.needs_attention());
            assert_eq!(test.value(gone).await, "0");
            let app = test.app_with_mark().await;
            let id = app.service().release(&ME, run.id).await.unwrap();
            assert_eq!(app.service().execute_sync(&ME, id).await.unwrap().status, RunStatus::Completed);
            assert_eq!(app.service().run(&ME, id).await.unwrap().metadata.gone, 50);
            assert_eq!(test.value(gone).await, "50");
            assert_eq!(app.service().release(&ME, run.id).await.unwrap_err().code(), "wrong_state");
            assert_eq!(test.ran(&text((1..=50).collect()), options).await.metadata.gone_held, None);
        }
    }

    async fn what_is_held_is_not_released_once_a_later_run_has_looked(test: Test) {
        test.ran(&music(1..=100), into_content("mark")).await;
        let held = test.ran(&music(1..=50), into_content("mark")).await;
        test.ran(&music(1..=100), into_content("mark")).await;
        let error = test.app().await.service().release(&ME, held.id).await.unwrap_err();
        assert!(error.message().contains("a later run of its source exists"), "{error}");
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE is_available = 0").await, "0");
    }

    async fn the_guard_is_what_the_option_says(test: Test) {
        test.ran(&music(1..=100), into_content("mark")).await;
        let options = |limit: Value| json!({ "contentType": "music", "whenGone": "mark", "maxGone": limit });
        assert_eq!(test.ran(&music(1..=97), options(json!(2))).await.metadata.gone, 0);
        assert_eq!(test.ran(&music(1..=97), options(json!("2%"))).await.metadata.gone, 0);
        assert_eq!(test.ran(&music(1..=97), options(json!(3))).await.metadata.gone, 3);
        assert_eq!(test.ran(&music(1..=20), options(json!("100%"))).await.metadata.gone, 77);
    }

    async fn a_rejected_record_is_still_there_and_one_that_nobody_knows_holds_all(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        test.execute("CREATE TABLE prices (id INT NOT NULL PRIMARY KEY, price INT CHECK (price < 100))").await;
        // Titles that are too long, and then a key that is none.
        let long = "x".repeat(60);
        test.ran(&songs(1..=10), into_songs("delete")).await;
        let run = test.ran(&format!("{}9,{long}\n10,{long}\n", songs(2..=8)), into_songs("delete")).await;
        assert_eq!((run.items_failed, run.metadata.gone), (2, 1));
        assert_eq!(test.query("SELECT id FROM songs WHERE id IN (1, 9, 10) ORDER BY id").await, ["9", "10"]);
        // They are looked at again once they are gone for good.
        let run = test.ran(&format!("{}none,Song\n", songs(2..=8)), into_songs("delete")).await;
        assert_eq!((run.items_failed, run.metadata.gone), (1, 0));
        assert!(held(&run).starts_with("of 1 rejected records nobody knows which rows they are"), "{run:?}");
        assert_eq!(test.ran(&songs(2..=8), into_songs("delete")).await.metadata.gone, 2);
        // What the database refuses is known as well.
        let prices = json!({ "targetTable": "prices", "whenGone": "delete" });
        test.ran("id,price\n1,1\n2,2\n3,3\n", prices.clone()).await;
        let run = test.ran("id,price\n1,1\n2,200\n", prices).await;
        assert_eq!((run.items_failed, run.metadata.gone), (1, 1));
        assert_eq!(test.query("SELECT id FROM prices ORDER BY id").await, ["1", "2"]);
        // In a built-in table, whose identity is derived of what fits.
        let content = |text: &str| format!("title,artist,genre\nHello,Adele,Pop\n{text}");
        test.ran(&content("Clocks,Coldplay,Rock\nYellow,Coldplay,Rock\n"), into_content("mark")).await;
        let genre = "g".repeat(300);
        let run = test.ran(&content(&format!("Clocks,Coldplay,{genre}\n")), into_content("mark")).await;
        assert_eq!((run.items_failed, run.metadata.gone, held(&run)), (1, 1, String::new()));
        assert_eq!(test.value("SELECT title FROM content_index WHERE is_available = 0").await, "Yellow");
    }

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

    async fn an_empty_or_truncated_source_marks_nothing(test: Test) {
        test.ran(&music(1..=10), into_content("mark")).await;
        let options = json!({ "contentType": "music", "whenGone": "mark", "allowEmpty": true });
        let run = test.ran("external_id,title\n", options).await;
        assert_eq!((run.status, run.metadata.gone, held(&run).as_str()), (RunStatus::Completed, 0, "the source is empty"));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE is_available = 0").await, "0");
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

    async fn a_release_that_runs_after_a_later_sync_marks_nothing(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        for (options, text, table) in [
            (into_songs("delete"), songs as fn(Vec<u32>) -> String, "songs"),
            (into_content("delete"), music as fn(Vec<u32>) -> String, "content_index"),
        ] {
            test.ran(&text((1..=100).collect()), options.clone()).await;
            let held = test.ran(&text((1..=50).collect()), options.clone()).await;
            let app = test.app_with_mark().await;
            let release = app.service().release(&ME, held.id).await.unwrap();
            test.ran(&text((1..=100).collect()), options).await;
            app.service().execute_sync(&ME, release).await.unwrap();
            let run = app.service().run(&ME, release).await.unwrap();
            assert_eq!((run.status, run.metadata.gone), (RunStatus::Completed, 0));
            assert!(run.metadata.has_found("gone"));
            assert_eq!(test.value(&format!("SELECT COUNT(*) FROM {table}")).await, "100");
        }
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

    async fn rows_that_two_sources_tell_apart_by_different_keys_are_held(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        test.execute(&format!("CREATE TABLE coded (id {id} PRIMARY KEY, code VARCHAR(9) NOT NULL UNIQUE)")).await;
        let app = test.app().await;
        let sync = async |name: &str, key: &str, ids: Vec<u32>| {
            let text = ids.iter().fold("id,code\n".to_owned(), |text, id| format!("{text}{id},c{id}\n"));
            let options = json!({ "targetTable": "coded", "key": key, "whenGone": "delete" });
            let id = app.service().sync(&ME, request(&test.file(name, text), options)).await.unwrap().sync_run_id;
            app.service().run(&ME, id).await.unwrap()
        };
        sync("a.csv", "id", vec![1, 2, 3, 4]).await;
        sync("b.csv", "code", vec![1, 2, 3, 4]).await;
        let run = sync("b.csv", "code", vec![1, 2, 3]).await;
        assert!(held(&run).contains("apart by other columns"), "{run:?}");
        assert_eq!(test.value("SELECT COUNT(*) FROM coded").await, "4");
        // The same of one source, whose earlier runs told rows apart in another way: a row by hand was never in it.
        test.execute("DELETE FROM sync_seen").await;
        sync("c.csv", "id", vec![1, 2]).await;
        sync("c.csv", "code", vec![1]).await;
        assert_eq!(test.value("SELECT COUNT(*) FROM coded").await, "4");
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
