//! The rows of one file, and of a tab of a Google spreadsheet.

use catchment_core::testkit::conforms;
use catchment_core::{Coverage, Cursor, Reading};
use fake_google_drive::{Call, Cell, FakeDrive, Fault, Matcher, NativeKind, Tab, text_rows};
use serde_json::json;

use super::{error_of, inspect, pages_of, read, source, try_source, values};

const CSV: &str = "text/csv";

fn numbered(rows: usize) -> Vec<u8> {
    let lines = (1..=rows).map(|row| format!("{row};Song {row};{row}.5\n"));
    format!("id;title;price\n{}", lines.collect::<String>()).into_bytes()
}

/// A spreadsheet with two tabs, one of them with a name that needs quotes, and a hidden one before them.
fn sheet(drive: &FakeDrive) -> String {
    let prices = vec![
        vec!["sku".into(), "price".into(), "since".into(), "on".into(), "at".into()],
        vec![
            "a-1".into(),
            Cell::formatted(54900.5, "$ 54.900,50"),
            Cell::date(46350.0, "24/11/2026"),
            true.into(),
            Cell::date(0.5, "12:00:00"),
        ],
        vec![],
        vec!["007".into(), 0.1.into(), Cell::date(46350.75, "24/11/2026 18:00:00"), false.into()],
        vec!["a-3".into(), Cell::formula("=1/0", "#DIV/0!".into())],
    ];
    let other = text_rows(&[&["sku", "price"], &["x", "1"]]);
    let hidden = text_rows(&[&["secret"], &["y"]]);
    let root = drive.root_folder("Sheets");
    drive.add_sheet(
        &root,
        "Prices",
        vec![
            Tab::new("notes", hidden).hidden(),
            Tab::new("Año '26 !", prices).gid(7),
            Tab::new("Other", other).gid(0),
        ],
    )
}

#[tokio::test]
async fn files_of_all_formats_conform() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Files");
    let ndjson: String = (1..=7).map(|row| format!("{{\"id\": {row}, \"title\": \"Song\"}}\n")).collect();
    let json = json!({"items": [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}]}).to_string();
    for (name, mime, bytes) in [
        ("prices.csv", CSV, numbered(7)),
        ("songs.ndjson", "application/x-ndjson", ndjson.into_bytes()),
        ("songs.json", "application/json", json.into_bytes()),
    ] {
        let id = drive.add_file(&root, name, mime, &bytes);
        let output = conforms(|| source(&drive, &id, json!({}))).await;
        assert!(output.records.len() >= 2, "{name}");
    }
    assert!(drive.leaks().is_empty());
}

#[tokio::test]
async fn a_tab_conforms_and_its_cells_are_what_they_are() {
    let drive = FakeDrive::start().await;
    let id = sheet(&drive);
    let link = format!("{id}#gid=7");
    let output = conforms(|| source(&drive, &link, json!({}))).await;
    assert_eq!((output.records.len(), output.rejects.len()), (2, 1));
    assert_eq!(output.rejects[0].code, "error_cell");
    let pages = read(&source(&drive, &link, json!({})), pages_of(10)).await.unwrap();
    assert_eq!(
        values(&pages, &["sku", "price", "since", "on", "at"]),
        [
            ["a-1", "54900.5", "2026-11-24", "true", "12:00:00"],
            ["007", "0.1", "2026-11-24T18:00:00", "false", "null"]
        ]
    );
    assert_eq!(pages[0].records.get(1).unwrap().location().to_string(), "sheet `Año '26 !`, row 4");
    let shown = read(&source(&drive, &link, json!({"values": "shown"})), pages_of(10)).await.unwrap();
    assert_eq!(values(&shown, &["price", "since"])[0], ["$ 54.900,50", "24/11/2026"]);
}

#[tokio::test]
async fn the_tab_is_that_of_the_link_the_option_or_the_first_that_is_not_hidden() {
    let drive = FakeDrive::start().await;
    let id = sheet(&drive);
    for (identifier, more, columns) in [
        (id.clone(), json!({}), 5),
        (format!("https://docs.google.com/spreadsheets/d/{id}/edit#gid=0"), json!({}), 2),
        (id.clone(), json!({"sheet": "other"}), 2),
        (id.clone(), json!({"sheet": 0}), 2),
        (id.clone(), json!({"sheet": 7}), 5),
        (id.clone(), json!({"sheet": "notes"}), 1),
    ] {
        let pages = read(&source(&drive, &identifier, more.clone()), pages_of(10)).await.unwrap();
        assert_eq!(pages[0].columns.len(), columns, "{identifier} {more}");
    }
    let error = error_of(&source(&drive, &id, json!({"sheet": "none"}))).await;
    assert!(error.code() == "no_such_sheet" && error.message().contains("`Other` (gid 0"), "{error}");
    assert!(try_source(&drive, &format!("{id}#gid=0"), json!({"sheet": "Other"})).is_err());
}

#[tokio::test]
async fn a_file_that_has_not_changed_is_not_fetched() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Files");
    let csv = drive.add_file(&root, "prices.csv", CSV, &numbered(3));
    let sheet = sheet(&drive);
    for (id, call) in [(csv.clone(), Call::Media), (sheet.clone(), Call::Values)] {
        let reading = |carryover| Reading { carryover, ..pages_of(10) };
        let read_with = async |carryover| {
            let pages =
                read(&source(&drive, &id, json!({"sheet": "Other"})), reading(carryover)).await.unwrap();
            pages.last().unwrap().cursor.clone()
        };
        let first = read_with(None).await;
        drive.reset_counts();
        let second = read_with(first.carryover.clone()).await;
        assert_eq!((second.coverage, second.records_read, drive.count(call)), (Coverage::Increment, 0, 0));
        drive.look_at(&id);
        assert_eq!(read_with(second.carryover.clone()).await.coverage, Coverage::Increment);
        if call == Call::Media {
            drive.set_content(&id, &numbered(4));
        } else {
            drive.set_cells(&id, "Other", text_rows(&[&["sku"], &["z"]]));
        }
        let third = read_with(second.carryover.clone()).await;
        assert_eq!(third.coverage, Coverage::Complete);
        drive.advance(8 * 24 * 60 * 60);
        assert_eq!(read_with(third.carryover.clone()).await.coverage, Coverage::Complete);
    }
}

#[tokio::test]
async fn another_content_between_two_attempts_is_not_mixed_with_the_first() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Files");
    let id = drive.add_file(&root, "prices.csv", CSV, &numbered(9));
    let pages = read(&source(&drive, &id, json!({})), pages_of(2)).await.unwrap();
    let cursor: Cursor = pages[1].cursor.clone();
    drive.set_content(&id, &numbered(8));
    let reading = Reading { after: Some(cursor), ..pages_of(2) };
    let error = read(&source(&drive, &id, json!({})), reading).await.unwrap_err();
    assert_eq!(error.code(), "source_changed");
}

#[tokio::test]
async fn content_that_changes_on_its_way_is_fetched_as_it_is_now() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Files");
    let id = drive.add_file(&root, "prices.csv", CSV, &numbered(3));
    let sheet = sheet(&drive);
    let (csv, tab) = (id.clone(), sheet.clone());
    drive.before(Matcher::call(Call::Media).nth(1), move |world| world.set_content(&csv, &numbered(5)));
    let pages = read(&source(&drive, &id, json!({})), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["id"]).len(), 5);
    drive.before(Matcher::call(Call::Values).nth(2), move |world| {
        world.set_cells(
            &tab,
            "Año '26 !",
            vec![vec!["sku".into(), "price".into()], vec!["new".into(), 1.into()]],
        );
    });
    let pages = read(&source(&drive, &sheet, json!({})), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["sku", "price"]), [["new", "1"]]);
}

#[tokio::test]
async fn a_large_sheet_is_read_in_ranges() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Sheets");
    let mut rows = vec![vec!["id".into(), "title".into()]];
    rows.resize(30_000, Vec::new());
    rows[25_000] = vec![25_001.into(), "far down".into()];
    rows.push(vec![2.into(), "last".into()]);
    let id = drive.add_sheet(&root, "Large", vec![Tab::new("Tab", rows).grid(40_000, 26)]);
    let pages = read(&source(&drive, &id, json!({})), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["id", "title"]), [["25001", "far down"], ["2", "last"]]);
    assert_eq!(pages[0].records.get(0).unwrap().location().to_string(), "sheet `Tab`, row 25001");
    assert!(drive.count(Call::Values) > 2);
}

#[tokio::test]
async fn where_the_api_of_sheets_is_not_enabled_the_spreadsheet_is_exported() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Sheets");
    let rows = vec![vec!["sku".into(), "price".into()], vec!["a".into(), 1.5.into()]];
    let id = drive.add_sheet(&root, "Prices", vec![Tab::new("Tab", rows).gid(0)]);
    drive.configure(|settings| settings.is_sheets_api_enabled = false);
    for limit in [10 << 20, 10] {
        drive.configure(|settings| settings.export_limit = limit);
        let pages = read(&source(&drive, &id, json!({})), pages_of(10)).await.unwrap();
        assert_eq!(values(&pages, &["sku", "price"]), [["a", "1.5"]], "limit {limit}");
        assert!(pages[0].cursor.findings.iter().any(|finding| finding.topic == "sheets_api"));
    }
    assert!(drive.count(Call::ExportLink) == 1 && drive.leaks().is_empty(), "{:?}", drive.leaks());
    let error = error_of(&source(&drive, &id, json!({"values": "shown"}))).await;
    assert!(error.code() == "api_disabled" && error.message().contains("sheets.googleapis.com"), "{error}");
}

#[tokio::test]
async fn what_holds_no_rows_or_may_not_be_read_is_refused_with_what_to_do() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Files");
    let document = drive.add_native(&root, "Letter", NativeKind::Doc);
    let locked =
        drive.add_file_with(&root, "locked.csv", CSV, b"a\n1\n", |traits| traits.can_download = false);
    let abusive = drive.add_file_with(&root, "bad.csv", CSV, b"a\n1\n", |traits| traits.is_abusive = true);
    let large = drive.add_file(&root, "large.csv", CSV, &numbered(100));
    for (id, more, code, said) in [
        (&document, json!({}), "no_rows", "holds no rows"),
        (&locked, json!({}), "download_forbidden", "does not let viewers download"),
        (&abusive, json!({}), "abusive_file", "malware"),
        (&large, json!({"maxFileBytes": 100}), "file_too_long", "maxFileBytes"),
        (&large, json!({"read": "files"}), "invalid_options", "no folder"),
    ] {
        let error = error_of(&source(&drive, id, more)).await;
        assert!(error.code() == code && error.message().contains(said), "{code}: {error}");
        assert!(!error.kind().is_retryable(), "{error}");
    }
}

#[tokio::test]
async fn a_download_that_breaks_off_is_continued_where_it_stopped() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Files");
    let bytes = numbered(200_000);
    let id = drive.add_file(&root, "large.csv", CSV, &bytes);
    drive.fail(Matcher::call(Call::Media).first(3), Fault::cut_body(true));
    let pages = read(&source(&drive, &id, json!({})), pages_of(1_000_000)).await.unwrap();
    assert_eq!(pages.iter().map(|page| page.records.len()).sum::<usize>(), 200_000);
    let ranges: Vec<_> = drive.requests().into_iter().filter_map(|request| request.range).collect();
    assert!(!ranges.is_empty(), "it began anew each time");
}

#[tokio::test]
async fn inspecting_a_spreadsheet_tells_its_tabs_and_first_rows() {
    let drive = FakeDrive::start().await;
    let id = sheet(&drive);
    let inspection = inspect(&source(&drive, &id, json!({}))).await;
    let told: Vec<_> = inspection.findings.iter().map(ToString::to_string).collect();
    assert!(told[0].contains(drive.service_account_email()), "{told:?}");
    assert!(told[1].contains("`Prices`, a Google spreadsheet"), "{told:?}");
    assert!(
        told[2].contains("`notes` (gid") && told[2].contains("hidden") && told[2].contains("`Other` (gid 0"),
        "{told:?}"
    );
    assert_eq!(inspection.page.unwrap().records.len(), 2);
}
