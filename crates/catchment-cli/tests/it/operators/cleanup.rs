//! `catchment cleanup`: what it shows before it deletes.

use serde_json::json;

use super::database::run;
use crate::support::{ME, Test, counts, on_both, request};

on_both! {
    async fn a_dry_run_counts_what_the_real_one_deletes(test: Test) {
        let app = test.app().await;
        for name in ["a.csv", "b.csv"] {
            let path = test.file(name, "id,title\n1,a\n2,b\n");
            app.service().sync(&ME, request(&path, json!({"contentType": "music", "sourceName": name}))).await.unwrap();
        }
        let ago = test.days_ago(40);
        test.execute(&format!("UPDATE sync_runs SET completed_at = {ago}")).await;
        test.execute("UPDATE sync_sources SET last_completed_at = NULL").await;
        test.execute(&format!("UPDATE content_index SET last_synced_at = {ago}")).await;
        let run = |args: &[&str]| {
            let output = test.command(&[&["cleanup"], args].concat()).output().unwrap();
            let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
            (output.status.code().unwrap(), said)
        };
        let dry = run(&["--runs", "30", "--content", "30", "--dry-run"]);
        assert_eq!(dry, (0, "2 runs and 4 rows of content_index would be deleted\n".into()));
        let dry = run(&["--content", "30", "--source", "a.csv", "--dry-run"]);
        assert_eq!(dry, (0, "2 rows of content_index would be deleted\n".into()));
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "4");
        let (code, said) = run(&["--content", "30", "--source", "c.csv"]);
        assert!(code == 2 && said.contains("no rows of the source `c.csv`"), "{said}");
        assert_eq!(run(&["--runs", "30", "--source", "a.csv"]).0, 2, "runs have no --source");
        let done = run(&["--content", "30", "--source", "a.csv"]);
        assert_eq!(done, (0, "2 rows of content_index deleted\n".into()));
        assert_eq!(test.query("SELECT DISTINCT source_identifier FROM content_index").await, ["b.csv"]);
        assert_eq!(run(&["--runs", "30", "--yes"]), (0, "2 runs deleted\n".into()));
    }
}

on_both! {
    async fn all_rows_of_one_source_go_by_its_name_and_no_others(test: Test) {
        test.file("a.csv", "id,title\n1,one\n2,two\n");
        test.file("b.csv", "id,title\n1,one\n2,two\n");
        for file in ["a.csv", "b.csv"] {
            assert_eq!(run(&test, &["sync", file, "--content-type", "music"]).0, 0);
        }
        let name = test.dir.path().join("b.csv");
        let name = name.to_str().unwrap();
        let (_, said) = run(&test, &["cleanup", "--forget", name, "--dry-run"]);
        assert!(said.starts_with("2 rows of content_index"), "{said}");
        assert_eq!(run(&test, &["cleanup", "--forget", name]).0, 0);
        let left = "SELECT COUNT(*), COUNT(DISTINCT source_identifier) FROM content_index";
        assert_eq!(test.value(left).await, "2|1");
        assert_eq!(run(&test, &["cleanup", "--forget", name]).0, 2, "nothing is left of it");
        // What it left behind counts no more: all is read again.
        assert_eq!(run(&test, &["sync", "b.csv", "--content-type", "music", "--source-name", "other"]).0, 0);
    }
}

on_both! {
    async fn a_run_that_is_retried_after_its_rows_were_forgotten_begins_anew(test: Test) {
        let (app, path) = (test.app().await, test.file("a.csv", "id,title\n1,one\n2,two\n3,\n"));
        let options = json!({"contentType": "music", "sourceName": "a"});
        let first = app.service().sync(&ME, request(&path, options)).await.unwrap();
        // As if it had failed after its pages.
        test.execute("UPDATE sync_runs SET status = 'failed'").await;
        assert_eq!(app.content_index().forget(&ME, "a").await.unwrap(), 2);
        app.service().retry(&ME, first.sync_run_id).await.unwrap();
        let again = app.service().execute_sync(&ME, first.sync_run_id).await.unwrap();
        assert_eq!(counts(&again), [2, 0, 0, 0, 1]);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "2");
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_errors").await, "1");
        test.execute("UPDATE sync_runs SET status = 'pending', completed_at = NULL").await;
        assert_eq!(app.content_index().forget(&ME, "a").await.unwrap_err().code(), "source_in_use");
    }
}
