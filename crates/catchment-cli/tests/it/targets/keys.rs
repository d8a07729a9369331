//! Which rows are the same: as the key itself compares them.

use serde_json::json;

use crate::support::{ME, Test, counts, on_both, request};

on_both! {
    async fn rows_are_told_apart_as_the_key_compares(test: Test) {
        test.make(
            "CREATE TABLE people (name VARCHAR(30) COLLATE utf8mb4_general_ci PRIMARY KEY, age INT) CHARACTER SET utf8mb4",
            "CREATE TABLE people (name VARCHAR(30) COLLATE NOCASE PRIMARY KEY, age INT)",
        )
        .await;
        let sync = async |text: &str| counts(&test.sync(text, json!({"targetTable": "people"})).await);
        assert_eq!(sync("name,age\nabC,1\nABC,2\nxyz,3\n").await, [2, 0, 0, 1, 0]);
        let path = test.file("source.csv", "name,age\nabC,1\n");
        let report = test.app().await.service().check(&ME, request(&path, json!({"targetTable": "people"}))).await.unwrap();
        assert!(report.inspection.findings.iter().any(|finding| finding.message.contains("`abC` and `abc` may be one row")));
        // The row keeps the spelling of its key.
        assert_eq!(sync("name,age\nAbc,1\nxyz,4\n").await, [0, 1, 1, 0, 0]);
        assert_eq!(test.query("SELECT name, age FROM people ORDER BY age").await, ["abC|1", "xyz|4"]);
        if !test.is_sqlite() {
            assert_eq!(sync("name,age\nÁBC,9\n").await, [0, 1, 0, 0, 0], "accents do not count in this collation");
        }
    }

    async fn keys_of_several_columns_of_several_types(test: Test) {
        let types = ["a BIGINT UNSIGNED", "b DECIMAL(20,4)", "c DATE", "d VARBINARY(4)"];
        let types = if test.is_sqlite() { ["a BIGINT", "b DECIMAL(10,4)", "c DATE", "d BLOB"] } else { types };
        test.execute(&format!("CREATE TABLE wide ({}, v INT, UNIQUE (d, c, b, a))", types.map(|it| format!("{it} NOT NULL")).join(", ")))
            .await;
        let large = if test.is_sqlite() { "9223372036854775807" } else { "18446744073709551615" };
        let csv = |v: i32| {
            format!("a,b,c,d,v\n{large},1.50,2026-01-02,0xFF00,{v}\n{large},1.5,2026-01-02,0xff00,7\n1,1.5,2026-01-02,0xFF00,1\n,1,2026-01-02,0x00,1\n")
        };
        let options = json!({"targetTable": "wide"});
        assert_eq!(counts(&test.sync(&csv(1), options.clone()).await), [2, 0, 0, 1, 1]);
        assert_eq!(counts(&test.sync(&csv(1), options.clone()).await), [0, 0, 2, 1, 1]);
        assert_eq!(counts(&test.sync(&csv(2), options).await), [0, 1, 1, 1, 1]);
        assert_eq!(test.query("SELECT a, v FROM wide ORDER BY v").await, ["1|1".to_owned(), format!("{large}|2")]);
    }

    async fn the_key_that_is_mapped_counts_and_a_choice_is_asked_for(test: Test) {
        test.make(
            "CREATE TABLE items (id INT AUTO_INCREMENT PRIMARY KEY, sku VARCHAR(20) COLLATE utf8mb4_bin NOT NULL UNIQUE, ean VARCHAR(20) \
             COLLATE utf8mb4_bin UNIQUE, name VARCHAR(20)) CHARACTER SET utf8mb4",
            "CREATE TABLE items (id INTEGER PRIMARY KEY AUTOINCREMENT, sku TEXT NOT NULL UNIQUE, ean TEXT UNIQUE, name TEXT)",
        )
        .await;
        let options = json!({"targetTable": "items"});
        assert_eq!(counts(&test.sync("sku,name\nA,one\nB,two\n", options.clone()).await), [2, 0, 0, 0, 0]);
        assert_eq!(counts(&test.sync("sku,name\nA,one\nB,zwei\n", options.clone()).await), [0, 1, 1, 0, 0]);
        assert_eq!(test.query("SELECT id, sku, name FROM items ORDER BY id").await, ["1|A|one", "2|B|zwei"]);
        let both = test.file("both.csv", "sku,ean,name\nA,1,x\n");
        let app = test.app().await;
        let error = app.service().check(&ME, request(&both, options)).await.unwrap_err();
        assert!(error.message().contains("several unique keys that are mapped"), "{error}");
        // A value that another row has in another unique key is that row's, and updates nobody else.
        let options = json!({"targetTable": "items", "key": "sku"});
        let result = test.sync("sku,ean,name\nA,1,uno\nB,1,dos\nC,3,tres\n", options).await;
        assert_eq!(counts(&result), [1, 1, 0, 0, 1]);
        assert_eq!(test.query("SELECT sku, ean, name FROM items ORDER BY sku").await, ["A|1|uno", "B|NULL|zwei", "C|3|tres"]);
        let error = app.service().check(&ME, request(&both, json!({"targetTable": "items", "key": ["name"]}))).await.unwrap_err();
        assert!(error.message().contains("no unique key of name") && error.message().contains("UNIQUE"), "{error}");
    }
}
