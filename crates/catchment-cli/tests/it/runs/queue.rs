//! The queue: which runs are one, which wait for each other, and which must not.

use catchment::{RunStatus, Workers};
use serde_json::json;
use sqlx::{Connection, Executor};

use super::{PAGES, app, scripted, until};
use crate::gated::Step;
use crate::support::{ME, Test, on_both, request};

on_both! {
    async fn equal_requests_make_one_run(test: Test) {
        let app = app(&test).await;
        let path = test.file("a.csv", "id,title\n1,a\n");
        let ids: std::collections::BTreeSet<i64> = futures::future::join_all((0..50).map(|_| {
            let (service, path) = (app.service().clone(), path.clone());
            async move { service.schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap() }
        }))
        .await
        .into_iter()
        .collect();
        assert_eq!(ids.len(), 1);
        let other = app.service().schedule_sync(&ME, request(&path, json!({"contentType": "game"}))).await.unwrap();
        assert!(!ids.contains(&other));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_that_loses_a_race_for_its_rows_is_tried_again() {
    let test = Test::mariadb().await;
    let app = app(&test).await;
    for name in ["a.csv", "b.csv"] {
        let path = test.file(name, "id,title\n1,a\n");
        app.service().schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
    }
    // Whoever has changed more rows wins a deadlock.
    let mut other = sqlx::MySqlConnection::connect(&test.url).await.unwrap();
    other.execute("CREATE TABLE heavy (id INT) AS SELECT seq AS id FROM seq_1_to_1000").await.unwrap();
    other.execute("START TRANSACTION").await.unwrap();
    other.execute("UPDATE heavy SET id = id + 1").await.unwrap();
    other.execute("SELECT id FROM sync_runs WHERE id = 2 FOR UPDATE").await.unwrap();
    let service = app.service().clone();
    let resume = tokio::spawn(async move { service.resume_pending_syncs(&ME).await });
    // What InnoDB says of its transactions is cached for as long as somebody keeps asking.
    let waiting = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND time_ms > 100 \
                   AND info LIKE 'UPDATE sync_runs SET next_attempt_at%'";
    until(&test, waiting, "1").await;
    other.execute("SELECT id FROM sync_runs WHERE id = 1 FOR UPDATE").await.unwrap();
    other.execute("COMMIT").await.unwrap();
    assert_eq!(resume.await.unwrap().unwrap(), 2);
}

on_both! {
    async fn two_runs_of_one_source_do_not_overlap(test: Test) {
        let ((steps, gated), app) = (scripted(&test, "lane"), app(&test).await);
        let first = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        let workers = Workers::start(app.service(), 2);
        steps.send(Step::Page("one")).unwrap();
        until(&test, PAGES, "1").await;
        let second = app.service().schedule_sync(&ME, gated.clone()).await.unwrap();
        assert_ne!(first, second);
        // The second worker has looked at the queue when it has done something else.
        let path = test.file("a.csv", "id,title\n1,a\n");
        let other = app.service().schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        assert_eq!(app.service().run(&ME, second).await.unwrap().status, RunStatus::Pending);
        steps.send(Step::End).unwrap();
        steps.send(Step::Page("one")).unwrap();
        steps.send(Step::End).unwrap();
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {second}"), "completed").await;
        assert_eq!(app.service().run(&ME, first).await.unwrap().status, RunStatus::Completed);
        app.service().shut_down();
        workers.finish().await;
    }
}

on_both! {
    async fn two_sources_that_write_the_same_rows_reject_none_of_them(test: Test) {
        let app = app(&test).await;
        let file = |name: &str, rows: &mut dyn Iterator<Item = u32>| {
            let rows: String = rows.map(|row| format!("music,{row}GB,{row}\n")).collect();
            test.file(name, format!("category_id,capacity,price\n{rows}"))
        };
        let (up, down) = (file("up.csv", &mut (0..20_000)), file("down.csv", &mut (0..20_000).rev()));
        let options = json!({"targetTable": "catalog_items"});
        let (up, down) = tokio::join!(
            app.service().sync(&ME, request(&up, options.clone())),
            app.service().sync(&ME, request(&down, options))
        );
        for result in [up.unwrap(), down.unwrap()] {
            assert!(result.success, "{result:?}");
            assert_eq!((result.items_processed, result.items_failed), (20_000, 0));
        }
        assert_eq!(test.value("SELECT COUNT(*) FROM catalog_items").await, "20000");
    }
}

on_both! {
    async fn a_run_that_does_not_read_keeps_nobody_waiting(test: Test) {
        let app = app(&test).await;
        let service = app.service();
        let path = test.file("a.csv", "id,title\n1,a\n");
        let broken = service.schedule_sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        test.execute("UPDATE sync_runs SET options = 'no JSON'").await;
        let other = service.schedule_sync(&ME, request(&path, json!({"contentType": "game"}))).await.unwrap();
        let workers = Workers::start(service, 1);
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {other}"), "completed").await;
        until(&test, &format!("SELECT status FROM sync_runs WHERE id = {broken}"), "failed").await;
        service.shut_down();
        workers.finish().await;
    }
}
