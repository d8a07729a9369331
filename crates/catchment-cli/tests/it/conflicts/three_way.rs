//! `keep_edits` and `ask`: what somebody changed by hand since a run wrote it stays.

use catchment::ConflictState;
use serde_json::json;

use super::{PRODUCTS, counted};
use crate::support::{ME, Test, on_both, request};

const FIRST: &str = "id,name,price\n1,Tea,10\n2,Mate,20\n";

on_both! {
    async fn an_edit_survives_and_the_sources_changes_reach_what_nobody_edited(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let keep = json!({ "price": "keep_edits" });
        test.synced(FIRST, keep.clone()).await;
        test.execute("UPDATE products SET price = 12 WHERE id = 1").await;
        // The source has not moved.
        assert_eq!(counted(&test.synced(FIRST, keep.clone()).await), [0, 0, 1, 1, 1]);
        // Only the source has, of the second; both have, of the first.
        let run = test.synced("id,name,price\n1,Green tea,15\n2,Mate,25\n", keep.clone()).await;
        assert_eq!(counted(&run), [0, 2, 0, 0, 1]);
        assert_eq!(test.products().await, ["1|Green tea|12|NULL", "2|Mate|25|NULL"]);
        // The edit is taken back: the source wins again.
        test.execute("UPDATE products SET price = 10 WHERE id = 1").await;
        test.synced("id,name,price\n1,Green tea,15\n2,Mate,25\n", keep.clone()).await;
        assert_eq!(test.products().await, ["1|Green tea|15|NULL", "2|Mate|25|NULL"]);
        // Both come to the same: that is what the next change is held against.
        test.execute("UPDATE products SET price = 30 WHERE id = 1").await;
        assert_eq!(counted(&test.synced("id,name,price\n1,Green tea,30\n2,Mate,25\n", keep.clone()).await), [0, 0, 2, 0, 0]);
        test.synced("id,name,price\n1,Green tea,31\n2,Mate,25\n", keep).await;
        assert_eq!(test.products().await[0], "1|Green tea|31|NULL");
        assert_eq!(test.conflicts_in(ConflictState::Open).await, [""; 0]);
    }

    async fn what_no_run_has_written_is_taken_for_an_edit(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        test.synced(FIRST, json!({})).await;
        test.execute("UPDATE products SET price = 12 WHERE id = 1").await;
        let keep = json!({ "price": "keep_edits", "name": "keep_edits" });
        let run = test.synced(FIRST, keep.clone()).await;
        assert_eq!(counted(&run), [0, 0, 1, 1, 1]);
        assert!(run.metadata.has_found("conflicts"));
        // Where the table was as the source has it, that is known from now on.
        let run = test.synced("id,name,price\n1,Black tea,15\n2,Mate,25\n", keep).await;
        assert_eq!(counted(&run), [0, 2, 0, 0, 1]);
        assert_eq!(test.products().await, ["1|Black tea|12|NULL", "2|Mate|25|NULL"]);
    }

    async fn null_is_a_value_that_somebody_may_have_written(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let keep = json!({ "price": "keep_edits", "name": "keep_edits" });
        test.synced("id,name,price\n1,,10\n2,Mate,\n", keep.clone()).await;
        test.execute("UPDATE products SET price = NULL WHERE id = 1").await;
        test.execute("UPDATE products SET name = 'Tea' WHERE id = 1").await;
        let run = test.synced("id,name,price\n1,,10\n2,,20\n", keep.clone()).await;
        assert_eq!(counted(&run), [0, 1, 0, 1, 2]);
        assert_eq!(test.products().await, ["1|Tea|NULL|NULL", "2|NULL|20|NULL"]);
    }

    async fn a_run_without_the_policy_forgets_what_was_written(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let keep = json!({ "price": "keep_edits" });
        test.synced(FIRST, keep.clone()).await;
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_written").await, "2");
        test.synced("id,name,price\n1,Tea,11\n2,Mate,20\n", json!({})).await;
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_written").await, "0");
        test.synced("id,name,price\n1,Tea,11\n2,Mate,20\n", keep.clone()).await;
        test.synced("id,name,price\n1,Tea,13\n2,Mate,20\n", keep).await;
        assert_eq!(test.products().await[0], "1|Tea|13|NULL");
    }

    async fn a_conflict_is_filed_once_and_closed_where_there_is_none_any_more(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let ask = json!({ "price": "ask" });
        test.synced(FIRST, ask.clone()).await;
        test.execute("UPDATE products SET price = 12 WHERE id = 1").await;
        let run = test.synced("id,name,price\n1,Tea,10\n2,Mate,20\n", ask.clone()).await;
        assert_eq!((counted(&run), run.metadata.conflicts), ([0, 0, 1, 1, 1], 0));
        let moved = "id,name,price\n1,Tea,15\n2,Mate,20\n";
        let run = test.synced(moved, ask.clone()).await;
        assert_eq!((counted(&run), run.metadata.conflicts, run.metadata.needs_attention()), ([0, 0, 1, 1, 1], 1, true));
        assert_eq!(test.conflicts_in(ConflictState::Open).await, ["1 price: 10 -> 12 | 15"]);
        let run = test.synced(moved, ask.clone()).await;
        assert_eq!((run.metadata.conflicts, run.metadata.needs_attention()), (0, false));
        test.synced("id,name,price\n1,Tea,16\n2,Mate,20\n", ask.clone()).await;
        assert_eq!(test.conflicts_in(ConflictState::Open).await, ["1 price: 10 -> 12 | 16"]);
        test.synced("id,name,price\n1,Tea,12\n2,Mate,20\n", ask.clone()).await;
        assert_eq!(test.conflicts_in(ConflictState::Open).await, [""; 0]);
        assert_eq!(test.conflicts_in(ConflictState::Settled).await, ["1 price: 10 -> 12 | 16 by agreed"]);
        // It is filed anew where it comes again.
        test.execute("UPDATE products SET price = 13 WHERE id = 1").await;
        test.synced("id,name,price\n1,Tea,14\n2,Mate,20\n", ask).await;
        assert_eq!(test.conflicts_in(ConflictState::Open).await, ["1 price: 12 -> 13 | 14"]);
        // A run of another policy settles it by writing.
        test.synced("id,name,price\n1,Tea,14\n2,Mate,20\n", json!({})).await;
        assert_eq!(test.conflicts_in(ConflictState::Settled).await, ["1 price: 12 -> 13 | 14 by agreed"]);
    }

    async fn a_preview_files_nothing(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let options = json!({ "targetTable": "products", "conflicts": { "price": "ask" } });
        test.sync(FIRST, options.clone()).await;
        test.execute("UPDATE products SET price = 12 WHERE id = 1").await;
        let app = test.app().await;
        let made = request(&test.file("source.csv", "id,name,price\n1,Tea,15\n2,Mate,25\n"), options);
        let preview = app.service().preview(&ME, made).await.unwrap();
        app.service().execute_sync(&ME, preview).await.unwrap();
        assert_eq!(counted(&app.service().run(&ME, preview).await.unwrap()), [0, 1, 0, 1, 1]);
        assert_eq!(test.conflicts_in(ConflictState::Open).await, [""; 0]);
        let approved = app.service().approve(&ME, preview).await.unwrap();
        app.service().execute_sync(&ME, approved).await.unwrap();
        assert_eq!(test.conflicts_in(ConflictState::Open).await, ["1 price: 10 -> 12 | 15"]);
        assert_eq!(test.products().await, ["1|Tea|12|NULL", "2|Mate|25|NULL"]);
    }

    async fn rows_of_a_built_in_table_keep_edits(test: Test) {
        let options = json!({ "contentType": "music", "conflicts": { "genre": "keep_edits", "title": "ask" } });
        test.sync("external_id,title,genre\n1,Hello,Pop\n2,Clocks,Rock\n", options.clone()).await;
        test.execute("UPDATE content_index SET genre = 'Jazz', title = 'Hi' WHERE external_id = '1'").await;
        test.sync("external_id,title,genre\n1,Hallo,Soul\n2,Clocks,Soul\n", options).await;
        assert_eq!(test.query("SELECT title, genre FROM content_index ORDER BY external_id").await, ["Hi|Jazz", "Clocks|Soul"]);
        assert_eq!(test.conflicts_in(ConflictState::Open).await, ["1 title: Hello -> Hi | Hallo"]);
    }

    async fn what_is_deleted_leaves_no_conflict(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let options = json!({ "targetTable": "products", "conflicts": { "price": "ask" }, "whenGone": "delete" });
        test.sync(FIRST, options.clone()).await;
        test.execute("UPDATE products SET price = 12 WHERE id = 1").await;
        test.sync("id,name,price\n1,Tea,15\n2,Mate,20\n", options.clone()).await;
        test.sync("id,name,price\n2,Mate,20\n", options).await;
        assert_eq!(test.conflicts_in(ConflictState::Settled).await, ["1 price: 10 -> 12 | 15 by gone"]);
        assert_eq!(test.value("SELECT COUNT(*) FROM sync_written").await, "1");
    }

    async fn as_many_rows_as_are_worth_reading_at_once_keep_edits(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let list = |plus: u32| {
            let line = |id: u32| format!("{id},Article {id},{}\n", id + plus);
            format!("id,name,price\n{}", (1..=30_000).map(line).collect::<String>())
        };
        let keep = json!({ "price": "keep_edits", "name": "ask" });
        test.synced(&list(0), keep.clone()).await;
        test.execute("UPDATE products SET price = 1 WHERE id % 7 = 0").await;
        assert_eq!(counted(&test.synced(&list(0), keep.clone()).await), [0, 0, 30_000 - 4285, 4285, 4285]);
        assert_eq!(counted(&test.synced(&list(1), keep.clone()).await), [0, 30_000 - 4285, 0, 4285, 4285]);
        assert_eq!(test.value("SELECT COUNT(*) FROM products WHERE price = 1").await, "4285");
        // What was written is noted anew of those that changed, and of no other.
        let noted = "SELECT COUNT(*) FROM sync_written WHERE fields LIKE '%\"price\":\"30001\"%' OR fields LIKE '%\"price\":\"7\"%'";
        assert_eq!(test.value(noted).await, "3");
        test.execute("UPDATE products SET price = id WHERE id % 7 = 0").await;
        assert_eq!(counted(&test.synced(&list(1), keep).await), [0, 4285, 30_000 - 4285, 0, 0]);
    }
}
