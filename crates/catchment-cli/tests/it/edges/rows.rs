//! What a pass leaves in the tables, while others write there and lists move under it.

use std::sync::atomic::{AtomicU64, Ordering};

use catchment::{RunStatus, Workers};
use serde_json::json;

use crate::api::{self, open, settings};
use crate::gated::Step;
use crate::remote::{Reply, Request, Server};
use crate::runs::{app, scripted, until};
use crate::support::{ME, Test, counts, on_both, request};

on_both! {
    async fn retention_leaves_rows_that_a_source_has_no_reason_to_show(test: Test) {
        let server = Server::start(|request: &Request| match request.headers.get("if-none-match") {
            Some(_) => Reply::text(304, ""),
            None => Reply::json(&json!([{"id": 1, "title": "a"}])).header("ETag", "\"1\""),
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let content = app.content_index();
        let sync = async || app.service().sync(&ME, api::request(&server.url, json!({"contentType": "music"}))).await.unwrap();
        sync().await;
        test.execute(&format!("UPDATE content_index SET last_synced_at = {}", test.days_ago(100))).await;
        assert_eq!(counts(&sync().await), [0; 5], "nothing has changed");
        assert_eq!(content.cleanup_old(&ME, 90).await.unwrap(), 0);
        assert_eq!(test.value("SELECT COUNT(*) FROM content_index").await, "1");
        // Where the table holds no row of the source, what it said of them counts no more.
        test.execute("DELETE FROM content_index").await;
        assert_eq!(counts(&sync().await), [1, 0, 0, 0, 0]);
    }
}

on_both! {
    async fn a_row_that_somebody_changed_meanwhile_is_not_counted_as_unchanged(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "edited"), app(&test).await);
        for first in [0, 6000, 12_000] {
            steps.send(Step::Rows(first..first + 6000)).unwrap();
        }
        steps.send(Step::End).unwrap();
        assert_eq!(counts(&app.service().sync(&ME, gated.clone()).await.unwrap()), [18_000, 0, 0, 0, 0]);
        // What the table holds is read at the third page; then somebody edits a row of the fourth.
        let (steps, _) = scripted(&test, "edited");
        let id = app.service().schedule_sync(&ME, gated).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        for rows in [0..6000, 6000..12_000, 12_000..13_000] {
            steps.send(Step::Rows(rows)).unwrap();
        }
        until(&test, &format!("SELECT page_no FROM sync_runs WHERE id = {id}"), "3").await;
        test.execute("UPDATE content_index SET title = 'edited' WHERE external_id = '15000'").await;
        steps.send(Step::Rows(13_000..18_000)).unwrap();
        steps.send(Step::End).unwrap();
        let result = app.service().execute_sync(&ME, id).await.unwrap();
        assert_eq!(test.value("SELECT title FROM content_index WHERE external_id = '15000'").await, "15000");
        assert_eq!(counts(&result), [0, 1, 17_999, 0, 0]);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn two_sources_of_a_shared_table_leave_each_row_as_one_of_them_has_it(test: Test) {
        let app = app(&test).await;
        let file = |name: &str, price: u32| {
            let rows: String = (0..12_000).map(|row| format!("music,{row}GB,{}\n", price + row)).collect();
            test.file(name, format!("category_id,capacity,price\n{rows}"))
        };
        let (one, two) = (file("one.csv", 1_000_000), file("two.csv", 2_000_000));
        let options = json!({"targetTable": "catalog_items"});
        let sync = async |path: &std::path::Path| app.service().sync(&ME, request(path, options.clone())).await.unwrap();
        sync(&one).await;
        let (first, second) = tokio::join!(sync(&one), sync(&two));
        assert!(first.success && second.success);
        // The one that ended last has the last word, on every row.
        let last = test.value("SELECT MAX(last_sync_run_id) FROM catalog_items").await;
        assert_eq!(test.value(&format!("SELECT COUNT(*) FROM catalog_items WHERE last_sync_run_id = {last}")).await, "12000");
        assert_eq!(test.value("SELECT COUNT(DISTINCT CASE WHEN price >= 2000000 THEN 2 ELSE 1 END) FROM catalog_items").await, "1");
    }
}

on_both! {
    async fn a_page_with_other_columns_is_not_mapped_like_the_first(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "columns"), app(&test).await);
        let workers = Workers::start(app.service(), 1);
        app.service().schedule_sync(&ME, gated).await.unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::OtherColumns).unwrap();
        until(&test, "SELECT error_type FROM sync_runs WHERE error_code = 'columns_changed'", "system").await;
        assert_eq!(test.query("SELECT title FROM content_index").await, ["one"]);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn a_place_without_end_is_cut_and_costs_one_record(test: Test) {
        let server = Server::start(|_: &Request| {
            let mut body = json!({"good": {"id": 1, "title": "a"}});
            body["x".repeat(100_000)] = json!({"id": 2, "title": null});
            Reply::json(&json!({"data": body}))
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let options = json!({"contentType": "music", "dataPath": "$.data.*", "pagination": {"type": "none"},
            "fieldMapping": {"title": "title", "external_id": "id"}});
        let result = app.service().sync(&ME, api::request(&server.url, options)).await.unwrap();
        assert_eq!(counts(&result), [1, 0, 0, 0, 1], "{:?}", result.error);
    }
}

on_both! {
    async fn a_list_that_moves_while_it_is_read_is_no_complete_pass(test: Test) {
        let turn = AtomicU64::new(0);
        let server = Server::start(move |request: &Request| {
            if request.path() == "/settles" && turn.fetch_add(1, Ordering::SeqCst) > 2 {
                let ids = match request.number("page").unwrap() { 1 => vec![1, 2, 3], 2 => vec![4, 5, 6], _ => vec![] };
                return Reply::json(&json!(ids.iter().map(|id| json!({"id": id, "title": "t"})).collect::<Vec<_>>()));
            }
            // The second page begins with the last record of the first one: 4 was missed.
            let ids = match request.number("page").unwrap() { 1 => vec![1, 2, 3], 2 => vec![3, 5, 6], _ => vec![] };
            Reply::json(&json!(ids.iter().map(|id| json!({"id": id, "title": "t"})).collect::<Vec<_>>()))
        })
        .await;
        let app = open(&test, &settings(&test)).await;
        let options = json!({"contentType": "music", "pagination": {"type": "page"}, "rateLimit": {"maxConcurrency": 1}});
        let sync = async |path: &str| {
            let id = app.service().schedule_sync(&ME, api::request(&format!("{}{path}", server.url), options.clone())).await.unwrap();
            let service = app.service().clone();
            let execution = tokio::spawn(async move { service.execute_sync(&ME, id).await.unwrap() });
            // Its place is taken after a wait, which `resume` cuts short.
            until(&test, &format!("SELECT COUNT(*) FROM sync_runs WHERE id > {id}"), "1").await;
            app.service().resume_pending_syncs(&ME).await.unwrap();
            app.service().run(&ME, execution.await.unwrap().sync_run_id).await.unwrap()
        };
        let settled = sync("/settles").await;
        assert_eq!((settled.status, settled.metadata.truncated, settled.items_processed), (RunStatus::Completed, false, 6));
        let moving = sync("/moves").await;
        assert_eq!((moving.status, moving.metadata.truncated), (RunStatus::Completed, true));
        let warning = moving.metadata.warning.unwrap();
        assert!(warning.contains("pages 1 and 2") && warning.contains("stable order"), "{warning}");
    }
}
