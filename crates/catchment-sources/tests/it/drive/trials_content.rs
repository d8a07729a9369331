//! What a trial with a hostile mind found in what files hold, each by its name.

use catchment_core::{ErrorKind, Reading};
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, Tab, text_rows};
use serde_json::json;

use super::{error_of, options, pages_of, read, source, try_source, values};

const MP3: &str = "audio/mpeg";
const CSV: &str = "text/csv";

#[tokio::test]
async fn a_file_that_could_not_be_fetched_is_fetched_by_the_next_run() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Prices");
    let add =
        |number| drive.add_file(&root, &format!("{number}.csv"), CSV, format!("sku\n{number}\n").as_bytes());
    let ids: Vec<_> = (0..3).map(add).collect();
    let source = source(&drive, &root, json!({"read": "rows"}));
    let read_with = async |carryover| {
        let pages = read(&source, Reading { carryover, ..pages_of(100) }).await.unwrap();
        let rejects: usize = pages.iter().map(|page| page.rejects.len()).sum();
        (rejects, pages.last().unwrap().cursor.clone())
    };
    let rule = drive.fail(Matcher::call(Call::Media).about(&ids[1]), Fault::download_quota());
    let (rejects, first) = read_with(None).await;
    assert_eq!((rejects, first.carryover.as_ref()), (1, None));
    drive.stop_failing(rule);
    let (rejects, second) = read_with(first.carryover).await;
    assert_eq!((rejects, second.records_read, second.carryover.is_some()), (0, 3, true));
}

#[tokio::test]
async fn one_corrupt_download_among_many_files_is_a_reject() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Prices");
    drive.add_file(&root, "good.csv", CSV, b"sku\na\n");
    drive.add_file_with(&root, "bad.csv", CSV, b"sku\nz\n", |traits| traits.has_wrong_md5 = true);
    let pages = read(&source(&drive, &root, json!({"read": "rows"})), pages_of(100)).await.unwrap();
    let rejects: Vec<_> = pages.iter().flat_map(|page| &page.rejects).collect();
    assert_eq!((rejects.len(), rejects[0].code), (1, "bad_file"));
    assert!(rejects[0].message.contains("not what Drive says"), "{:?}", rejects[0]);
}

#[tokio::test]
async fn an_answer_without_values_is_no_empty_tab() {
    let drive = FakeDrive::start().await;
    let rows = text_rows(&[&["sku", "price"], &["a", "1"]]);
    let id = drive.add_sheet(&drive.root_folder("F"), "S", vec![Tab::new("T", rows)]);
    drive.fail(Matcher::call(Call::Values).nth(1), Fault::empty_object_200());
    let error = error_of(&source(&drive, &id, json!({}))).await;
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unavailable, "bad_answer"), "{error}");
}

#[tokio::test]
async fn a_tab_that_says_to_be_larger_than_any_is_not_asked_for() {
    let drive = FakeDrive::start().await;
    let id = drive.add_sheet(&drive.root_folder("F"), "S", vec![Tab::new("T", text_rows(&[&["sku"]]))]);
    for (rows, columns) in [(u64::MAX, 3), (4_000_000_000, 3), (2, u64::MAX)] {
        let grid = json!({"rowCount": rows, "columnCount": columns});
        let tab = json!({"sheetId": 0, "title": "T", "gridProperties": grid});
        let body = json!({"sheets": [{"properties": tab}]}).to_string();
        let answer = Fault::answer(200, "application/json", body.as_bytes());
        let rule = drive.fail(Matcher::call(Call::SheetGet), answer);
        drive.reset_counts();
        let error = error_of(&source(&drive, &id, json!({}))).await;
        assert_eq!((error.code(), drive.count(Call::Values)), ("bad_answer", 0), "{error}");
        drive.stop_failing(rule);
    }
}

#[tokio::test]
async fn half_an_export_is_no_workbook() {
    let drive = FakeDrive::start().await;
    let rows: Vec<Vec<String>> = (0..200).map(|row| vec![format!("a{row}"), row.to_string()]).collect();
    let rows: Vec<Vec<&str>> = rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    let rows: Vec<&[&str]> = rows.iter().map(Vec::as_slice).collect();
    let id = drive.add_sheet(&drive.root_folder("F"), "S", vec![Tab::new("T", text_rows(&rows))]);
    drive.configure(|settings| settings.is_sheets_api_enabled = false);
    for fault in [Fault::html_200(), Fault::empty_object_200(), Fault::half_json(), Fault::cut_body(false)] {
        let rule = drive.fail(Matcher::call(Call::Export), fault.clone());
        let error = error_of(&source(&drive, &id, json!({}))).await;
        assert!(error.kind().is_retryable(), "{fault:?}: {:?} {error}", error.kind());
        drive.stop_failing(rule);
    }
    let pages = read(&source(&drive, &id, json!({})), pages_of(1000)).await.unwrap();
    assert_eq!(values(&pages, &["a0"]).len(), 199);
}

#[tokio::test]
async fn a_file_behind_a_shortcut_is_read_where_only_the_shortcut_is_meant() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    let (music, other) = (drive.add_folder(&root, "music"), drive.add_folder(&root, "other"));
    let song = drive.add_file(&other, "y.mp3", MP3, b"y");
    drive.add_shortcut(&music, "y", &song);
    for (pattern, count) in [("music/*", 1), ("other/*", 1), ("**", 1)] {
        let source = source(&drive, &root, json!({"pattern": pattern}));
        let pages = read(&source, pages_of(100)).await.unwrap();
        assert_eq!(values(&pages, &["id"]).len(), count, "{pattern}");
    }
}

#[tokio::test]
async fn a_tab_is_found_by_its_name_however_its_accents_are_typed() {
    let drive = FakeDrive::start().await;
    let rows = text_rows(&[&["sku"], &["a"]]);
    let id = drive.add_sheet(&drive.root_folder("F"), "S", vec![Tab::new("Zoe\u{301}", rows)]);
    let pages = read(&source(&drive, &id, json!({"sheet": "zo\u{e9}"})), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["sku"]), [["a"]]);
}

#[tokio::test]
async fn a_link_whose_tab_is_no_number_is_refused() {
    let drive = FakeDrive::start().await;
    for gid in ["-1", "abc", "99999999999999999999"] {
        let link = format!("https://docs.google.com/spreadsheets/d/1AbC-dEf_GhIjKlMnOp/edit#gid={gid}");
        let error = try_source(&drive, &link, json!({})).err().unwrap();
        assert!(error.message().contains("`gid`"), "{gid}: {error}");
    }
}

#[tokio::test]
async fn key_files_are_read_with_a_byte_order_mark_and_other_credentials_are_named() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("R");
    drive.add_file(&root, "a.mp3", MP3, b"x");
    let of_key = |key: &str| json!({"auth": {"type": "service_account", "key": key}});
    let key = options(&drive, json!({}))["auth"]["key"].as_str().unwrap().to_owned();
    let pages = read(&source(&drive, &root, of_key(&format!("\u{feff}{key}"))), pages_of(10)).await.unwrap();
    assert_eq!(values(&pages, &["name"]), [["a.mp3"]]);
    let user = json!({"type": "authorized_user", "client_id": "a", "client_secret": "s3cr3t", "refresh_token": "r3fr3sh"});
    let source = try_source(&drive, &root, of_key(&user.to_string()));
    let error = match source {
        Ok(source) => error_of(&source).await,
        Err(error) => error,
    };
    assert!(error.message().contains("refresh token"), "{error}");
    assert!(!error.message().contains("s3cr3t") && !error.message().contains("r3fr3sh"), "{error}");
}
