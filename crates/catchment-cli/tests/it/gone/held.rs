//! What holds rows that left their source: a guard, rejects that nobody knows, doubt.

use catchment::RunStatus;
use serde_json::{Value, json};

use super::{SONGS, held, into_content, into_songs, music, songs};
use crate::support::{ME, Test, on_both, request};

on_both! {
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

    async fn a_preview_shows_what_would_be_held_and_its_approval_holds_it(test: Test) {
        test.make(SONGS[0], SONGS[1]).await;
        test.ran(&songs(1..=100), into_songs("mark")).await;
        let app = test.app_with_mark().await;
        let request = request(&test.file("source.csv", songs(51..=101)), into_songs("mark"));
        let preview = app.service().preview(&ME, request).await.unwrap();
        app.service().execute_sync(&ME, preview).await.unwrap();
        let run = app.service().run(&ME, preview).await.unwrap();
        assert_eq!((run.metadata.gone, held(&run).starts_with("50 of the source's 100 rows")), (0, true));
        let gone = catchment::ChangeFilter { kind: Some(catchment::ChangeKind::Gone), column: None };
        assert_eq!(app.service().changes(&ME, preview, &gone, 0, 100).await.unwrap().len(), 50);
        let id = app.service().approve(&ME, preview).await.unwrap();
        assert_eq!(app.service().execute_sync(&ME, id).await.unwrap().status, RunStatus::Completed);
        let run = app.service().run(&ME, id).await.unwrap();
        assert_eq!((run.metadata.counts.inserted, run.metadata.gone, run.metadata.gone_held.is_some()), (1, 0, true));
        assert_eq!(test.value("SELECT COUNT(*) FROM songs WHERE state = 'left'").await, "0");
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

    async fn an_empty_or_truncated_source_marks_nothing(test: Test) {
        test.ran(&music(1..=10), into_content("mark")).await;
        let options = json!({ "contentType": "music", "whenGone": "mark", "allowEmpty": true });
        let run = test.ran("external_id,title\n", options).await;
        assert_eq!((run.status, run.metadata.gone, held(&run).as_str()), (RunStatus::Completed, 0, "the source is empty"));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index WHERE is_available = 0").await, "0");
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
}
