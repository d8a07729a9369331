//! Previews over HTTP and on the command line.

use serde_json::{Value, json};

use super::{PRODUCTS, products};
use crate::http::Server;
use crate::support::{Test, on_both};

on_both! {
    async fn a_preview_is_made_looked_at_and_approved_over_http(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let server = Server::start(&test, &[("CATCHMENT_TARGET_TABLES", "products")]);
        server.wait_for("ready");
        let body = serde_json::to_value(products(&test, "id,name,price\n1,Tea,1\n2,Mate,2\n3,Nothing,x\n")).unwrap();
        let answer = server.post("/v1/sync/preview", &body);
        assert_eq!((answer.status, &answer.body["data"]), (202, &json!({ "syncRunId": 1 })));
        server.wait_for("sync completed");
        let shown = server.get("/v1/sync/1").body["data"].clone();
        assert_eq!((&shown["mode"], &shown["itemsInserted"], &shown["itemsFailed"]), (&json!("preview"), &json!(2), &json!(1)));
        assert_eq!(shown["preview"]["insertsStored"], 2);
        let changes = server.get("/v1/sync/1/changes?kind=insert&column=price&limit=1").body["data"].clone();
        assert_eq!((&changes["changesStored"], &changes["changes"][0]["item"]), (&json!(2), &json!("1")));
        let next = server.get(&format!("/v1/sync/1/changes?limit=1&after={}", changes["nextAfter"])).body["data"].clone();
        assert_eq!(next["changes"][0]["fields"][1], json!({ "column": "name", "before": null, "after": "Mate" }));
        let rejects = server.get("/v1/sync/1/changes?kind=reject&column=price").body["data"].clone();
        assert!(rejects["changes"][0]["reason"].as_str().unwrap().starts_with("line 4: price: "), "{rejects}");
        assert_eq!(server.get("/v1/sync/1/changes?kind=nonsense").refusal(), (422, Some("invalid_query")));
        let approved = server.post("/v1/sync/1/approve", &Value::Null);
        assert_eq!((approved.status, &approved.body["data"]), (202, &json!({ "syncRunId": 2 })));
        server.wait_for("sync completed");
        assert_eq!(test.value("SELECT COUNT(*) FROM products").await, "2");
        let run = server.get("/v1/sync/2").body["data"].clone();
        assert_eq!((&run["mode"], &run["basedOn"], &run["itemsInserted"]), (&json!("approve"), &json!(1), &json!(2)));
        assert_eq!(server.post("/v1/sync/1/approve", &Value::Null).refusal(), (409, Some("already_approved")));
        assert_eq!(server.post("/v1/sync/2/approve", &Value::Null).refusal(), (409, Some("wrong_state")));
    }

    async fn a_shop_sees_the_prices_that_are_wrong_before_they_are_written(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let list = |wrong: &[usize], rise: usize| {
            let line = |id: usize| match id {
                id if wrong.contains(&id) => format!("{id},Article {id},{}.50\n", id + rise),
                id => format!("{id},Article {id},{}\n", id * 1000 + 500 + rise * 1000),
            };
            format!("id,name,price\n{}", (1..=900).map(line).collect::<String>())
        };
        let path = test.file("prices.csv", list(&[], 0));
        let path = path.to_str().unwrap();
        let said = |args: &[&str]| {
            let output = test.command(args).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        assert_eq!(said(&["sync", path, "--target", "products"]).0, Some(0));
        // The next list: all prices rise a bit, and three are wrong by a factor of a thousand.
        test.file("prices.csv", list(&[500, 700, 900], 1));
        let (code, shown) = said(&["sync", path, "--target", "products", "--dry-run"]);
        assert_eq!(code, Some(0), "{shown}");
        let lines: Vec<_> = shown.lines().skip_while(|line| !line.starts_with("column")).take(6).collect();
        assert_eq!(
            lines,
            [
                "column  rows  median  largest change",
                "price   900   +0.2 %  900,500 → 901.5 (900)",
                "Updates, those first that change a number the most (10 of 900):",
                "  900: price 900,500 → 901.5",
                "  700: price 700,500 → 701.5",
                "  500: price 500,500 → 501.5",
            ],
            "{shown}"
        );
        assert!(shown.contains("Nothing was written. To write this, and nothing else: catchment runs approve 2"), "{shown}");
        // Mended, and written as it is shown.
        test.file("prices.csv", list(&[], 1));
        assert_eq!(said(&["runs", "approve", "2"]).0, Some(1));
        assert!(said(&["runs", "show", "3"]).1.contains("are not what preview 2 has shown"));
        let (_, shown) = said(&["sync", path, "--target", "products", "--dry-run", "--json"]);
        let preview: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((&preview["mode"], &preview["preview"]["columns"]["price"]["rows"]), (&json!("preview"), &json!(900)));
        let (code, told) = said(&["runs", "approve", &preview["syncRunId"].to_string()]);
        assert!(code == Some(0) && told.contains("updated            900"), "{told}");
        assert_eq!(said(&["runs", "changes", "2", "--column", "price"]).1.lines().count(), 900);
    }
}
