//! Files of any format in the tables of both databases: folders that are killed in the middle, lists with totals, amounts.

use std::time::Duration;

use catchment::SyncRequest;
use catchment_core::{FileAccess, Host, Reading};
use futures::StreamExt;
use serde_json::json;

use crate::support::{ME, Process, Test, counts, on_both, request};

/// Files of a folder, and records of each.
const FILES: usize = 1000;
const RECORDS: usize = 60;

fn list(file: usize, title: &str) -> String {
    let record = |row: usize| format!("{},{title} {row}\n", file * RECORDS + row);
    "id,title\n".to_owned() + &(0..RECORDS).map(record).collect::<String>()
}

/// Runs the command until it has stored another page, and kills it there; false where it came to its end.
async fn kill_after_a_page(test: &Test, command: &[&str]) -> bool {
    let pages = async || test.value("SELECT page_no FROM sync_runs").await.parse::<i64>().unwrap_or(0);
    let mut process = Process(test.command(command).spawn().unwrap());
    let before = pages().await;
    while pages().await <= before {
        if let Some(status) = process.0.try_wait().unwrap() {
            assert_eq!(status.code(), Some(0));
            return false;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    process.0.kill().unwrap();
    process.0.wait().unwrap();
    true
}

on_both! {
    async fn a_thousand_files_are_one_run_that_is_killed_five_times(test: Test) {
        std::fs::create_dir(test.dir.path().join("in")).unwrap();
        for file in 0..FILES {
            test.file(&format!("in/{file:04}.csv"), list(file, "Title"));
        }
        test.app().await;
        let sync = ["sync", "in", "--content-type", "music", "--json"];
        let mut kills = 0;
        while kills < 5 && kill_after_a_page(&test, &sync).await {
            kills += 1;
            // What is still to be read is read as it is by then.
            test.file(&format!("in/{:04}.csv", FILES - 1), list(FILES - 1, &format!("Title of kill {kills}")));
        }
        assert_eq!(kills, 5);
        assert_eq!(Process(test.command(&sync).spawn().unwrap()).0.wait().unwrap().code(), Some(0));
        let all = FILES * RECORDS;
        let run = "SELECT status, items_processed, items_skipped, items_failed FROM sync_runs";
        assert_eq!(test.query(run).await, [format!("completed|{all}|0|0")]);
        let rows = "SELECT COUNT(*), COUNT(DISTINCT external_id) FROM content_index";
        assert_eq!(test.query(rows).await, [format!("{all}|{all}")]);
        let changed = "SELECT COUNT(*) FROM content_index WHERE title LIKE 'Title of kill 5%'";
        assert_eq!(test.value(changed).await, RECORDS.to_string());
    }

    async fn a_file_that_changed_after_it_was_read_begins_the_run_anew(test: Test) {
        std::fs::create_dir(test.dir.path().join("in")).unwrap();
        for file in 0..200 {
            test.file(&format!("in/{file:04}.csv"), list(file, "Title"));
        }
        test.app().await;
        let sync = ["sync", "in", "--content-type", "music", "--json"];
        assert!(kill_after_a_page(&test, &sync).await);
        test.file("in/0000.csv", list(0, "Changed"));
        let status = Process(test.command(&sync).spawn().unwrap()).0.wait().unwrap();
        assert_eq!(status.code(), Some(0));
        let changed = "SELECT COUNT(*) FROM content_index WHERE title LIKE 'Changed%'";
        assert_eq!(test.value(changed).await, RECORDS.to_string());
        let runs = test.query("SELECT status, error_code FROM sync_runs ORDER BY id").await;
        assert_eq!(runs.last().unwrap().split('|').next(), Some("completed"), "{runs:?}");
    }

    async fn only_new_files_are_read_again_and_again(test: Test) {
        std::fs::create_dir(test.dir.path().join("in")).unwrap();
        test.file("in/a.csv", "id,title\n1,a\n");
        test.file("in/b.ndjson", "{\"id\": 2, \"title\": \"b\"}\n");
        let (app, path) = (test.app().await, test.dir.path().join("in"));
        let sync = async || {
            let options = json!({"contentType": "music", "newFiles": true, "whenGone": "delete"});
            let request = SyncRequest { source_type: "file".to_owned(), ..request(&path, options) };
            counts(&app.service().sync(&ME, request).await.unwrap())
        };
        assert_eq!(sync().await, [2, 0, 0, 0, 0]);
        assert_eq!(sync().await, [0; 5]);
        test.file("in/a.csv", "id,title\n1,A\n");
        test.file("in/c.csv", "id,title\n3,c\n");
        assert_eq!(sync().await, [1, 1, 0, 0, 0]);
        assert_eq!(test.query("SELECT title FROM content_index ORDER BY external_id").await, ["A", "b", "c"]);
    }

    async fn dates_of_cells_and_texts_in_a_form_stand_in_one_column(test: Test) {
        test.file("a.ndjson", "{\"id\": 1, \"day\": \"03/04/2026\"}\n");
        test.file("b.xls", include_bytes!("../../../catchment-sources/tests/it/file/table.xls"));
        test.execute("CREATE TABLE days (id INT NOT NULL PRIMARY KEY, day DATE)").await;
        let app = test.app().await;
        let options = json!({"targetTable": "days", "dateFormat": "dd/MM/yyyy", "unmapped": "ignore"});
        for (name, inserted) in [("b.xls", [5, 0, 0, 0, 0]), ("a.ndjson", [0, 1, 0, 0, 0])] {
            let request = request(&test.dir.path().join(name), options.clone());
            let request = SyncRequest { source_type: "file".to_owned(), ..request };
            assert_eq!(counts(&app.service().sync(&ME, request).await.unwrap()), inserted);
        }
        let days = test.query("SELECT day FROM days ORDER BY id").await;
        assert_eq!(days, ["2026-04-03", "1999-12-31", "2026-02-28", "1900-03-01", "2024-02-29"]);
    }

    async fn what_only_a_later_file_has_can_be_mapped(test: Test) {
        std::fs::create_dir(test.dir.path().join("in")).unwrap();
        test.file("in/a.csv", "id,title\n1,a\n");
        test.file("in/b.csv", "id;title;who\n2;b;B\n");
        test.app().await;
        let map = ["--map", "external_id=id", "--map", "title=title", "--map", "artist=who"];
        let sync = [&["sync", "in/*.csv", "--content-type", "music"][..], &map].concat();
        assert_eq!(test.command(&sync).output().unwrap().status.code(), Some(0));
        let rows = test.query("SELECT external_id, title, artist FROM content_index ORDER BY external_id").await;
        assert_eq!(rows, ["1|a|NULL", "2|b|B"]);
        // Where nothing has come yet, there is nothing to be done.
        std::fs::create_dir(test.dir.path().join("later")).unwrap();
        let later = ["sync", "later/*.csv", "--content-type", "music", "--new-files"];
        assert_eq!(test.command(&later).output().unwrap().status.code(), Some(0));
        assert_eq!(test.command(&later[..4]).output().unwrap().status.code(), Some(2));
    }

    async fn totals_amounts_and_bad_files_are_accounted_for(test: Test) {
        std::fs::create_dir(test.dir.path().join("in")).unwrap();
        let list = "Lista de precios;;\n;;\nid;titulo;precio\n1;uno;$ 54.900\n2;dos;1.234,50 €\n3;tres;(12,00)\n4;cuatro;12 kg\nTotal;;56.122,50\n";
        test.file("in/a.csv", list);
        test.file("in/b.xlsx", "PK\u{3}\u{4} and no more");
        test.execute("CREATE TABLE prices (id INT NOT NULL PRIMARY KEY, titulo VARCHAR(60), precio DECIMAL(10, 2))").await;
        let (app, path) = (test.app().await, test.dir.path().join("in"));
        let options = json!({"targetTable": "prices", "decimal": ",", "totals": "skip"});
        let request = SyncRequest { source_type: "file".to_owned(), ..request(&path, options) };
        let result = app.service().sync(&ME, request).await.unwrap();
        assert_eq!(counts(&result), [3, 0, 0, 1, 2]);
        let rows = test.query("SELECT id, precio FROM prices ORDER BY id").await;
        let plain: Vec<_> = rows.iter().map(|row| row.strip_suffix(".00").unwrap_or(row).replace(".50", ".5")).collect();
        assert_eq!(plain, ["1|54900", "2|1234.5", "3|-12"]);
        let rejects = test.query("SELECT error_code, line_no, json_path FROM sync_errors ORDER BY id").await;
        assert_eq!(rejects, ["not_a_number|7|a.csv", "bad_file|1|b.xlsx"]);
        let skips = test.query("SELECT reason, line_no, json_path, item_identifier FROM sync_skips").await;
        assert_eq!(skips, ["totals_row|8|a.csv|Total;;56.122,50"]);
        let told = String::from_utf8(test.command(&["runs", "skips", "1"]).output().unwrap().stdout).unwrap();
        assert!(told.contains("a.csv, line 8: a row of totals"), "{told}");
    }
}

#[tokio::test]
async fn a_request_names_folders_below_the_data_directories_alone() {
    let test = Test::sqlite().await;
    for dir in ["data", "data/in", "other"] {
        std::fs::create_dir(test.dir.path().join(dir)).unwrap();
    }
    test.file("data/in/a.csv", "id,title\n1,a\n");
    test.file("other/b.csv", "id,title\n2,b\n");
    std::os::unix::fs::symlink(test.dir.path().join("other/b.csv"), test.dir.path().join("data/in/b.csv"))
        .unwrap();
    let data = test.dir.path().join("data");
    let access = FileAccess::Below(vec![data.clone()]);
    let host = Host { files: access, ..Host::default() };
    let registry = catchment_sources::builtin();
    let allowed = |path: &str| {
        let path = test.dir.path().join(path);
        registry.check_access("file", path.to_str().unwrap(), &host).map_err(|error| error.code().to_owned())
    };
    for path in ["data", "data/in", "data/in/*.csv", "data/*/*.csv", "data/in/a.csv", "data/in/none.csv"] {
        assert_eq!(allowed(path), Ok(()), "{path}");
    }
    for path in ["other", "other/*.csv", "*/*.csv", "other/b.csv", "data/../other/*.csv", "data/in/b.csv"] {
        assert_eq!(allowed(path), Err("outside_data_dirs".to_owned()), "{path}");
    }
    // A link out of them is a file that cannot be read.
    let options = serde_json::Map::new();
    let source = registry.build("file", data.join("in").to_str().unwrap(), options, &host).unwrap();
    let pages: Vec<_> = source.read(Reading::default()).map(Result::unwrap).collect().await;
    assert_eq!((pages[0].records.len(), pages[0].rejects[0].code), (1, "bad_file"));
    assert!(pages[0].rejects[0].message.contains("outside of the data directories"));
}
