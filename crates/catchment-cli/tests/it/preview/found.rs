//! What a preview finds, and that it writes nothing.

use catchment::{ChangeFilter, RunMode, RunStatus};
use serde_json::json;

use super::{PRODUCTS, counted, music, products};
use crate::gated::Step;
use crate::runs::{app, scripted};
use crate::support::{ME, Test, on_both, request};

const FIRST: &str = "id,name,price\n1,Tea,1.50\n2,Mate,54900\n3,Coffee,9\n4,Cocoa,\n";

on_both! {
    async fn a_preview_shows_what_a_run_would_change_and_writes_nothing(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.sync(FIRST, json!({ "targetTable": "products" })).await;
        let second = "id,name,price\n1,Tea,1.75\n2,Mate,54.9\n3,Coffee,9\n4,Cocoa,3\n5,Water,1\n5,Water again,2\n6,Gold,2000000\n7,Air,free\n";
        let preview = test.previewed(products(&test, second)).await;
        assert_eq!((preview.mode, preview.status), (RunMode::Preview, RunStatus::Completed));
        assert_eq!(counted(&preview), [1, 3, 1, 1, 2]);
        assert_eq!(
            test.found(preview.id).await,
            [
                "update 1: price 1.5 -> 1.75",
                "update 2: price 54900 -> 54.9",
                "update 4: price NULL -> 3",
                "insert 5: id NULL -> 5, name NULL -> Water, price NULL -> 1",
            ]
        );
        // The largest change is told, however many there are.
        let summary = preview.metadata.preview.clone().unwrap();
        let price = &summary.columns["price"];
        let largest = price.largest.clone().unwrap();
        assert_eq!((price.rows, largest.item.as_str(), largest.after.as_str()), (3, "2", "54.9"));
        assert!((price.median.unwrap() - 0.166).abs() < 0.001, "{price:?}");
        // Nothing is in the table, and nothing says that a run has seen its rows.
        assert_eq!(test.value("SELECT COUNT(*) FROM products").await, "4");
        assert_eq!(test.query("SELECT id FROM products WHERE price > 50000").await, ["2"]);
        assert_eq!(test.query("SELECT DISTINCT sync_run_id FROM sync_seen").await, ["1"]);
        // And a run does what was shown.
        let run = test.sync(second, json!({ "targetTable": "products" })).await;
        assert_eq!(crate::support::counts(&run), counted(&preview));
    }

    async fn a_preview_of_a_built_in_table_leaves_its_rows_as_they_were(test: Test) {
        test.sync("title,artist,genre\nDespacito,Luis Fonsi,Pop\nHello,Adele,Pop\n", music()).await;
        let before = test.query("SELECT * FROM content_index ORDER BY id").await;
        let text = "title,artist,genre\nDespacito,Luis Fonsi,Latin\nHello,Adele,Pop\nClocks,Coldplay,Rock\n";
        let preview = test.previewed(request(&test.file("source.csv", text), music())).await;
        assert_eq!(counted(&preview), [1, 1, 1, 0, 0]);
        assert_eq!(test.query("SELECT * FROM content_index ORDER BY id").await, before);
        assert_eq!(test.found(preview.id).await[0], "update Despacito / Luis Fonsi: genre Pop -> Latin");
        // It is no run that counts: neither for what the source leaves, nor for how old its rows are.
        let completed = test.query("SELECT last_completed_at FROM sync_sources").await;
        assert_eq!(completed, test.query("SELECT completed_at FROM sync_runs WHERE id = 1").await);
    }

    async fn a_preview_changes_of_a_column_can_be_listed_alone(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.sync(FIRST, json!({ "targetTable": "products" })).await;
        let text = "id,name,price\n1,Green tea,1.50\n2,Mate,55000\n3,Kona,10\n4,Cocoa,\n";
        let preview = test.previewed(products(&test, text)).await;
        let app = test.app().await;
        let of = async |column: &str, after| {
            let filter = ChangeFilter { kind: None, column: Some(column.to_owned()) };
            let changes = app.service().changes(&ME, preview.id, &filter, after, 1).await.unwrap();
            changes.iter().map(|change| change.item.clone()).collect::<Vec<_>>()
        };
        assert_eq!((of("name", 0).await, of("price", 0).await), (vec!["1".to_owned()], vec!["2".to_owned()]));
        let largest = app.service().largest_changes(&ME, preview.id, 1).await.unwrap();
        assert_eq!(largest[0].item, "3");
    }

    async fn a_preview_stores_as_many_changes_as_it_may_and_counts_the_others(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let text = "id,name,price\n1,a,1\n2,b,2\n3,c,3\n";
        let options = json!({ "targetTable": "products", "maxStoredChanges": 2 });
        let preview = test.previewed(request(&test.file("source.csv", text), options)).await;
        assert_eq!(counted(&preview), [3, 0, 0, 0, 0]);
        assert_eq!(test.found(preview.id).await.len(), 2);
    }

    async fn a_preview_that_is_interrupted_goes_on_and_knows_what_it_has_seen(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        test.execute(&format!("CREATE TABLE songs (id {id} PRIMARY KEY, title VARCHAR(20))")).await;
        for (name, target) in [("previewed_songs", "songs"), ("previewed_content", "content_index")] {
            let ((steps, gated), app) = (scripted(&test, name), app(&test).await);
            let mut options = json!({ "targetTable": target }).as_object().unwrap().clone();
            if target == "content_index" {
                options.insert("contentType".to_owned(), "music".into());
            }
            let gated = catchment::SyncRequest { options, ..gated };
            let id = app.service().preview(&ME, gated).await.unwrap();
            steps.send(Step::Rows(0..3000)).unwrap();
            steps.send(Step::Fail(catchment::Error::new(catchment::ErrorKind::Network, "cut", "cut off"))).unwrap();
            // The next attempt: all of it comes again, and some that is new.
            steps.send(Step::Rows(2000..5000)).unwrap();
            steps.send(Step::End).unwrap();
            app.service().execute_sync(&ME, id).await.unwrap();
            let run = app.service().run(&ME, id).await.unwrap();
            assert_eq!((run.attempt, counted(&run)), (2, [5000, 0, 0, 1000, 0]), "{target}");
            assert_eq!(test.value(&format!("SELECT COUNT(*) FROM {target}")).await, "0");
            let kept = format!("SELECT SUM(LENGTH(identities)) FROM sync_run_pages WHERE sync_run_id = {id}");
            assert_eq!(test.value(&kept).await, "0");
        }
    }

    async fn a_preview_that_goes_on_after_a_sync_begins_anew(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        test.execute(&format!("CREATE TABLE songs (id {id} PRIMARY KEY, title VARCHAR(20))")).await;
        let ((steps, gated), app) = (scripted(&test, "interrupted_preview"), app(&test).await);
        let gated = catchment::SyncRequest { options: json!({ "targetTable": "songs" }).as_object().unwrap().clone(), ..gated };
        let id = app.service().preview(&ME, gated).await.unwrap();
        steps.send(Step::Rows(0..3000)).unwrap();
        steps.send(Step::Fail(catchment::Error::new(catchment::ErrorKind::Network, "cut", "cut off"))).unwrap();
        let once = catchment::Execution { no_wait: true, ..catchment::Execution::default() };
        let (progress, _) = tokio::sync::watch::channel(catchment::RunProgress::default());
        app.service().execute(&ME, id, once, &progress).await.unwrap();
        let rows: String = (0..3000).map(|id| format!("{id},{id}\n")).collect();
        test.sync(&format!("id,title\n{rows}"), json!({ "targetTable": "songs" })).await;
        steps.send(Step::Rows(0..3000)).unwrap();
        steps.send(Step::End).unwrap();
        app.service().execute_sync(&ME, id).await.unwrap();
        let run = app.service().run(&ME, id).await.unwrap();
        assert_eq!(counted(&run), [0, 0, 3000, 0, 0]);
        assert!(test.found(id).await.is_empty());
    }

    async fn a_preview_says_that_rows_may_fit_once_those_before_them_are_written(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        test.execute(&format!("CREATE TABLE nodes (id {id} PRIMARY KEY, parent {id} NULL REFERENCES nodes (id))")).await;
        if !test.is_sqlite() {
            test.execute("ALTER TABLE nodes ADD FOREIGN KEY (parent) REFERENCES nodes (id)").await;
        }
        let rows: String = (1..=6000).map(|id| format!("{id},{}\n", if id > 5500 { "1" } else { "" })).collect();
        let path = test.file("nodes.csv", format!("id,parent\n{rows}"));
        let preview = test.previewed(request(&path, json!({ "targetTable": "nodes" }))).await;
        assert_eq!((counted(&preview), preview.metadata.has_found("refused")), ([5500, 0, 0, 0, 500], true));
    }
}
