//! What becomes of rows is told: duplicates that differ, files that were renamed, runs that were of no use.

use catchment::RunStatus;
use catchment_core::Finding;
use serde_json::json;

use crate::support::{ME, Test, counts, on_both, request};

fn finding<'f>(findings: &'f [Finding], topic: &str) -> Option<&'f Finding> {
    findings.iter().find(|finding| finding.topic == topic)
}

on_both! {
    async fn duplicates_with_other_values_are_told_with_both_places_and_the_values(test: Test) {
        let text = "id,title,artist,year\n1,one,a,1990\n2,two,b,1991\n1,one,a,1990\n2,TWO,,1999\n";
        let result = test.sync(text, json!({"contentType": "music"})).await;
        assert_eq!(counts(&result), [2, 0, 0, 2, 0]);
        let app = test.app().await;
        let run = app.service().run(&ME, result.sync_run_id).await.unwrap();
        assert_eq!(run.metadata.duplicates_differing, 1);
        assert!(run.metadata.needs_attention());
        let skips = app.service().skips(&ME, run.id, 0, 10).await.unwrap();
        assert_eq!(skips.len(), 2);
        assert!(skips[0].differences.is_empty());
        let differing = app.service().differing_skips(&ME, run.id, 10).await.unwrap();
        assert_eq!((differing.len(), differing[0].line, differing[0].first.as_deref()), (1, Some(5), Some("line 3")));
        let told: Vec<_> = differing[0].differences.iter().map(|difference| {
            let text = |value: &Option<String>| value.clone().unwrap_or("NULL".into());
            format!("{}: {} | {}", difference.column, text(&difference.first), text(&difference.here))
        }).collect();
        assert_eq!(told, ["title: two | TWO", "artist: b | NULL", "metadata.year: 1991 | 1999"]);
    }
}

on_both! {
    async fn a_duplicate_of_an_earlier_page_is_told_as_well(test: Test) {
        let mut text = "id,title\n0,first\n".to_owned();
        for id in 1..12_000 {
            text.push_str(&format!("{id},title {id}\n"));
        }
        text.push_str("0,second\n");
        // A table that has rows is compared in another way than an empty one.
        for _ in 0..2 {
            let result = test.sync(&text, json!({"contentType": "music"})).await;
            let app = test.app().await;
            let differing = app.service().differing_skips(&ME, result.sync_run_id, 10).await.unwrap();
            assert_eq!((differing[0].line, differing[0].first.as_deref()), (Some(12_002), Some("line 2")));
            assert_eq!(differing[0].differences[0].here.as_deref(), Some("second"));
            assert_eq!(test.value("SELECT title FROM content_index WHERE external_id = '0'").await, "first");
        }
    }
}

on_both! {
    async fn spellings_that_fold_to_one_identity_are_duplicates_that_differ(test: Test) {
        let result = test.sync("title\nLa Bamba\nLA  BAMBA\nAlien²\nAlien2\n", json!({"contentType": "music"})).await;
        assert_eq!(counts(&result), [3, 0, 0, 1, 0]);
        let run = test.app().await.service().run(&ME, result.sync_run_id).await.unwrap();
        assert_eq!(run.metadata.duplicates_differing, 1);
    }
}

on_both! {
    async fn a_run_in_which_every_record_is_rejected_is_not_completed(test: Test) {
        let result = test.sync("id,title\n1,\n2,\n", json!({"contentType": "music"})).await;
        assert_eq!(result.status, RunStatus::Failed);
        assert_eq!(result.error.unwrap().code.as_deref(), Some("all_rejected"));
        assert_eq!(result.items_failed, 2);
        let result = test.sync("id,title\n1,\n2,b\n", json!({"contentType": "music"})).await;
        assert_eq!(result.status, RunStatus::Completed);
    }
}

on_both! {
    async fn a_renamed_file_is_told_from_a_new_one(test: Test) {
        let text = "id,title\n1,one\n2,two\n3,three\n";
        let app = test.app().await;
        let sync = async |name: &str, text: &str| {
            let result = app.service().sync(&ME, request(&test.file(name, text), json!({"contentType": "music"}))).await;
            app.service().run(&ME, result.unwrap().sync_run_id).await.unwrap().metadata.findings
        };
        assert_eq!(finding(&sync("prices-01.csv", text).await, "source"), None);
        let findings = sync("prices-02.csv", text).await;
        let found = finding(&findings, "source").unwrap();
        assert!(found.is_unsure && found.message.contains("prices-01.csv") && found.message.contains("--source-name"));
        assert!(found.message.starts_with("3 of the first 3 rows"), "{}", found.message);
        // Told once, and not of another catalogue with the same numbers.
        assert_eq!(finding(&sync("prices-02.csv", text).await, "source"), None);
        assert_eq!(finding(&sync("other.csv", "id,title\n1,uno\n2,dos\n3,tres\n").await, "source"), None);
    }
}

on_both! {
    async fn what_the_names_of_columns_decided_is_told(test: Test) {
        let result = test.sync("id,title,album\n1,one,x\n", json!({"contentType": "music"})).await;
        let app = test.app().await;
        let told = app.service().run(&ME, result.sync_run_id).await.unwrap().metadata.findings;
        let mapping = finding(&told, "mapping").unwrap();
        assert_eq!(mapping.message, "external_id ← id, title ← title (by their names); kept in `metadata`: album");
        let options = json!({"contentType": "music", "columnMapping": {"title": "title"}});
        let result = test.sync("id,title,album\n1,one,x\n", options).await;
        let told = app.service().run(&ME, result.sync_run_id).await.unwrap().metadata.findings;
        assert_eq!(finding(&told, "mapping"), None);
    }
}
