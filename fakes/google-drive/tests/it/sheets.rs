//! The Sheets API.

use fake_google_drive::{Cell, Fault, Matcher, Principal, Tab, text_rows};
use serde_json::json;

use crate::client::Client;

fn price_tab() -> Tab {
    let rows = vec![
        vec!["sku".into(), "price".into(), "since".into(), "sold".into()],
        vec![],
        vec![
            Cell::from("007"),
            Cell::formatted(1234.5, "$ 1,234.50"),
            Cell::date(46350.0, "24/11/2026"),
            true.into(),
        ],
        vec!["8".into(), Cell::Empty, Cell::from(1e18)],
        vec![Cell::Empty],
    ];
    Tab::new("It's new!", rows).gid(0)
}

#[tokio::test]
async fn rows_are_ragged_and_shown_or_raw() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let sheet = client.drive.add_sheet(&folder, "Table", vec![price_tab(), Tab::new("Empty", Vec::new())]);
    let path = format!("{sheet}/values/'It''s new!'!A1:Z");
    let shown = client.sheets(&path, &[]).await.json();
    assert_eq!(shown["range"], "'It''s new!'!A1:Z1000");
    let rows = json!([
        ["sku", "price", "since", "sold"],
        [],
        ["007", "$ 1,234.50", "24/11/2026", "TRUE"],
        ["8", "", "1.00000E+18"],
    ]);
    assert_eq!(shown["values"], rows);
    let raw = client.sheets(&path, &[("valueRenderOption", "UNFORMATTED_VALUE")]).await.json();
    assert_eq!(raw["values"][2], json!(["007", 1234.5, 46350, true]));
    let options = [("valueRenderOption", "UNFORMATTED_VALUE"), ("dateTimeRenderOption", "FORMATTED_STRING")];
    let dated = client.sheets(&path, &options).await.json();
    assert_eq!(dated["values"][2], json!(["007", 1234.5, "24/11/2026", true]));
    let empty = client.sheets(&format!("{sheet}/values/Empty"), &[]).await.json();
    assert_eq!(empty, json!({"range": "Empty!A1:Z1000", "majorDimension": "ROWS"}));
    let columns =
        client.sheets(&format!("{sheet}/values/'It''s new!'!A:B"), &[("majorDimension", "COLUMNS")]).await;
    assert_eq!(columns.json()["values"], json!([["sku", "", "007", "8"], ["price", "", "$ 1,234.50"]]));
}

#[tokio::test]
async fn properties_tell_hidden_tabs_and_the_grid() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let hidden = Tab::new("Old", Vec::new()).gid(12).hidden().grid(10, 2);
    let sheet = client.drive.add_sheet(&folder, "Table", vec![price_tab(), hidden]);
    let fields = "properties(title,locale),sheets.properties(sheetId,title,hidden,gridProperties(rowCount))";
    let answer = client.sheets(&sheet, &[("fields", fields)]).await;
    let tabs = json!([
        {"properties": {"sheetId": 0, "title": "It's new!", "gridProperties": {"rowCount": 1000}}},
        {"properties": {"sheetId": 12, "title": "Old", "gridProperties": {"rowCount": 10}, "hidden": true}},
    ]);
    assert_eq!(answer.json(), json!({"properties": {"title": "Table", "locale": "en_US"}, "sheets": tabs}));
}

#[tokio::test]
async fn refusals_are_in_the_form_of_the_sheets_api() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let sheet = client.drive.add_sheet(&folder, "Table", vec![price_tab().grid(10, 5)]);
    let office = client.drive.add_file(&folder, "a.xlsx", "application/zip", b"PK");
    let foreign = client.drive.add_sheet(&client.drive.root(Principal::User), "Other", vec![price_tab()]);
    for (path, query, status, name) in [
        (sheet.clone(), ("feilds", "*"), 400, "INVALID_ARGUMENT"),
        (sheet.clone(), ("fields", "name"), 400, "INVALID_ARGUMENT"),
        (office, ("fields", "*"), 400, "FAILED_PRECONDITION"),
        (foreign, ("fields", "*"), 403, "PERMISSION_DENIED"),
        ("1unknown".to_owned(), ("fields", "*"), 404, "NOT_FOUND"),
        (format!("{sheet}/values/Other!A1"), ("fields", "*"), 400, "INVALID_ARGUMENT"),
        (format!("{sheet}/values/'It''s new!'!A11:Z20"), ("fields", "*"), 400, "INVALID_ARGUMENT"),
        (format!("{sheet}/values/A1"), ("majorDimension", "DIAGONAL"), 400, "INVALID_ARGUMENT"),
    ] {
        let error = client.sheets(&path, &[query]).await.json()["error"].clone();
        assert_eq!((&error["code"], &error["status"]), (&json!(status), &json!(name)), "{path}");
        assert!(error.get("errors").is_none());
    }
    let range = client.sheets(&format!("{sheet}/values/Other!A1"), &[]).await;
    assert_eq!(range.json()["error"]["message"], "Unable to parse range: Other!A1");
    client.drive.fail(Matcher::any().first(1), Fault::too_many_requests(None));
    assert_eq!(client.sheets(&sheet, &[]).await.json()["error"]["status"], "RESOURCE_EXHAUSTED");
    client.drive.configure(|settings| settings.is_sheets_api_enabled = false);
    let disabled = client.sheets(&sheet, &[]).await.json();
    assert_eq!(disabled["error"]["details"][0]["reason"], "SERVICE_DISABLED");
}

#[tokio::test]
async fn cells_can_change_between_two_ranges() {
    let client = Client::start().await;
    let folder = client.drive.root_folder("Files");
    let tab = Tab::new("Rows", text_rows(&[&["a"], &["b"]]));
    let sheet = client.drive.add_sheet(&folder, "Table", vec![tab]);
    let id = sheet.clone();
    client.drive.after(Matcher::call(fake_google_drive::Call::Values).nth(1), move |world| {
        world.set_cells(&id, "Rows", text_rows(&[&["new"], &["a"], &["b"]]));
    });
    let first = client.sheets(&format!("{sheet}/values/Rows!A1:A1"), &[]).await.json();
    let second = client.sheets(&format!("{sheet}/values/Rows!A2:A2"), &[]).await.json();
    assert_eq!(first["values"], second["values"]);
}
