//! Conflicts over HTTP and on the command line.

use serde_json::{Value, json};

use super::PRODUCTS;
use crate::http::Server;
use crate::support::{Test, on_both, request};

on_both! {
    async fn conflicts_are_listed_and_settled_over_http(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let ask = json!({ "price": "ask" });
        test.synced("id,name,price\n1,Tea,10\n2,Mate,20\n3,Milk,30\n", ask.clone()).await;
        test.execute("UPDATE products SET price = price + 1").await;
        let server = Server::start(&test, &[("CATCHMENT_TARGET_TABLES", "products")]);
        server.wait_for("ready");
        let options = json!({ "targetTable": "products", "conflicts": ask });
        let path = test.file("source.csv", "id,name,price\n1,Tea,15\n2,Mate,25\n3,Milk,35\n");
        server.post("/v1/sync/trigger", &serde_json::to_value(request(&path, options)).unwrap());
        server.wait_for("sync completed");
        let run = server.get("/v1/sync/2").body["data"].clone();
        assert_eq!((&run["fieldsKept"], &run["conflicts"], &run["itemsSkipped"]), (&json!(3), &json!(3), &json!(3)));
        let listed = server.get("/v1/conflicts?limit=1&column=price&targetTable=products&runId=2").body["data"].clone();
        assert_eq!((&listed["open"], &listed["nextAfter"]), (&json!(3), &json!(1)));
        let conflict = &listed["conflicts"][0];
        assert_eq!((&conflict["key"], &conflict["isWritten"], &conflict["state"]), (&json!({ "id": 1 }), &json!(true), &json!("open")));
        assert_eq!(server.post("/v1/conflicts/1", &json!({ "by": "table" })).body["data"], json!({ "settled": 1, "left": [] }));
        assert_eq!(server.post("/v1/conflicts/1", &json!({ "by": "table" })).refusal(), (409, Some("not_settled")));
        assert_eq!(server.post("/v1/conflicts/9", &json!({ "by": "table" })).refusal(), (404, Some("no_such_conflict")));
        assert_eq!(server.post("/v1/conflicts/2", &json!({ "by": "me" })).refusal(), (422, Some("invalid_options")));
        assert_eq!(server.post("/v1/conflicts/2", &json!({})).refusal(), (422, Some("invalid_request")));
        assert_eq!(server.post("/v1/conflicts/settle", &json!({ "by": "source" })).refusal(), (422, Some("invalid_request")));
        assert_eq!(server.post("/v1/conflicts/2", &json!({ "value": 21.5 })).status, 200);
        let rest = json!({ "filter": { "column": "price" }, "by": "source" });
        assert_eq!(server.post("/v1/conflicts/settle", &rest).body["data"]["settled"], 1);
        assert_eq!(server.get("/v1/conflicts").body["data"], json!({ "conflicts": [], "open": 0, "nextAfter": null }));
        assert_eq!(server.get("/v1/conflicts?state=settled").body["data"]["conflicts"].as_array().unwrap().len(), 3);
        assert_eq!(server.get("/v1/conflicts?state=lost").refusal(), (422, Some("invalid_query")));
        assert_eq!(test.products().await, ["1|Tea|11|NULL", "2|Mate|21.5|NULL", "3|Milk|35|NULL"]);
    }

    async fn conflicts_are_listed_and_settled_on_the_command_line(test: Test) {
        test.make(PRODUCTS[0], PRODUCTS[1]).await;
        let said = |args: &[&str]| {
            let output = test.command(args).output().unwrap();
            let text = |bytes| String::from_utf8(bytes).unwrap().replace(".00`", "`");
            (output.status.code(), text(output.stdout), text(output.stderr))
        };
        let path = test.file("prices.csv", "id,name,price\n1,Tea,10\n2,Mate,20\n");
        let path = path.to_str().unwrap();
        let sync = ["sync", path, "--target", "products", "--conflict", "price=ask"];
        assert_eq!(said(&sync).0, Some(0));
        test.execute("UPDATE products SET price = price + 1").await;
        test.file("prices.csv", "id,name,price\n1,Tea,15\n2,Mate,25\n");
        let (code, told, _) = said(&sync);
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains("2 fields, as `conflicts` says; 2 wait to be settled: `catchment conflicts`"), "{told}");
        assert_eq!(
            said(&["conflicts"]).1.lines().collect::<Vec<_>>(),
            [
                "1 products.price of 1: `11` in the table, `15` in the source (a run wrote `10`)",
                "2 products.price of 2: `21` in the table, `25` in the source (a run wrote `20`)",
            ]
        );
        assert_eq!(said(&["conflicts", "settle"]).0, Some(2));
        assert_eq!(said(&["conflicts", "settle", "1"]).0, Some(2));
        assert_eq!(said(&["conflicts", "settle", "1", "--value", "12"]).1, "1 settled, 0 left\n");
        let (code, told, why) = said(&["conflicts", "settle", "1", "2", "--by", "source"]);
        assert_eq!((code, told.as_str(), why.as_str()), (Some(3), "1 settled, 1 left\n", "1 (1) is not settled: it is settled already\n"));
        assert_eq!(said(&["conflicts", "list"]).1, "No conflicts are open\n");
        let (_, listed, _) = said(&["conflicts", "list", "--settled", "--json"]);
        let first: Value = serde_json::from_str(listed.lines().next().unwrap()).unwrap();
        assert_eq!((&first["settledBy"], &first["table"]), (&json!("value"), &first["table"]));
        assert_eq!(said(&["runs", "skips", "2"]).1.lines().next(), Some("line 2: `1` keeps the table's values: price `11` there, `15` here"));
        assert_eq!(test.products().await, ["1|Tea|12|NULL", "2|Mate|25|NULL"]);
    }
}
