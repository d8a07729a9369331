//! What is done to values on their way into a table.

use serde_json::json;

use crate::support::{ME, Test, counts, on_both, request};

on_both! {
    async fn rules_constants_and_expressions_feed_columns(test: Test) {
        test.execute("CREATE TABLE songs (id INT NOT NULL PRIMARY KEY, label VARCHAR(60), kind VARCHAR(10), price DECIMAL(8,2), live INT, day DATE)").await;
        let options = json!({
            "targetTable": "songs", "decimal": ",", "dateFormat": "dd/MM/yyyy", "where": "kind != 'video'",
            "columnMapping": {
                "id": "id",
                "label": {"expr": "artist ~ ' - ' ~ record['song title']"},
                "kind": {"const": "music"},
                "price": {"from": "precio", "default": "0"},
                "live": {"from": "live", "values": {"Sí": 1, "No": 0}},
                "day": {"from": "day", "format": "yyyy.MM.dd"}
            }
        });
        let text = "id;artist;song title;kind;precio;live;day\n1;Queen;Bohemian;audio;1.234,5;Sí;2026.01.02\n2;ABBA;Waterloo;video;1;No;2026.01.02\n\
                    3;Shakira;Loca;audio;;No;\n4;X;Y;audio;1;maybe;\n";
        let result = test.sync(text, options).await;
        assert_eq!(counts(&result), [2, 0, 0, 1, 1]);
        let rows = test.query("SELECT id, label, kind, price, live, day FROM songs ORDER BY id").await;
        let exact = if test.is_sqlite() { ["1234.5", "0"] } else { ["1234.50", "0.00"] };
        assert_eq!(rows, [
            format!("1|Queen - Bohemian|music|{}|1|2026-01-02", exact[0]),
            format!("3|Shakira - Loca|music|{}|0|NULL", exact[1]),
        ]);
        let skips = test.app().await.service().skips(&ME, result.sync_run_id, 0, 10).await.unwrap();
        assert_eq!(skips.iter().map(|skip| (skip.reason.as_str(), skip.line)).collect::<Vec<_>>(), [("filtered", Some(3))]);
    }

    async fn expressions_are_bounded_and_strict(test: Test) {
        test.execute("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v VARCHAR(30))").await;
        let path = test.file("source.csv", "id,name\n1,a\n2,\n");
        let app = test.app().await;
        let with = |rule| json!({"targetTable": "t", "columnMapping": {"id": "id", "v": rule}});
        for (expr, part) in [("nam ~ 'x'", "did you mean `name`"), ("name ~", "not a valid expression")] {
            let error = app.service().check(&ME, request(&path, with(json!({"expr": expr})))).await.unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
        // An expression that fails, or never ends, costs its own records.
        for expr in ["1 / (id|int - 1)", "range(10000)|map('string')|join|length ~ (range(10000)|map('string')|join)"] {
            let result = test.sync("id,name\n1,a\n", with(json!({"expr": expr}))).await;
            assert_eq!(result.items_failed, 1, "{expr}");
            let errors = app.service().errors(&ME, result.sync_run_id, 0, 10).await.unwrap();
            assert_eq!(errors[0].code, "expression_failed");
        }
    }

    async fn new_columns_of_the_source_end_a_run_that_refuses_them(test: Test) {
        test.execute("CREATE TABLE t (id INT NOT NULL PRIMARY KEY)").await;
        let result = test.sync("id,added\n1,x\n", json!({"targetTable": "t", "unmapped": "fail"})).await;
        let error = result.error.unwrap();
        assert_eq!(error.code.as_deref(), Some("new_columns"));
        assert_eq!(test.value("SELECT COUNT(*) FROM t").await, "0");
        assert!(error.message.contains("`added`"), "{}", error.message);
        assert_eq!(counts(&test.sync("id,added\n1,x\n", json!({"targetTable": "t", "unmapped": "ignore"})).await), [1, 0, 0, 0, 0]);
    }

    async fn the_built_in_tables_take_rules_as_well(test: Test) {
        let options = json!({"columnMapping": {"title": {"expr": "song|upper"}, "content_type": {"const": "music"}}, "unmapped": "ignore"});
        assert_eq!(counts(&test.sync("song,album\nLoca,X\n", options).await), [1, 0, 0, 0, 0]);
        assert_eq!(test.query("SELECT title, content_type, metadata FROM content_index").await, ["LOCA|music|NULL"]);
    }

    async fn a_table_that_needs_what_nothing_feeds_is_told_at_check(test: Test) {
        test.execute("CREATE TABLE t (id INT NOT NULL PRIMARY KEY, must INT NOT NULL, may INT NOT NULL DEFAULT 7)").await;
        let path = test.file("source.csv", "id\n1\n");
        let report = test.app().await.service().check(&ME, request(&path, json!({"targetTable": "t"}))).await.unwrap();
        assert_eq!(report.missing, ["must"]);
        assert!(report.refusal.is_some_and(|error| error.message().contains("`t` needs a value for `must`")));
    }
}
