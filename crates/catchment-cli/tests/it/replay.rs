//! Rejects, mended and replayed.

use catchment::{
    RejectFilter, RejectSelection, RejectState, ReplaceValue, Replay, RunMode, RunStatus, SyncRun,
};
use serde_json::{Value, json};

use crate::http::Server;
use crate::support::{ME, Test, on_both, request};

const PRICES: [&str; 2] = [
    "CREATE TABLE prices (sku VARCHAR(20) NOT NULL PRIMARY KEY, price DECIMAL(10,2) NOT NULL CHECK (price < 1000), stock INT)",
    "CREATE TABLE prices (sku VARCHAR(20) NOT NULL PRIMARY KEY, price DECIMAL(10,2) NOT NULL CHECK (price < 1000), stock INT)",
];

/// Two rows that fit, three whose stock does not, and one that the database refuses.
const LIST: &str = "sku,price,stock\na,1.5,1\nb,2,2\nc,3,many\nd,4,none\ne,5,none\nf,5000,6\n";

impl Test {
    /// A run with rejects.
    async fn rejecting(&self) -> i64 {
        self.make(PRICES[0], PRICES[1]).await;
        let result = self.sync(LIST, json!({ "targetTable": "prices" })).await;
        assert_eq!((result.items_processed, result.items_failed), (2, 4));
        result.sync_run_id
    }

    async fn replayed(&self, run: i64, replay: Replay) -> SyncRun {
        let app = self.app().await;
        let id = app.service().replay(&ME, run, replay).await.unwrap();
        app.service().execute_sync(&ME, id).await.unwrap();
        app.service().run(&ME, id).await.unwrap()
    }

    /// The items of the rejects of a run in a state, and their codes.
    async fn rejects(&self, run: i64, state: RejectState) -> Vec<String> {
        let app = self.app().await;
        let rejects = app.service().rejects(&ME, run, state, 0, 100).await.unwrap();
        rejects
            .iter()
            .map(|reject| format!("{} {}", reject.item.clone().unwrap_or_default(), reject.code))
            .collect()
    }
}

fn replacing(from: &str, to: Value) -> Replay {
    let replace = ReplaceValue { field: "stock".to_owned(), from: from.to_owned(), to };
    Replay { replace: Some(replace), ..Replay::default() }
}

on_both! {
    async fn what_is_mended_is_written_and_what_is_still_bad_stays_open_with_its_new_reason(test: Test) {
        let run = test.rejecting().await;
        let replay = test.replayed(run, replacing("none", json!(0))).await;
        assert_eq!((replay.mode, replay.status), (RunMode::Replay, RunStatus::Completed));
        assert_eq!((replay.items_processed, replay.items_failed), (2, 2));
        assert_eq!(test.query("SELECT sku, stock FROM prices ORDER BY sku").await, ["a|1", "b|2", "d|0", "e|0"]);
        assert_eq!(test.rejects(run, RejectState::Replayed).await.len(), 2);
        assert_eq!(test.rejects(run, RejectState::Open).await, ["c not_a_number", "f refused_by_database"]);
        // Once more is harmless.
        let again = test.replayed(run, replacing("none", json!(0))).await;
        assert_eq!((again.items_processed, again.items_failed), (0, 2));
        // Another value that does not fit: the reason is the new one.
        let filter = Some(RejectFilter { value: Some("c".to_owned()), ..RejectFilter::default() });
        let set = json!({ "stock": "3", "price": "cheap" }).as_object().unwrap().clone();
        test.replayed(run, Replay { filter, set, ..Replay::default() }).await;
        let open = test.app().await.service().rejects(&ME, run, RejectState::Open, 0, 9).await.unwrap();
        assert_eq!((open[0].column.as_deref(), open[0].message.contains("`cheap`")), (Some("price"), true));
        // What was rejected is kept as it was.
        assert_eq!(open[0].record.as_ref().unwrap()["stock"], "many");
    }

    async fn rejects_are_chosen_by_id_code_column_and_value(test: Test) {
        let run = test.rejecting().await;
        let filter = |filter: Value| Replay { filter: Some(serde_json::from_value(filter).unwrap()), ..replacing("none", json!(1)) };
        assert_eq!(test.replayed(run, filter(json!({ "code": "refused_by_database" }))).await.items_failed, 1);
        assert_eq!(test.replayed(run, filter(json!({ "column": "stock", "value": "d" }))).await.items_processed, 1);
        let last = test.app().await.service().rejects(&ME, run, RejectState::Open, 0, 9).await.unwrap();
        let by_id = Replay { ids: vec![last[1].id], ..replacing("none", json!(1)) };
        assert_eq!(test.replayed(run, by_id).await.items_processed, 1);
        assert_eq!(test.rejects(run, RejectState::Open).await, ["c not_a_number", "f refused_by_database"]);
        let app = test.app().await;
        let error = app.service().replay(&ME, run, filter(json!({ "code": "nothing" }))).await.unwrap_err();
        assert_eq!(error.code(), "nothing_to_replay");
    }

    async fn rejects_that_do_not_matter_are_ignored_with_a_reason(test: Test) {
        let run = test.rejecting().await;
        let app = test.app().await;
        let selection = RejectSelection { filter: Some(RejectFilter { value: Some("none".to_owned()), ..RejectFilter::default() }), ..RejectSelection::default() };
        assert_eq!(app.service().ignore_rejects(&ME, run, &selection, "discontinued").await.unwrap(), 2);
        assert_eq!(app.service().ignore_rejects(&ME, run, &selection, "discontinued").await.unwrap(), 0);
        let ignored = app.service().rejects(&ME, run, RejectState::Ignored, 0, 9).await.unwrap();
        assert_eq!(ignored.iter().map(|reject| reject.note.as_deref()).collect::<Vec<_>>(), [Some("discontinued"); 2]);
        assert_eq!(test.replayed(run, Replay::default()).await.items_failed, 2);
        assert!(app.service().ignore_rejects(&ME, run, &selection, " ").await.is_err());
    }

    async fn a_mended_row_stays_as_it_is_while_its_source_still_has_the_bad_one(test: Test) {
        let options = json!({ "contentType": "music", "whenGone": "mark" });
        let list = |genre: &str| format!("external_id,title,genre\n1,Hello,Pop\n2,Clocks,{genre}\n3,Yellow,Rock\n");
        let bad = "g".repeat(300);
        let run = test.sync(&list(&bad), options.clone()).await.sync_run_id;
        let set = json!({ "genre": "Rock" }).as_object().unwrap().clone();
        assert_eq!(test.replayed(run, Replay { set, ..Replay::default() }).await.items_processed, 1);
        let row = "SELECT genre, is_available FROM content_index WHERE external_id = '2'";
        assert_eq!(test.value(row).await, "Rock|1");
        let next = test.sync(&list(&bad), options.clone()).await;
        assert_eq!((next.items_processed, next.items_failed), (2, 1));
        assert_eq!(test.value(row).await, "Rock|1");
        test.sync(&list("Britpop"), options).await;
        assert_eq!(test.value(row).await, "Britpop|1");
    }

    async fn rejects_go_to_a_spreadsheet_and_come_back(test: Test) {
        test.make(PRICES[0], PRICES[1]).await;
        let run = test.sync("sku,price,stock\na,1,1\n=b,2,many\nc,3,+lots\n", json!({ "targetTable": "prices" })).await.sync_run_id;
        let said = |args: &[&str]| {
            let output = test.command(args).output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap())
        };
        let id = run.to_string();
        let (code, table) = said(&["runs", "errors", &id, "--open", "--csv"]);
        let lines: Vec<_> = table.lines().collect();
        assert_eq!((code, lines[0]), (Some(0), "error_id,sku,price,stock,reason"));
        assert!(lines[1].starts_with("1,'=b,2,many,") && lines[2].starts_with("2,c,3,'+lots,"), "{table}");
        // As a spreadsheet of another country saves it.
        let mended = "\u{feff}error_id;sku;price;stock;reason\r\n1;'=b;2;20;mended\r\n2;c;3;'+lots;x\r\n";
        test.file("mended.csv", mended);
        let (code, told) = said(&["runs", "replay", &id, "--csv", "mended.csv"]);
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains("still rejected: with their new reasons in `catchment runs errors 1 --open`"), "{told}");
        assert_eq!(test.query("SELECT sku, stock FROM prices ORDER BY sku").await, ["=b|20", "a|1"]);
        let (code, _) = said(&["runs", "replay", &id, "--set", "stock=30"]);
        assert_eq!((code, test.value("SELECT stock FROM prices WHERE sku = 'c'").await.as_str()), (Some(0), "30"));
        assert_eq!(said(&["runs", "errors", &id, "--open"]).1, "");
        assert_eq!(said(&["runs", "replay", &id]).0, Some(2));
    }

    async fn rejects_are_replayed_and_ignored_over_http(test: Test) {
        test.make(PRICES[0], PRICES[1]).await;
        let server = Server::start(&test, &[("CATCHMENT_TARGET_TABLES", "prices")]);
        server.wait_for("ready");
        let path = test.file("source.csv", LIST);
        server.post("/v1/sync/trigger", &serde_json::to_value(request(&path, json!({ "targetTable": "prices" }))).unwrap());
        server.wait_for("sync completed");
        let replay = json!({ "filter": { "column": "stock" }, "set": { "stock": 9 } });
        let answer = server.post("/v1/sync/1/errors/replay", &replay);
        assert_eq!((answer.status, &answer.body["data"]), (202, &json!({ "syncRunId": 2 })));
        server.wait_for("sync completed");
        let run = server.get("/v1/sync/2").body["data"].clone();
        assert_eq!((&run["mode"], &run["replayOf"], &run["itemsProcessed"]), (&json!("replay"), &json!(1), &json!(3)));
        let open = server.get("/v1/sync/1/errors?state=open").body["data"]["errors"].clone();
        assert_eq!((open.as_array().unwrap().len(), &open[0]["record"]["sku"]), (1, &json!("f")));
        let ignored = server.post("/v1/sync/1/errors/ignore", &json!({ "reason": "a typo of the shop" }));
        assert_eq!(ignored.body["data"], json!({ "ignored": 1 }));
        assert_eq!(server.get("/v1/sync/1/errors?state=ignored").body["data"]["errors"][0]["note"], "a typo of the shop");
        assert_eq!(server.post("/v1/sync/1/errors/replay", &json!({})).refusal(), (409, Some("nothing_to_replay")));
        assert_eq!(server.post("/v1/sync/1/errors/replay", &json!({ "sets": {} })).status, 422);
        assert_eq!(server.post("/v1/sync/99/errors/replay", &json!({})).status, 404);
    }
}
