//! The tables defend themselves, take the contract's SQL as it stands, and are not altered where somebody else
//! made them.

use catchment::ErrorKind;

use crate::support::{Test, on_both};

/// A run in a state.
fn run(columns: &str, values: &str) -> String {
    format!(
        "INSERT INTO sync_runs (source_type, source_identifier, source_name, target_table, options, door, request_key, \
         lane_key, {columns}) VALUES ('csv', '/a', '/a', 'content_index', '{{}}', 'http', 'r', 'l', {values})"
    )
}

on_both! {
    async fn states_and_their_times_belong_together(test: Test) {
        test.app().await;
        for (columns, values) in [
            ("status", "'done'"),
            ("status", "'in_progress'"),
            ("status", "'completed'"),
            ("status", "'failed'"),
            ("items_failed", "-1"),
        ] {
            test.try_execute(&run(columns, values)).await.unwrap_err();
        }
        test.execute(&run("status, started_at", "'in_progress', CURRENT_TIMESTAMP")).await;
        let second = test.try_execute(&run("status, started_at", "'in_progress', CURRENT_TIMESTAMP")).await;
        assert!(second.is_err(), "two runs of one lane at a time");
        test.execute(&run("status", "'pending'")).await;
        assert!(test.try_execute(&run("status", "'pending'")).await.is_err(), "two equal requests that wait");
        // Changed by hand, the lane is free at once.
        test.execute("UPDATE sync_runs SET status = 'failed', completed_at = CURRENT_TIMESTAMP WHERE status = 'in_progress'").await;
        test.execute(&run("status, started_at", "'in_progress', CURRENT_TIMESTAMP")).await;
    }
}

on_both! {
    async fn rows_defend_themselves(test: Test) {
        test.app().await;
        let content = |values: &str| format!(
            "INSERT INTO content_index (content_type, title, source_type, source_identifier, external_id, is_available) \
             VALUES ({values})"
        );
        test.execute(&content("'music', 'a', 'csv', '/a', '1', 1")).await;
        for values in [
            "'music', 'a', 'csv', '/a', '1', 1",
            "'poem', 'a', 'csv', '/a', '2', 1",
            "'music', '', 'csv', '/a', '3', 1",
            "'music', NULL, 'csv', '/a', '4', 1",
            "'music', 'a', 'csv', '/a', '5', 2",
        ] {
            assert!(test.try_execute(&content(values)).await.is_err(), "{values}");
        }
        for values in ["'m', '8', -1", "'', '8', 1", "'m', '8', NULL"] {
            let sql = format!("INSERT INTO catalog_items (category_id, capacity, price) VALUES ({values})");
            assert!(test.try_execute(&sql).await.is_err(), "{values}");
        }
        let orphan = "INSERT INTO sync_errors (sync_run_id, error_type, error_code, error_message) VALUES (9, 'x', 'x', 'x')";
        assert!(test.try_execute(orphan).await.is_err());
    }
}

#[tokio::test]
async fn the_sql_of_the_contract_runs_as_it_stands() {
    let test = Test::mariadb().await;
    test.app().await;
    test.execute(&run("status, started_at", "'in_progress', NOW() - INTERVAL 2 HOUR")).await;
    for sql in [
        "SELECT * FROM sync_errors WHERE sync_run_id = 123;",
        "SELECT * FROM sync_runs ORDER BY created_at DESC LIMIT 10;",
        "SELECT \n  error_type, \n  COUNT(*) as count \nFROM sync_errors \n\
         WHERE created_at > DATE_SUB(NOW(), INTERVAL 7 DAY)\nGROUP BY error_type;",
        "UPDATE sync_runs \nSET status = 'failed', \n    error_message = 'Interrupted by system restart',\n    \
         completed_at = NOW()\nWHERE status = 'in_progress' \n  AND started_at < DATE_SUB(NOW(), INTERVAL 1 HOUR);",
    ] {
        test.execute(sql).await;
    }
    assert_eq!(test.value("SELECT status FROM sync_runs").await, "failed");
}

on_both! {
    async fn a_table_of_somebody_else_is_not_altered(test: Test) {
        test.execute("CREATE TABLE catalog_items (id INTEGER PRIMARY KEY, category_id VARCHAR(50), capacity VARCHAR(50))").await;
        let settings = test.settings();
        let error = catchment::App::open(&settings, catchment_sources::builtin()).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Config, "foreign_table"));
        let message = error.message();
        assert!(message.contains("ALTER TABLE catalog_items ADD COLUMN price "), "{message}");
        assert!(message.contains("ON catalog_items (category_id, capacity);"), "{message}");
        assert!(!message.contains("ADD COLUMN capacity VARCHAR"), "{message}");
        assert!(!message.contains("content_index"), "{message}");
    }
}

on_both! {
    async fn a_table_of_somebody_else_that_lacks_nothing_is_used(test: Test) {
        let ddl = if test.is_sqlite() {
            include_str!("../../../catchment/migrations/sqlite/0001_init.sql")
        } else {
            include_str!("../../../catchment/migrations/mysql/0001_init.sql")
        };
        test.execute(ddl).await;
        test.app().await;
        assert_eq!(test.value("SELECT name FROM catchment_migrations ORDER BY version LIMIT 1").await, "init");
    }
}

on_both! {
    async fn processes_that_start_at_once_migrate_once(test: Test) {
        let settings = test.settings();
        let opened = futures::future::join_all(
            (0..8).map(|_| catchment::App::open(&settings, catchment_sources::builtin())),
        )
        .await;
        for app in opened {
            app.unwrap();
        }
        assert_eq!(test.value("SELECT COUNT(*), COUNT(DISTINCT version) FROM catchment_migrations").await, "12|12");
    }
}
