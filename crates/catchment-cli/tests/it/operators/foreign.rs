//! The database of another program, whose tables have our names: what is proposed can be run, and is enough.

use serde_json::json;

use crate::support::{ME, Test, counts, on_both, request};

/// The tables that the contract describes, as somebody else would make them, with rows.
fn theirs(test: &Test) -> String {
    let id = if test.is_sqlite() {
        "id INTEGER PRIMARY KEY AUTOINCREMENT"
    } else {
        "id INT AUTO_INCREMENT PRIMARY KEY"
    };
    let price = if test.is_sqlite() { "NUMERIC" } else { "DECIMAL(10,2)" };
    format!(
        "CREATE TABLE sync_runs ({id}, source_type VARCHAR(10) NOT NULL, source_identifier VARCHAR(500) NOT NULL, status \
            VARCHAR(20) NOT NULL DEFAULT 'pending', items_processed INT DEFAULT 0, items_failed INT DEFAULT 0, items_skipped INT \
            DEFAULT 0, started_at TIMESTAMP NULL, completed_at TIMESTAMP NULL, sync_metadata JSON, error_message TEXT, \
            created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE sync_errors ({id}, sync_run_id INT NOT NULL, error_type VARCHAR(50), error_message TEXT, FOREIGN KEY \
            (sync_run_id) REFERENCES sync_runs (id) ON DELETE CASCADE);
        CREATE TABLE content_index ({id}, content_type VARCHAR(10) NOT NULL, title VARCHAR(500) NOT NULL, artist VARCHAR(255), \
            genre VARCHAR(100), source_type VARCHAR(10) NOT NULL, source_identifier VARCHAR(500) NOT NULL, external_id \
            VARCHAR(255), is_available BOOLEAN DEFAULT TRUE, last_synced_at TIMESTAMP NULL);
        CREATE TABLE catalog_items ({id}, category_id INT NOT NULL, capacity VARCHAR(50) NOT NULL, price {price} NOT NULL, \
            supplier VARCHAR(20) NOT NULL);
        INSERT INTO sync_runs (source_type, source_identifier) VALUES ('csv', '/old.csv');
        INSERT INTO sync_errors (sync_run_id, error_message) VALUES (1, 'old');"
    )
}

/// The statements that the refusal to start proposes.
async fn proposed(test: &Test) -> (String, Vec<String>) {
    let error = catchment::App::open(&test.settings(), catchment_sources::builtin()).await.unwrap_err();
    assert_eq!(error.code(), "foreign_table", "{error}");
    let lines =
        error.message().lines().skip(1).filter(|line| !line.starts_with("--")).map(str::to_owned).collect();
    (error.message().to_owned(), lines)
}

on_both! {
    async fn the_statements_that_are_proposed_are_enough(test: Test) {
        test.execute(&theirs(&test)).await;
        let (message, statements) = proposed(&test).await;
        for statement in statements {
            test.execute(&statement).await;
        }
        let app = test.app().await;
        assert_eq!(test.value("SELECT e.error_message FROM old_sync_errors e JOIN old_sync_runs r ON r.id = e.sync_run_id").await, "old");
        let songs = test.file("songs.csv", "id,title,artist\n1,a,\n2,b,\n");
        let result = app.service().sync(&ME, request(&songs, json!({"contentType": "music"}))).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 0, 0], "{message}\n{:?}", result.error);
        let prices = test.file("prices.csv", "category_id,capacity,price\nmusic,8GB,1.2345\nMusic,8GB,2\n");
        let result = app.service().sync(&ME, request(&prices, json!({"targetTable": "catalog_items"}))).await.unwrap();
        assert_eq!(counts(&result), [2, 0, 0, 0, 0], "{message}\n{:?}", result.error);
        let again = app.service().sync(&ME, request(&prices, json!({"targetTable": "catalog_items"}))).await.unwrap();
        assert_eq!(counts(&again), [0, 0, 2, 0, 0], "what was stored is what was read");
    }
}

#[tokio::test]
async fn tables_that_others_refer_to_can_be_renamed_instead() {
    let test = Test::mariadb().await;
    test.execute(&theirs(&test)).await;
    test.execute("CREATE TABLE categories (id INT PRIMARY KEY); ALTER TABLE catalog_items ADD FOREIGN KEY (category_id) REFERENCES categories (id)").await;
    let (message, _) = proposed(&test).await;
    let instead = |line: &str| line.split_once("a new one: ").map(|(_, statement)| statement.to_owned());
    let renames: Vec<_> = message
        .lines()
        .filter_map(|line| instead(line).or(line.starts_with("RENAME").then(|| line.to_owned())))
        .collect();
    assert_eq!(renames.len(), 3, "{message}");
    for statement in renames {
        test.execute(&statement).await;
    }
    test.app().await;
}
