//! Settling conflicts: by the table's value, the source's, or one of one's own.

use catchment::{ConflictFilter, ConflictState, Settlement};
use serde_json::{Value, json};

use super::PRODUCTS;
use crate::support::{ME, Test, on_both};

const MOVED: &str = "id,name,price\n1,Tea,15\n2,Mate,25\n3,Milk,35\n";

/// Three prices that both have changed.
async fn three_conflicts(test: &Test) {
    test.make(PRODUCTS[0], PRODUCTS[1]).await;
    let ask = json!({ "price": "ask" });
    test.synced("id,name,price\n1,Tea,10\n2,Mate,20\n3,Milk,30\n", ask.clone()).await;
    test.execute("UPDATE products SET price = price + 1").await;
    assert_eq!(test.synced(MOVED, ask).await.metadata.conflicts, 3);
}

on_both! {
    async fn a_settled_conflict_stays_settled_until_the_source_moves(test: Test) {
        three_conflicts(&test).await;
        assert_eq!(test.settled(&[1], Settlement::Table).await, (1, vec![]));
        assert_eq!(test.settled(&[2], Settlement::Source).await, (1, vec![]));
        assert_eq!(test.settled(&[3], Settlement::Value(json!("33.50"))).await, (1, vec![]));
        assert_eq!(test.products().await, ["1|Tea|11|NULL", "2|Mate|25|NULL", "3|Milk|33.5|NULL"]);
        let run = test.synced(MOVED, json!({ "price": "ask" })).await;
        assert_eq!((run.metadata.fields_kept, run.metadata.conflicts), (2, 0));
        assert_eq!(test.products().await, ["1|Tea|11|NULL", "2|Mate|25|NULL", "3|Milk|33.5|NULL"]);
        let settled = ["1 price: 10 -> 11 | 15 by table", "2 price: 20 -> 21 | 25 by source", "3 price: 30 -> 31 | 35 by value"];
        assert_eq!(test.conflicts_in(ConflictState::Settled).await, settled);
        // The source moves: where it was taken it is taken again, and the others are asked for.
        let run = test.synced("id,name,price\n1,Tea,16\n2,Mate,26\n3,Milk,36\n", json!({ "price": "ask" })).await;
        assert_eq!((run.metadata.fields_kept, run.metadata.conflicts), (2, 2));
        assert_eq!(test.products().await, ["1|Tea|11|NULL", "2|Mate|26|NULL", "3|Milk|33.5|NULL"]);
        assert_eq!(test.conflicts_in(ConflictState::Open).await, ["1 price: 10 -> 11 | 16", "3 price: 30 -> 33.5 | 36"]);
    }

    async fn many_are_settled_by_what_they_have_in_common(test: Test) {
        three_conflicts(&test).await;
        let app = test.app().await;
        let settle = async |filter: Value, settlement| {
            let filter: ConflictFilter = serde_json::from_value(filter).unwrap();
            app.service().settle_conflicts(&ME, &filter, &settlement).await.unwrap().settled
        };
        assert_eq!(settle(json!({ "column": "name" }), Settlement::Source).await, 0);
        assert_eq!(settle(json!({ "targetTable": "songs" }), Settlement::Source).await, 0);
        assert_eq!(settle(json!({ "runId": 2, "column": "price" }), Settlement::Source).await, 3);
        assert_eq!(settle(json!({}), Settlement::Source).await, 0);
        assert_eq!(test.products().await, ["1|Tea|15|NULL", "2|Mate|25|NULL", "3|Milk|35|NULL"]);
        // They are the source's now, and follow it.
        test.synced("id,name,price\n1,Tea,16\n2,Mate,26\n3,Milk,36\n", json!({ "price": "ask" })).await;
        assert_eq!(test.products().await, ["1|Tea|16|NULL", "2|Mate|26|NULL", "3|Milk|36|NULL"]);
    }

    async fn a_value_that_nobody_has_seen_is_not_written_over(test: Test) {
        three_conflicts(&test).await;
        test.execute("UPDATE products SET price = 99 WHERE id = 1").await;
        test.execute("DELETE FROM products WHERE id = 2").await;
        let (settled, left) = test.settled(&[], Settlement::Source).await;
        let reasons: Vec<_> = left.iter().map(|left| (left.id, left.reason.replace(".00", ""))).collect();
        let expected = [
            (1, "the table has `99` now; look at it, and settle it again".to_owned()),
            (2, "its row is not in the table any more".to_owned()),
        ];
        assert_eq!((settled, reasons), (1, expected.to_vec()));
        assert_eq!(test.products().await, ["1|Tea|99|NULL", "3|Milk|35|NULL"]);
        assert_eq!(test.conflicts_in(ConflictState::Open).await, ["1 price: 10 -> 99 | 15"]);
        assert_eq!(test.settled(&[1], Settlement::Source).await, (1, vec![]));
        assert_eq!(test.settled(&[1], Settlement::Source).await.1[0].reason, "it is settled already");
    }

    async fn a_value_that_does_not_fit_is_refused_with_the_reason(test: Test) {
        three_conflicts(&test).await;
        let (settled, left) = test.settled(&[1], Settlement::Value(json!("cheap"))).await;
        assert_eq!((settled, left[0].reason.starts_with("price: `cheap` does not fit; accepted: a number")), (0, true), "{left:?}");
        assert_eq!(test.settled(&[1], Settlement::Value(json!(null))).await, (1, vec![]));
        assert_eq!(test.products().await[0], "1|Tea|NULL|NULL");
        let filter = ConflictFilter { ids: vec![77], ..ConflictFilter::default() };
        let error = test.app().await.service().settle_conflicts(&ME, &filter, &Settlement::Table).await.unwrap_err();
        assert_eq!((error.code(), error.message()), ("no_such_conflict", "there is no conflict 77"));
    }

    async fn a_settlement_of_a_built_in_table_changes_its_row_and_no_other(test: Test) {
        let options = json!({ "contentType": "music", "conflicts": { "title": "ask", "metadata": "ask" } });
        test.sync("external_id,title,year\n1,Hello,2015\n2,Clocks,2002\n", options.clone()).await;
        test.execute("UPDATE content_index SET title = 'Hi', metadata = '{\"year\": \"1999\"}' WHERE external_id = '1'").await;
        test.sync("external_id,title,year\n1,Hallo,2016\n2,Clocks,2002\n", options).await;
        assert_eq!(test.settled(&[], Settlement::Source).await, (2, vec![]));
        let rows = "SELECT title, metadata, last_sync_run_id FROM content_index ORDER BY external_id";
        assert_eq!(test.query(rows).await, ["Hallo|{\"year\":\"2016\"}|2", "Clocks|{\"year\":\"2002\"}|2"]);
    }
}
