//! The policies that need no memory: who wins by the values alone, or by when they changed.

use serde_json::json;

use super::{PRODUCTS, counted, plain};
use crate::support::{ME, Test, on_both, request};

on_both! {
    async fn each_policy_says_who_wins(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.execute("INSERT INTO products VALUES (1, 'Tea', 5, 7, NULL), (2, ' ', NULL, NULL, NULL), (3, NULL, 9, 3, NULL)").await;
        for (policy, columns, expected) in [
            ("source", "name", ["Coffee", "Mate", "Water"]),
            ("target", "name", ["Tea", " ", "Water"]),
            ("fill_empty", "name", ["Tea", "Mate", "Water"]),
            ("max", "price", ["6", "1", "9"]),
            ("min", "price", ["5", "1", "8"]),
        ] {
            test.execute("UPDATE products SET name = 'Tea', price = 5 WHERE id = 1").await;
            test.execute("UPDATE products SET name = ' ', price = NULL WHERE id = 2").await;
            test.execute("UPDATE products SET name = NULL, price = 9 WHERE id = 3").await;
            test.synced("id,name,price\n1,Coffee,6\n2,Mate,1\n3,Water,8\n", json!({ columns: policy })).await;
            let found = test.query(&format!("SELECT {columns} FROM products ORDER BY id")).await;
            assert_eq!(found.into_iter().map(plain).collect::<Vec<_>>(), expected, "{policy}");
        }
        // What nobody maps stays.
        assert_eq!(test.value("SELECT COUNT(*) FROM products WHERE stock = 7").await, "1");
    }

    async fn whoever_changed_last_wins(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.execute(
            "INSERT INTO products VALUES (1, 'Tea', 5, 7, '2026-11-24 10:00:00'), (2, 'Mate', 5, 7, '2026-11-24 10:00:00'), \
             (3, 'Milk', 5, 7, NULL), (4, 'Beer', 5, 7, '2026-11-24 10:00:00'), (5, 'Wine', 5, 7, '2026-11-24 10:00:00')",
        )
        .await;
        let text = "id,name,modified\n1,T,2026-11-24T10:00:01\n2,M,2026-11-24 09:59:59\n3,K,2020-01-01\n4,B,\n5,W,2026-11-24 10:00\n6,New,\n";
        let newest = json!({ "name": { "newest": { "source": "modified", "target": "edited" } } });
        let run = test.synced(text, newest.clone()).await;
        assert_eq!(counted(&run), [1, 2, 0, 3, 3]);
        assert_eq!(test.query("SELECT name FROM products ORDER BY id").await, ["T", "Mate", "K", "Beer", "Wine", "New"]);
        // What says nothing of when is a reject, and no guess.
        let run = test.synced("id,name,modified\n1,X,yesterday\n", newest).await;
        assert_eq!(run.metadata.counts.failed, 1);
        let errors = test.app().await.service().errors(&ME, run.id, 0, 10).await.unwrap();
        assert!(errors[0].message.contains("modified (which says when the record changed): "), "{}", errors[0].message);
    }

    async fn a_built_in_table_is_asked_when_its_rows_changed(test: Test) {
        let options = |conflicts| json!({ "contentType": "music", "conflicts": conflicts });
        let newest = json!({ "genre": { "newest": { "source": "changed", "target": "updated_at" } } });
        test.sync("external_id,title,genre,changed\n1,Hello,Pop,2020-01-01\n", options(newest.clone())).await;
        let result = test.sync("external_id,title,genre,changed\n1,Hello,Soul,2021-01-01\n", options(newest.clone())).await;
        assert_eq!((result.items_skipped, test.value("SELECT genre FROM content_index").await.as_str()), (1, "Pop"));
        test.sync("external_id,title,genre,changed\n1,Hello,Soul,2035-01-01\n", options(newest)).await;
        assert_eq!(test.value("SELECT genre FROM content_index").await, "Soul");
    }

    async fn rows_that_keep_all_their_values_are_skipped_and_seen(test: Test) {
        test.sync("external_id,title,genre\n1,Hello,Pop\n2,Clocks,Rock\n", json!({ "contentType": "music" })).await;
        let options = json!({ "contentType": "music", "whenGone": "delete", "conflicts": { "genre": "target" } });
        let result = test.sync("external_id,title,genre\n1,Hello,Soul\n2,Hello,Soul\n", options).await;
        assert_eq!((result.items_processed, result.items_skipped), (1, 1));
        let rows = "SELECT title, genre, last_sync_run_id FROM content_index ORDER BY external_id";
        assert_eq!(test.query(rows).await, ["Hello|Pop|2", "Hello|Rock|2"]);
        let skips = test.app().await.service().skips(&ME, 2, 0, 10).await.unwrap();
        let differences = &skips[0].differences[0];
        let told = (skips[0].reason.as_str(), differences.first.as_deref(), differences.here.as_deref());
        assert_eq!(told, ("kept_edit", Some("Pop"), Some("Soul")));
    }

    async fn a_preview_shows_and_an_approval_writes_what_policies_leave(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.execute("INSERT INTO products VALUES (1, 'Tea', 5, 7, NULL), (2, 'Mate', 6, 7, NULL)").await;
        let app = test.app().await;
        let text = "id,name,price\n1,Black tea,4\n2,Mate,5\n3,Milk,1\n";
        let options = json!({ "targetTable": "products", "conflicts": { "price": "max" } });
        let made = request(&test.file("source.csv", text), options);
        let preview = app.service().preview(&ME, made).await.unwrap();
        app.service().execute_sync(&ME, preview).await.unwrap();
        let run = app.service().run(&ME, preview).await.unwrap();
        assert_eq!(counted(&run), [1, 1, 0, 1, 2]);
        assert_eq!(run.metadata.preview.unwrap().columns.keys().collect::<Vec<_>>(), ["name"]);
        assert_eq!(test.products().await, ["1|Tea|5|7", "2|Mate|6|7"]);
        let approved = app.service().approve(&ME, preview).await.unwrap();
        app.service().execute_sync(&ME, approved).await.unwrap();
        assert_eq!(counted(&app.service().run(&ME, approved).await.unwrap()), [1, 1, 0, 1, 2]);
        assert_eq!(test.products().await, ["1|Black tea|5|7", "2|Mate|6|7", "3|Milk|1|NULL"]);
    }

    async fn what_does_not_fit_is_refused_with_its_place(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let app = test.app().await;
        let path = test.file("source.csv", "id,name,price\n1,Tea,5\n");
        for (conflicts, told) in [
            (json!({ "nmae": "target" }), "/options/conflicts/nmae: `products` has no column `nmae` to map; did you mean `name`?"),
            (json!({ "name": "max" }), "/options/conflicts/name: holds text of up to 50 characters, of which none is larger"),
            (json!({ "name": "mine" }), "must be `source`, `target`, `fill_empty`, `max`, `min`, `keep_edits`, `ask`, or"),
            (
                json!({ "name": { "newest": { "source": "price", "target": "name" } } }),
                "/options/conflicts/name/newest/target: is `name`, which holds text of up to 50 characters; it must be a date",
            ),
        ] {
            let options = json!({ "targetTable": "products", "conflicts": conflicts });
            let error = app.service().schedule_sync(&ME, request(&path, options)).await.unwrap_err();
            assert!(error.full_message().contains(told), "{}", error.full_message());
        }
        for (conflicts, told) in [
            (json!({ "id": "target" }), "is a column of the key, which never differs; leave it out"),
            (json!({ "stock": "target" }), "is fed by nothing of the source"),
            (
                json!({ "name": { "newest": { "source": "modifid", "target": "edited" } } }),
                "/options/conflicts/name/newest/source: is `modifid`, which is not a column of the source",
            ),
        ] {
            let run = test.synced("id,name,price\n1,Tea,5\n", conflicts).await;
            let error = run.error.unwrap().message;
            assert!(error.contains(told), "{error}");
        }
    }
}
