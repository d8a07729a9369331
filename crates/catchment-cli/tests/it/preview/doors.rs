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
}
