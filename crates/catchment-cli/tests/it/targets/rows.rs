//! Rows of somebody's own tables: exact accounts, across kills and beside other writers.

use catchment::Workers;
use serde_json::json;

use crate::gated::Step;
use crate::runs::{app, scripted, until};
use crate::support::{ME, Test, counts, on_both, request};

const PRODUCTS: [&str; 2] = [
    "CREATE TABLE products (id INT NOT NULL PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(10,2), note VARCHAR(50) DEFAULT 'new', \
     added DATETIME NULL) CHARACTER SET utf8mb4",
    "CREATE TABLE products (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL, price DECIMAL(10,2), note VARCHAR(50) DEFAULT 'new', \
     added DATETIME NULL)",
];

fn into(table: &str) -> serde_json::Value {
    json!({ "targetTable": table })
}

on_both! {
    async fn a_table_of_ones_own_is_filled_and_kept_in_step(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let first = "id,name,price\n1,Tea,1.50\n2,Ñandú,\n3,Mate,7\n";
        assert_eq!(counts(&test.sync(first, into("products")).await), [3, 0, 0, 0, 0]);
        // What nothing maps takes its default, and keeps what somebody else writes there.
        test.execute("UPDATE products SET note = 'by hand' WHERE id = 2").await;
        assert_eq!(counts(&test.sync(first, into("products")).await), [0, 0, 3, 0, 0]);
        let second = "id,name,price\n1,Tea,1.75\n2,Ñandú,\n4,Coffee,9.99\n1,Tea again,2\n";
        assert_eq!(counts(&test.sync(second, into("products")).await), [1, 1, 1, 1, 0]);
        assert_eq!(
            test.query("SELECT id, name, price, note FROM products ORDER BY id").await,
            ["1|Tea|1.75|new", "2|Ñandú|NULL|by hand", "3|Mate|7.00|new", "4|Coffee|9.99|new"]
                .map(|row| if test.is_sqlite() { row.replace("7.00", "7") } else { row.to_owned() })
        );
    }

    async fn a_row_that_somebody_changes_is_put_back_and_counted(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let text = "id,name,price\n1,Tea,1.50\n2,Mate,7\n3,Coffee,9\n";
        test.sync(text, into("products")).await;
        test.execute("UPDATE products SET price = 99 WHERE id = 2").await;
        test.execute("DELETE FROM products WHERE id = 3").await;
        assert_eq!(counts(&test.sync(text, into("products")).await), [1, 1, 1, 0, 0]);
        assert_eq!(counts(&test.sync(text, into("products")).await), [0, 0, 3, 0, 0]);
    }

    async fn several_sources_share_a_table(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let app = test.app().await;
        let one = test.file("one.csv", "id,name\n1,Tea\n2,Mate\n");
        let other = test.file("other.csv", "id,name\n2,Yerba\n3,Coffee\n");
        let sync = async |path| counts(&app.service().sync(&ME, request(path, into("products"))).await.unwrap());
        assert_eq!(sync(&one).await, [2, 0, 0, 0, 0]);
        assert_eq!(sync(&other).await, [1, 1, 0, 0, 0]);
        assert_eq!(sync(&one).await, [0, 1, 1, 0, 0]);
        assert_eq!(test.value("SELECT name FROM products WHERE id = 2").await, "Mate");
    }

    async fn the_ledger_holds_each_row_of_a_source_once(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let held = "SELECT sync_run_id, SUM(row_count) FROM sync_seen GROUP BY sync_run_id ORDER BY sync_run_id";
        test.sync("id,name\n1,Tea\n2,Mate\n3,Coffee\n", into("products")).await;
        assert_eq!(test.query(held).await, ["1|3"]);
        test.sync("id,name\n1,Tea\n2,Mate\n3,Coffee\n", into("products")).await;
        assert_eq!(test.query(held).await, ["2|3"]);
        // The third row is not in the source any more: the run before is the last one that saw it.
        test.sync("id,name\n1,Tea\n2,Mate!\n4,New\n", into("products")).await;
        assert_eq!(test.query(held).await, ["2|1", "3|3"]);
    }

    async fn the_run_that_saw_a_row_last_can_be_told(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.execute("INSERT INTO products (id, name) VALUES (9, 'by hand')").await;
        test.sync("id,name\n1,Tea\n2,Mate\n", into("products")).await;
        test.sync("id,name\n1,Tea\n3,Coffee\n", into("products")).await;
        let output = test.command(&["show", "products", "--runs", "--csv"]).output().unwrap();
        let shown = String::from_utf8(output.stdout).unwrap();
        let runs: Vec<_> = shown.lines().map(|line| (line.split(',').next().unwrap(), line.rsplit(',').next().unwrap())).collect();
        assert_eq!(runs, [("id", "last_sync_run_id"), ("1", "2"), ("2", "1"), ("3", "2"), ("9", "")]);
    }

    async fn a_source_that_is_suddenly_empty_fails(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.sync("id,name\n1,Tea\n", into("products")).await;
        let result = test.sync("id,name\n", into("products")).await;
        assert_eq!(result.error.and_then(|error| error.code).as_deref(), Some("source_empty"));
    }

    async fn columns_of_the_table_that_say_what_runs_saw_are_used(test: Test) {
        test.make(
            "CREATE TABLE stores (code VARCHAR(10) COLLATE utf8mb4_bin PRIMARY KEY, city TEXT, last_sync_run_id BIGINT NULL, \
             last_synced_at DATETIME(3) NULL)",
            "CREATE TABLE stores (code VARCHAR(10) PRIMARY KEY, city TEXT, last_sync_run_id BIGINT NULL, last_synced_at DATETIME NULL)",
        )
        .await;
        test.sync("code,city\nA,Madrid\nB,Bogotá\n", into("stores")).await;
        let result = test.sync("code,city\nA,Madrid\nB,Cali\nB,Lima\n", into("stores")).await;
        assert_eq!(counts(&result), [0, 1, 1, 1, 0]);
        assert_eq!(
            test.query("SELECT code, city, last_sync_run_id FROM stores WHERE last_synced_at IS NOT NULL ORDER BY code").await,
            ["A|Madrid|2", "B|Cali|2"]
        );
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_seen").await, "0");
    }

    async fn what_somebody_changes_while_a_run_reads_is_seen(test: Test) {
        let id = if test.is_sqlite() { "INTEGER" } else { "INT" };
        test.execute(&format!("CREATE TABLE songs (id {id} PRIMARY KEY, title VARCHAR(20), stock INT DEFAULT 0)")).await;
        let name = "songs_edited";
        let ((steps, gated), app) = (scripted(&test, name), app(&test).await);
        let gated = catchment::SyncRequest { options: into("songs").as_object().unwrap().clone(), ..gated };
        steps.send(Step::Rows(0..4000)).unwrap();
        steps.send(Step::End).unwrap();
        assert_eq!(counts(&app.service().sync(&ME, gated.clone()).await.unwrap()), [4000, 0, 0, 0, 0]);
        let (steps, _) = scripted(&test, name);
        let id = app.service().schedule_sync(&ME, gated).await.unwrap();
        let workers = Workers::start(app.service(), 1);
        steps.send(Step::Rows(0..2000)).unwrap();
        until(&test, &format!("SELECT page_no FROM sync_runs WHERE id = {id}"), "1").await;
        // Beside the run: a row of the next page gets another title, one another stock, one goes.
        test.execute("UPDATE songs SET title = 'edited' WHERE id = 3000").await;
        test.execute("UPDATE songs SET stock = 7 WHERE id = 3001").await;
        test.execute("DELETE FROM songs WHERE id = 3002").await;
        steps.send(Step::Rows(2000..4000)).unwrap();
        steps.send(Step::End).unwrap();
        let result = app.service().execute_sync(&ME, id).await.unwrap();
        assert_eq!(counts(&result), [1, 1, 3998, 0, 0]);
        let rows = "SELECT id, title, stock FROM songs WHERE id BETWEEN 3000 AND 3002 ORDER BY id";
        assert_eq!(test.query(rows).await, ["3000|3000|0", "3001|3001|7", "3002|3002|0"]);
        app.service().shut_down();
        workers.finish().await;
    }

    async fn a_row_that_the_database_refuses_takes_nothing_with_it(test: Test) {
        test.execute("CREATE TABLE prices (id INT NOT NULL PRIMARY KEY, price INT CHECK (price < 100))").await;
        let rows: String = (1..=3000).map(|id| format!("{id},{}\n", if id % 1000 == 0 { 100 } else { id % 100 })).collect();
        let result = test.sync(&format!("id,price\n{rows}"), into("prices")).await;
        assert_eq!(counts(&result), [2997, 0, 0, 0, 3]);
        assert_eq!(test.value("SELECT COUNT(*) FROM prices").await, "2997");
        let again = test.sync(&format!("id,price\n{rows}"), into("prices")).await;
        assert_eq!(counts(&again), [0, 0, 2997, 0, 3]);
    }

    async fn names_are_names_whatever_they_are(test: Test) {
        let long = "n".repeat(64);
        let names = ["order", "my table", "wei`rd", "qu\"oted", "Größe", "t😀", "{now}", "a?b", "100%", &long];
        let quote = |name: &str| {
            if test.is_sqlite() { format!("\"{}\"", name.replace('"', "\"\"")) } else { format!("`{}`", name.replace('`', "``")) }
        };
        for name in names {
            // MySQL takes no name beyond the Basic Multilingual Plane.
            let table = if name.contains('😀') && !test.is_sqlite() { "t_emoji" } else { name };
            let [key, value] = ["select", table].map(quote);
            let text = if test.is_sqlite() { "TEXT" } else { "VARCHAR(20)" };
            test.execute(&format!("CREATE TABLE {} ({key} INT PRIMARY KEY, {value} {text})", quote(table))).await;
            let field = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
            let csv = |text: &str| format!("select,{}\n1,a\n2,{text}\n", field(table));
            assert_eq!(counts(&test.sync(&csv("b"), into(table)).await), [2, 0, 0, 0, 0], "{table}");
            assert_eq!(counts(&test.sync(&csv("c"), into(table)).await), [0, 1, 1, 0, 0], "{table}");
            assert_eq!(test.query(&format!("SELECT {value} FROM {} ORDER BY 1", quote(table))).await, ["a", "c"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_target_is_refused_with_its_reason() {
    let test = Test::mariadb().await;
    test.execute("CREATE TABLE t (id INT PRIMARY KEY, v INT); CREATE VIEW seen AS SELECT * FROM t").await;
    test.execute(
        "CREATE TABLE isam (id INT PRIMARY KEY) ENGINE = MyISAM; CREATE TABLE bare (id INT, name VARCHAR(9))",
    )
    .await;
    test.execute("CREATE TABLE log (id INT); CREATE TRIGGER noted AFTER INSERT ON t FOR EACH ROW INSERT INTO log VALUES (NEW.id)").await;
    let path = test.file("source.csv", "id,name,v\n1,a,2\n");
    let app = test.app().await;
    for (table, code, part) in [
        ("seen", "unfit_target", "it is a view"),
        ("isam", "unfit_target", "MyISAM"),
        ("bare", "no_unique_key", "ALTER TABLE `bare` ADD UNIQUE KEY (`id`);"),
        ("sync_runs", "invalid_options", "a table of Catchment itself"),
        ("nothing", "invalid_options", "unknown target table `nothing`; the database has: content_index"),
    ] {
        let error = app.service().check(&ME, request(&path, into(table))).await.err();
        let error = error.or_else(|| None).unwrap_or_else(|| panic!("{table} was accepted"));
        assert_eq!(error.code(), code, "{error}");
        assert!(error.message().contains(part), "{error}");
    }
    let result = app.service().sync(&ME, request(&path, into("t"))).await.unwrap();
    assert_eq!(counts(&result), [1, 0, 0, 0, 0]);
    let run = app.service().run(&ME, result.sync_run_id).await.unwrap();
    assert!(
        run.metadata
            .findings
            .iter()
            .any(|finding| finding.message.contains("the trigger `noted` (after insert)"))
    );
    assert_eq!(test.value("SELECT COUNT(*) FROM log").await, "1");
}
