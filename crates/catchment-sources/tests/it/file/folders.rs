//! Several files as one source.

use catchment_core::{Coverage, Cursor, PageSize, Reading, Source};
use futures::StreamExt;
use serde_json::json;

use super::workbooks::{rows, xlsx};
use super::{COMPLETE, Dir, NONE, everything, inspect, run, run_fields, source};

fn three() -> Dir {
    Dir::of("b.csv", "id;title;year\n3;c;2001\n4;d;2002\n")
        .with("a.xlsx", xlsx(&[("S", false, &rows(&[&["title", "id"], &["a", "1"], &["b", "2"]]))]))
        .with("c.ndjson", "{\"id\": 5, \"title\": \"e\", \"label\": \"x\"}\n")
}

#[tokio::test]
async fn files_of_other_columns_are_one_source_by_their_names() {
    let dir = three();
    let read = run(dir.path(""), NONE(), None).await;
    assert_eq!(
        read.rows,
        [
            "a.xlsx, sheet `S`, row 2: a|1|null|null|{\"title\":\"a\",\"id\":1}",
            "a.xlsx, sheet `S`, row 3: b|2|null|null|{\"title\":\"b\",\"id\":2}",
            "b.csv, line 2: c|3|2001|null|{\"id\":\"3\",\"title\":\"c\",\"year\":\"2001\"}",
            "b.csv, line 3: d|4|2002|null|{\"id\":\"4\",\"title\":\"d\",\"year\":\"2002\"}",
            "c.ndjson, line 1: e|5|null|x|{\"id\": 5, \"title\": \"e\", \"label\": \"x\"}",
        ]
    );
    assert_eq!(
        (read.end.records_read, read.end.coverage, read.found("files")),
        (5, COMPLETE, vec!["3 files"])
    );
    everything(&dir.path(""), NONE()).await;
    let mapped = run_fields(dir.path(""), NONE(), None, &["title"]).await;
    assert_eq!(mapped.rows.len(), 5);
}

#[tokio::test]
async fn a_bad_file_is_a_reject_or_the_failure_of_the_run() {
    let dir = three()
        .with("ab.xlsx", &xlsx(&[("S", false, "<sheetData/>")])[..600])
        .with("d.csv", b"%PDF-1.4\n1 0 obj\n<<>>");
    let output = everything(&dir.path(""), NONE()).await;
    assert_eq!(output.records.len(), 5);
    let rejects: Vec<_> =
        output.rejects.iter().map(|reject| (reject.location.to_string(), reject.code)).collect();
    assert_eq!(
        rejects,
        [("ab.xlsx, line 1".to_owned(), "bad_file"), ("d.csv, line 1".to_owned(), "bad_file")]
    );
    assert!(output.rejects[1].message.contains("it is a PDF document"), "{}", output.rejects[1].message);
    let failed = run(dir.path(""), json!({"onBadFile": "fail"}), None).await;
    assert!(
        failed.code().starts_with("damaged_archive") && failed.code().contains("ab.xlsx"),
        "{}",
        failed.code()
    );
    // Where none can be read, nothing is known of the columns.
    let dir = Dir::of("d.csv", b"%PDF-1.4\n1 0 obj\n<<>>");
    assert!(run(dir.path(""), NONE(), None).await.code().starts_with("not_csv"));
}

#[tokio::test]
async fn what_is_empty_cut_off_or_on_its_way_makes_no_whole_pass() {
    let list = "id,title\n1,a\n";
    for (name, bytes) in
        [("b.csv", &b""[..]), ("b.csv.gz", b""), ("b.csv.gz", b"\x1f"), ("b.xlsx", b""), ("b.json", b"")]
    {
        let dir = Dir::of("a.csv", list).with(name, bytes);
        let read = run(dir.path(""), NONE(), None).await;
        assert_eq!(read.rejects(), [format!("{name}, line 1 bad_file")], "{bytes:?}");
        assert!(!run(dir.path(""), json!({"onBadFile": "fail"}), None).await.code().is_empty(), "{name}");
        assert!(!run(dir.path(name), NONE(), None).await.code().is_empty(), "{name}");
    }
    let dir = Dir::of("a.csv", list);
    std::os::unix::fs::symlink(dir.path("nowhere"), dir.path("b.csv")).unwrap();
    let read = run(dir.path("*.csv"), NONE(), None).await;
    assert_eq!(read.rejects(), ["b.csv, line 1 bad_file"]);
    assert!(read.rejects[0].message.contains("a link that leads nowhere"), "{}", read.rejects[0].message);

    let dir = Dir::of("a.csv", list).with("b.csv.part", list).with("c.log.tmp", "x");
    let read = run(dir.path("*.csv"), NONE(), None).await;
    assert_eq!((read.rows.len(), read.end.coverage), (1, Coverage::Truncated));
    assert_eq!(read.end.warning.unwrap(), "`b.csv.part` seems to be on its way still, and was not read");
}

#[tokio::test]
async fn files_that_lack_columns_are_told() {
    let read = run(three().path("b*"), NONE(), None).await;
    assert_eq!(read.found("columns"), Vec::<&str>::new());
    let dir =
        Dir::of("a.csv", "id,title,year\n1,a,2\n").with("b.csv", "id,title\n2,b\n").with("c.csv", "id\n3\n");
    let read = run(dir.path(""), NONE(), None).await;
    let told = "`b.csv` has no column `title`, and 1 more files lack some: their records have no value there";
    assert_eq!(read.found("columns"), [told.replace("`title`", "`year`")]);
}

#[tokio::test]
async fn a_folder_without_files_says_so() {
    let dir = Dir::of("a.txt", "id,title\n1,a\n");
    std::fs::create_dir(dir.path("empty")).unwrap();
    for (path, code) in [
        ("empty", "no_files"),
        ("*.csv", "no_files"),
        ("none", "no_such_file"),
        ("none/*.csv", "no_such_file"),
    ] {
        let read = run(dir.path(path), NONE(), None).await;
        assert!(read.code().starts_with(code), "{path}: {read:?}");
    }
    let waiting = run(dir.path("*.csv"), json!({"newFiles": true}), None).await;
    assert_eq!((waiting.code(), waiting.end.coverage), ("", Coverage::Increment));
}

/// The cursor after so many records, in pages of one.
async fn cursor_after(dir: &Dir, records: usize) -> Cursor {
    let source = source(dir.path(""), NONE());
    let reading = Reading { page_size: PageSize::rows(1), ..Reading::default() };
    let mut pages = source.read(reading).take(records);
    let mut cursor = Cursor::default();
    while let Some(page) = pages.next().await {
        cursor = page.unwrap().cursor;
    }
    cursor
}

async fn resume(dir: &Dir, after: Cursor) -> Result<Vec<String>, String> {
    let source = source(dir.path(""), NONE());
    let mut pages = source.read(Reading { after: Some(after), ..Reading::default() });
    let mut rows = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| error.code().to_owned())?;
        rows.extend(page.records.iter().map(|record| record.value(0).to_string()));
        if let Some(warning) = page.cursor.warning {
            rows.push(warning);
        }
    }
    Ok(rows)
}

#[tokio::test]
async fn what_changes_while_a_run_is_interrupted_begins_it_anew() {
    let dir = three();
    let cursor = cursor_after(&dir, 3).await;
    assert_eq!(resume(&dir, cursor.clone()).await.unwrap(), ["d", "e"]);
    // What is still to be read is read as it is now.
    dir.write("c.ndjson", "{\"id\": 6, \"title\": \"f\"}\n");
    assert_eq!(resume(&dir, cursor.clone()).await.unwrap(), ["d", "f"]);
    // The file that is being read, and one that was read.
    dir.write("b.csv", "id;title;year\n9;x;2001\n4;d;2002\n");
    assert_eq!(resume(&dir, cursor.clone()).await.unwrap_err(), "source_changed");
    dir.write("b.csv", "id;title;year\n3;c;2001\n4;d;2002\n");
    assert_eq!(resume(&dir, cursor.clone()).await.unwrap(), ["d", "f"]);
    dir.write("a.xlsx", "id;title\n1;a\n");
    assert_eq!(resume(&dir, cursor.clone()).await.unwrap_err(), "source_changed");
    std::fs::remove_file(dir.path("a.xlsx")).unwrap();
    assert_eq!(resume(&dir, cursor).await.unwrap_err(), "source_changed");
}

#[tokio::test]
async fn what_changes_while_a_folder_is_read_makes_the_run_no_whole_one() {
    let dir = three();
    let source = source(dir.path(""), NONE());
    let mut pages = source.read(Reading { page_size: PageSize::rows(1), ..Reading::default() });
    pages.next().await.unwrap().unwrap();
    dir.write("aa.csv", "id;title\n7;g\n");
    let mut last = Cursor::default();
    while let Some(page) = pages.next().await {
        last = page.unwrap().cursor;
    }
    assert_eq!(last.coverage, Coverage::Truncated);
    assert!(last.warning.unwrap().starts_with("files appeared, changed or vanished"));
}

#[tokio::test]
async fn a_folder_is_inspected_with_the_columns_of_all_its_files() {
    let found = inspect(three().path(""), NONE()).await;
    assert_eq!(found.findings[0].message, "3 files: `a.xlsx`, `b.csv`, `c.ndjson`");
    let page = found.page.unwrap();
    assert_eq!((page.records.len(), page.columns.join("|")), (5, "title|id|year|label|*".to_owned()));
    assert!(
        found.options.is_empty(),
        "what is found out of one file is no option of all: {:?}",
        found.options
    );
    let waiting = inspect(Dir::of("a.txt", "x").path("*.csv"), json!({"newFiles": true})).await;
    assert!(waiting.page.is_none());
}
