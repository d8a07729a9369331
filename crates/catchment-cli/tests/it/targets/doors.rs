//! Which tables may be written through which door.

use serde_json::json;

use crate::http::Server;
use crate::support::{Test, on_both};

on_both! {
    async fn over_http_only_tables_that_are_listed_can_be_written(test: Test) {
        test.execute("CREATE TABLE products (id INT NOT NULL PRIMARY KEY, name VARCHAR(20) NOT NULL)").await;
        test.execute("CREATE TABLE hidden (id INT NOT NULL PRIMARY KEY)").await;
        test.file("catchment.toml", "[[target]]\nname = \"products\"\n\n[[target.column]]\nname = \"name\"\nnames = [\"articulo\"]\n");
        let path = test.file("source.csv", "id,articulo\n1,Tea\n");
        let server = Server::ready(&test);
        let trigger = |target: &str| {
            let body = json!({
                "sourceType": "csv", "sourceIdentifier": path.to_str().unwrap(), "options": {"targetTable": target}
            });
            server.post("/v1/sync/trigger", &body)
        };
        for target in ["hidden", "sync_runs", "nothing"] {
            let refused = trigger(target);
            assert_eq!(refused.status, 422, "{target}");
            let message = refused.body["error"]["message"].as_str().unwrap();
            assert!(message.contains("use one of: content_index, catalog_items, products"), "{message}");
        }
        assert_eq!(trigger("products").status, 202);
        let listed = server.get("/v1/targets");
        let names: Vec<_> = listed.body["data"].as_array().unwrap().iter().map(|target| &target["name"]).collect();
        assert_eq!(names, ["content_index", "catalog_items", "products"]);
        let products = server.get("/v1/targets/products");
        assert_eq!((products.status, &products.body["data"]["keys"]), (200, &json!([["id"]])));
        assert_eq!(products.body["data"]["columns"][1]["required"], true);
        assert_eq!(server.get("/v1/targets/hidden").status, 404);
        server.wait_for("sync completed");
        assert_eq!(test.query("SELECT id, name FROM products").await, ["1|Tea"]);
    }
}
