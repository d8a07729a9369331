//! The rows of all files that fit in a folder, as those of one source.

use catchment_core::testkit::conforms;
use catchment_core::{Coverage, Reading};
use fake_google_drive::{Call, FakeDrive, Fault, Matcher, NativeKind, Tab, text_rows};
use serde_json::json;

use super::{error_of, inspect, pages_of, read, source, values};

const CSV: &str = "text/csv";

/// Two files of one name in two folders, a sheet, a file that is none, and what is not meant.
fn prices(drive: &FakeDrive) -> String {
    let root = drive.root_folder("Prices");
    let below = drive.add_folder(&root, "2026");
    drive.add_file(&root, "a.csv", CSV, b"sku,price\na,1\nb,2\n");
    drive.add_file(&root, "a.csv", CSV, b"sku,price\nc,3\n");
    drive.add_file(&below, "d.ndjson", "application/octet-stream", b"{\"sku\": \"d\", \"price\": 4}\n");
    drive.add_sheet(&below, "Sheet", vec![Tab::new("Tab", text_rows(&[&["sku", "price"], &["e", "5"]]))]);
    drive.add_file(&root, "broken.xlsx", "application/octet-stream", b"PK\x03\x04 no archive");
    drive.add_native(&root, "Letter", NativeKind::Doc);
    drive.add_file(&root, "song.mp3", "audio/mpeg", b"x");
    root
}

#[tokio::test]
async fn files_of_several_formats_are_one_source_and_a_bad_one_costs_itself() {
    let drive = FakeDrive::start().await;
    let root = prices(&drive);
    let output = conforms(|| source(&drive, &root, json!({"read": "rows"}))).await;
    assert_eq!((output.records.len(), output.rejects.len()), (5, 1));
    let reject = &output.rejects[0];
    assert_eq!((reject.code, reject.location.file.as_deref()), ("bad_file", Some("broken.xlsx")));
    assert!(reject.item.is_some(), "{reject:?}");
    let files: Vec<_> = output.records.iter().map(|(location, _)| location.clone()).collect();
    assert!(files[0].starts_with("2026/Sheet") && files[2].starts_with("a.csv ("), "{files:?}");
}

#[tokio::test]
async fn nothing_is_fetched_as_long_as_no_file_has_changed() {
    let drive = FakeDrive::start().await;
    let root = prices(&drive);
    let source = source(&drive, &root, json!({"read": "rows", "pattern": "*.csv"}));
    let read_with = async |carryover| {
        let pages = read(&source, Reading { carryover, ..pages_of(100) }).await.unwrap();
        (values(&pages[..pages.len() - 1], &["sku"]).len(), pages.last().unwrap().cursor.clone())
    };
    let (_, first) = read_with(None).await;
    assert_eq!((first.coverage, first.records_read), (Coverage::Complete, 3));
    drive.reset_counts();
    let (_, second) = read_with(first.carryover).await;
    assert_eq!((second.coverage, drive.count(Call::Media)), (Coverage::Increment, 0));
    drive.add_file(&root, "new.csv", CSV, b"sku,price\nz,9\n");
    let (_, third) = read_with(second.carryover).await;
    assert_eq!((third.coverage, third.records_read), (Coverage::Complete, 4));
}

#[tokio::test]
async fn a_file_that_cannot_be_fetched_is_a_reject_and_one_that_vanishes_makes_no_whole_pass() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Prices");
    let ids: Vec<_> = (1..=3)
        .map(|number| {
            drive.add_file(&root, &format!("{number}.csv"), CSV, format!("sku\n{number}\n").as_bytes())
        })
        .collect();
    let make = || source(&drive, &root, json!({"read": "rows"}));
    for fault in
        [Fault::download_quota(), Fault::abusive(), Fault::cannot_download(), Fault::not_downloadable()]
    {
        let rule = drive.fail(Matcher::call(Call::Media).about(&ids[1]), fault);
        let pages = read(&make(), pages_of(100)).await.unwrap();
        let rejects: Vec<_> = pages.iter().flat_map(|page| &page.rejects).collect();
        assert_eq!(rejects.len(), 1);
        assert_eq!(rejects[0].item.as_deref(), Some(&*ids[1]), "{:?}", rejects[0]);
        drive.stop_failing(rule);
    }
    let gone = ids[2].clone();
    drive.before(Matcher::call(Call::Media).nth(1), move |world| world.delete(&gone));
    let pages = read(&make(), pages_of(100)).await.unwrap();
    assert_eq!(pages.last().unwrap().cursor.coverage, Coverage::Truncated);
    assert!(pages.last().unwrap().cursor.carryover.is_none());
}

#[tokio::test]
async fn a_file_without_one_of_the_mapped_columns_is_one_reject() {
    let drive = FakeDrive::start().await;
    let root = drive.root_folder("Prices");
    drive.add_file(&root, "a.csv", CSV, b"sku,price\na,1\n");
    drive.add_file(&root, "readme.csv", CSV, b"what,why\nx,y\nx,y\nx,y\n");
    let reading = Reading { fields: ["sku".into(), "price".into()].into(), ..pages_of(100) };
    let pages = read(&source(&drive, &root, json!({"read": "rows"})), reading).await.unwrap();
    let (records, rejects): (Vec<_>, Vec<_>) =
        pages.iter().map(|page| (page.records.len(), page.rejects.len())).unzip();
    assert_eq!((records.iter().sum::<usize>(), rejects.iter().sum::<usize>()), (1, 1));
}

#[tokio::test]
async fn a_folder_without_such_files_is_an_error_and_no_empty_pass() {
    let drive = FakeDrive::start().await;
    let root = prices(&drive);
    let error = error_of(&source(&drive, &root, json!({"read": "rows", "pattern": "*.none"}))).await;
    assert_eq!(error.code(), "no_files");
}

#[tokio::test]
async fn inspecting_rows_of_a_folder_shows_the_first_ones() {
    let drive = FakeDrive::start().await;
    let root = prices(&drive);
    let inspection = inspect(&source(&drive, &root, json!({"read": "rows"}))).await;
    assert_eq!(inspection.page.unwrap().records.len(), 5);
}
