//! The database below: tables of earlier versions and of somebody else, a cut connection, SQLite's file.

use std::time::Duration;

use catchment::{App, Workers};
use catchment_core::ErrorKind;
use serde_json::json;

use crate::gated::Step;
use crate::http;
use crate::proxy::Proxy;
use crate::runs::{PAGES, app, scripted, until};
use crate::support::{ME, Test, counts, on_both, request};

/// The statements of the first steps, as an earlier version carried them out.
fn schema(test: &Test, version: usize) -> String {
    let steps = if test.is_sqlite() {
        [
            include_str!("../../../../catchment/migrations/sqlite/0001_init.sql"),
            include_str!("../../../../catchment/migrations/sqlite/0002_jobs.sql"),
            include_str!("../../../../catchment/migrations/sqlite/0003_states.sql"),
            include_str!("../../../../catchment/migrations/sqlite/0004_claims.sql"),
        ]
    } else {
        [
            include_str!("../../../../catchment/migrations/mysql/0001_init.sql"),
            include_str!("../../../../catchment/migrations/mysql/0002_jobs.sql"),
            include_str!("../../../../catchment/migrations/mysql/0003_states.sql"),
            include_str!("../../../../catchment/migrations/mysql/0004_claims.sql"),
        ]
    };
    let done: String = (1..=version)
        .map(|step| format!("INSERT INTO catchment_migrations (version, name) VALUES ({step}, 's');\n"))
        .collect();
    format!(
        "CREATE TABLE catchment_migrations (version BIGINT NOT NULL PRIMARY KEY, name VARCHAR(64) NOT NULL, \
         applied_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP);\n{}{done}",
        steps[..version].concat()
    )
}

/// Rows of every table that the first version had.
const ROWS: &str = "
    INSERT INTO sync_runs (id, source_type, source_identifier, source_name, target_table, options, door, request_key, lane_key,
        status, started_at, completed_at, items_processed) VALUES
        (1, 'csv', '/old.csv', '/old.csv', 'content_index', '{\"contentType\": \"music\"}', 'http', 'r1', 'l1', 'completed',
         '2026-01-01 00:00:00.000', '2026-01-01 00:00:01.000', 1),
        (2, 'csv', '/prices.csv', '/prices.csv', 'catalog_items', '{\"targetTable\": \"catalog_items\"}', 'http', 'r2', 'l2',
         'pending', NULL, NULL, 0);
    INSERT INTO content_index (content_type, title, source_type, source_identifier, external_id, last_synced_at, last_sync_run_id)
        VALUES ('music', 'old', 'csv', '/old.csv', '1', '2026-01-01 00:00:00.000', 1);
    INSERT INTO catalog_items (category_id, capacity, price) VALUES ('music', '8GB', 1);
";

on_both! {
    async fn the_tables_of_every_earlier_version_are_brought_up_to_date_with_their_rows(test: Test) {
        let fresh = if test.is_sqlite() { Test::sqlite().await } else { Test::mariadb().await };
        fresh.app().await;
        let columns = |table: &str| {
            if test.is_sqlite() {
                format!("SELECT name FROM pragma_table_xinfo('{table}') ORDER BY name")
            } else {
                format!(
                    "SELECT CONCAT(column_name, ' ', column_type, ' ', extra) FROM information_schema.columns \
                     WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY column_name"
                )
            }
        };
        for version in 1..=4 {
            let test = if test.is_sqlite() { Test::sqlite().await } else { Test::mariadb().await };
            test.execute(&schema(&test, version)).await;
            test.execute(ROWS).await;
            let app = test.app().await;
            for table in ["sync_runs", "content_index", "catalog_items", "sync_sources", "sync_states"] {
                assert_eq!(test.query(&columns(table)).await, fresh.query(&columns(table)).await, "{table} from {version}");
            }
            assert_eq!(test.query("SELECT title FROM content_index").await, ["old"]);
            assert_eq!(app.service().stats(&ME).await.unwrap().total, 2);
            let run = app.service().run(&ME, 2).await.unwrap();
            assert!(version == 4 || run.next_attempt_at.is_some(), "what waited is found by the queue");
            // Opened once more, nothing is left to do.
            test.app().await;
        }
    }
}

on_both! {
    async fn derived_ids_of_the_rule_before_find_their_rows_after_the_upgrade(test: Test) {
        test.execute(&schema(&test, 4)).await;
        let path = test.file("source.csv", "title\nDespacito\nStraße\nSTRASSE\nedited\n");
        let row = |title: &str, external_id: &str| format!(
            "INSERT INTO content_index (content_type, title, source_type, source_identifier, external_id, last_synced_at) \
             VALUES ('music', '{title}', 'csv', '{}', '{external_id}', '2026-01-01 00:00:00.000')", path.display()
        );
        test.execute(&row("Despacito", "v1:bb065913dcdfac255393e63bd07c4a02")).await;
        // `Straße` and `STRASSE` were one.
        test.execute(&row("Straße", "v1:12d7999ef7aeb8d9f9fa93b3486ba779")).await;
        test.execute(&row("EDITED BY HAND", "v1:00000000000000000000000000000000")).await;
        let versions = "SELECT updated_at FROM content_index ORDER BY id";
        test.execute("UPDATE content_index SET updated_at = '2026-01-01 00:00:00.000'").await;
        let before = test.query(versions).await;
        let app = test.app().await;
        assert_eq!(test.query(versions).await, before, "no value of a row has changed");
        let ids = "SELECT title, external_id FROM content_index ORDER BY id";
        assert_eq!(test.query(ids).await, [
            "Despacito|v2:bb065913dcdfac255393e63bd07c4a02",
            "Straße|v2:d9211564542cf3c98955c1e059e7b29a",
            "EDITED BY HAND|v1:00000000000000000000000000000000",
        ]);
        let result = app.service().sync(&ME, request(&path, json!({"contentType": "music"}))).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 2, 0, 0], "only `STRASSE` and what was edited are new");
    }
}

on_both! {
    async fn tables_of_somebody_else_are_refused_at_every_upgrade(test: Test) {
        test.execute(&schema(&test, 3)).await;
        test.execute("CREATE TABLE sync_sources (id INTEGER PRIMARY KEY, source_type VARCHAR(50))").await;
        let settings = test.settings();
        let error = App::open(&settings, catchment_sources::builtin()).await.unwrap_err();
        assert_eq!(error.code(), "foreign_table");
        assert!(error.message().contains("sync_sources") && error.message().contains("old_sync_sources;"), "{error}");
        assert_eq!(test.value("SELECT MAX(version) FROM catchment_migrations").await, "3");
        test.execute("DROP TABLE sync_sources").await;
        test.app().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_connection_costs_a_second_and_does_not_count() {
    let mut test = Test::mariadb().await;
    let server = test.url.rsplit_once('@').unwrap().1.split_once('/').unwrap().0.to_owned();
    let (direct, proxy) = (test.url.clone(), Proxy::start(server.clone()).await);
    test.url = test.url.replace(&server, &proxy.address.to_string());
    let ((steps, gated), app) = (scripted(&test, "cut"), app(&test).await);
    let id = app.service().schedule_sync(&ME, gated).await.unwrap();
    let workers = Workers::start(app.service(), 1);
    test.url = direct;
    for page in 1..=3_u32 {
        until(&test, "SELECT status FROM sync_runs", "in_progress").await;
        proxy.lose_next_commit();
        steps.send(Step::Page("a")).unwrap();
        until(&test, PAGES, &page.to_string()).await;
        until(&test, "SELECT COUNT(*) FROM sync_attempts WHERE ended_at IS NOT NULL", &page.to_string())
            .await;
        let run = app.service().run(&ME, id).await.unwrap();
        if let (Some(next), Some(ended)) =
            (run.next_attempt_at, app.service().attempts(&ME, id).await.unwrap().last().unwrap().ended_at)
        {
            assert!(next.duration_since(ended).as_secs() <= 2, "{next} {ended}");
        }
    }
    until(&test, "SELECT status FROM sync_runs", "in_progress").await;
    assert_eq!(test.value("SELECT fruitless_attempts FROM sync_runs").await, "0");
    steps.send(Step::End).unwrap();
    assert!(app.service().execute_sync(&ME, id).await.unwrap().success);
    app.service().shut_down();
    workers.finish().await;
    assert_eq!(ErrorKind::Database.as_str(), test.value("SELECT MAX(error_type) FROM sync_attempts").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_synced_is_in_the_file_itself_once_nothing_is_under_way() {
    let test = Test::sqlite().await;
    test.file(
        "a.csv",
        "id,title\n".to_owned() + &(0..5000).map(|id| format!("{id},a\n")).collect::<String>(),
    );
    let server = http::Server::ready(&test);
    let body = json!({"sourceType": "csv", "sourceIdentifier": test.dir.path().join("a.csv"), "options": {"contentType": "music"}});
    assert_eq!(server.post("/v1/sync/trigger", &body).status, 202);
    server.wait_for("sync completed");
    let (file, wal) = (test.dir.path().join("catchment.db"), test.dir.path().join("catchment.db-wal"));
    let length = |path: &std::path::Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let moved = async {
        while length(&wal) > 0 || length(&file) < 500_000 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), moved).await.expect("the log was never emptied");
    let copy = Test::sqlite().await;
    std::fs::copy(file, copy.dir.path().join("catchment.db")).unwrap();
    assert_eq!(copy.value("SELECT COUNT(*) FROM content_index").await, "5000");
}
