//! Only what is new: files that no run has read, lines that were added, versions of a file at an address.

use catchment_core::{Coverage, Reading};
use futures::StreamExt;
use serde_json::{Value, json};

use super::{Dir, registry, run};
use crate::server::{Reply, Request, Server, host};

const NEW: fn() -> Value = || json!({"newFiles": true});

fn titles(rows: &[String]) -> Vec<&str> {
    rows.iter().map(|row| row.rsplit('|').next().unwrap()).collect()
}

#[tokio::test]
async fn only_files_that_no_run_has_read_are_read() {
    let dir =
        Dir::of("a.csv", "id,title\n1,a\n").with("b.csv", "id,title\n2,b\n").with("bad.xlsx", b"PK\x03\x04");
    let path = dir.path("");
    let first = run(&path, NEW(), None).await;
    assert_eq!((titles(&first.rows), first.rejects.len()), (vec!["a", "b"], 1));
    assert_eq!(first.end.coverage, Coverage::Increment);

    let second = run(&path, NEW(), first.end.carryover.clone()).await;
    assert_eq!(second.rows, Vec::<String>::new());
    assert_eq!(second.rejects.len(), 1, "a file that could not be read is tried again");
    assert_eq!(second.found("files"), ["3 files, 2 of them known from earlier runs"]);

    // A file that was written again with the same content, another one with other content, and a new one.
    std::fs::remove_file(dir.path("bad.xlsx")).unwrap();
    let time = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
    std::fs::File::options().write(true).open(dir.path("a.csv")).unwrap().set_modified(time).unwrap();
    dir.write("b.csv", "id,title\n2,B\n");
    dir.write("c.csv", "id,title\n3,c\n");
    let third = run(&path, NEW(), second.end.carryover).await;
    assert_eq!(titles(&third.rows), ["B", "c"]);
    let fourth = run(&path, NEW(), third.end.carryover).await;
    assert_eq!(fourth.rows, Vec::<String>::new());

    // A file that is gone is forgotten, and read again when it comes back.
    std::fs::rename(dir.path("a.csv"), dir.path("../a.kept")).unwrap_or_default();
    std::fs::remove_file(dir.path("c.csv")).unwrap();
    let fifth = run(&path, NEW(), fourth.end.carryover).await;
    dir.write("c.csv", "id,title\n3,c\n");
    assert_eq!(titles(&run(&path, NEW(), fifth.end.carryover).await.rows), ["c"]);
    std::fs::remove_file(dir.path("../a.kept")).unwrap_or_default();
}

#[tokio::test]
async fn a_single_file_is_read_when_it_is_another_one() {
    let dir = Dir::of("a.csv", "id,title\n1,a\n");
    let path = dir.path("a.csv");
    let first = run(&path, NEW(), None).await;
    assert_eq!(first.rows, ["line 2: 1|a"]);
    let second = run(&path, NEW(), first.end.carryover).await;
    assert_eq!(second.rows, Vec::<String>::new());
    dir.write("a.csv", "id,title\n1,A\n");
    assert_eq!(run(&path, NEW(), second.end.carryover).await.rows, ["line 2: 1|A"]);
}

#[tokio::test]
async fn appended_files_go_on_where_they_ended() {
    for (name, head, line) in [
        ("log.csv", "id,title\n", (|id: u32| format!("{id},t{id}\n")) as fn(u32) -> String),
        ("log.ndjson", "", |id| format!("{{\"id\": {id}, \"title\": \"t{id}\"}}\n")),
    ] {
        let options = || json!({"newFiles": true, "appendOnly": true});
        let text = |ids: std::ops::Range<u32>| ids.map(line).collect::<String>();
        let dir = Dir::of(name, head.to_owned() + &text(0..5));
        let path = dir.path("");
        let ids = |rows: &[String]| -> Vec<String> {
            rows.iter()
                .map(|row| row.split(": ").nth(1).unwrap().split('|').next().unwrap().to_owned())
                .collect()
        };
        let first = run(&path, options(), None).await;
        assert_eq!(first.rows.len(), 5, "{name}");
        // What is still being written waits for its end.
        let half = line(7);
        dir.write(name, head.to_owned() + &text(0..7) + &half[..half.len() - 3]);
        let second = run(&path, options(), first.end.carryover).await;
        assert_eq!(ids(&second.rows), ["5", "6"], "{name}");
        assert!(
            second.rows[0].contains(&format!("line {}", if head.is_empty() { 6 } else { 7 })),
            "{:?}",
            second.rows
        );
        dir.write(name, head.to_owned() + &text(0..9));
        let third = run(&path, options(), second.end.carryover).await;
        assert_eq!(ids(&third.rows), ["7", "8"], "{name}");
        // One that was rotated, and one that was changed before its end, are read anew.
        dir.write(name, head.to_owned() + &text(20..22));
        let rotated = run(&path, options(), third.end.carryover).await;
        assert_eq!(ids(&rotated.rows), ["20", "21"], "{name}");
        dir.write(name, head.to_owned() + &text(30..35));
        let changed = run(&path, options(), rotated.end.carryover).await;
        assert_eq!(ids(&changed.rows), ["30", "31", "32", "33", "34"], "{name}");
        assert!(changed.found("files")[0].contains("is read anew"), "{:?}", changed.findings);
    }
}

#[tokio::test]
async fn what_is_still_being_written_is_left_and_told() {
    let options = || json!({"newFiles": true, "appendOnly": true});
    // A header that has no end yet, beside a file that is whole.
    let dir = Dir::of("a.csv", "id,name\n1,x\n").with("d.csv", "id,na").with("e.csv", "");
    let first = run(dir.path(""), options(), None).await;
    assert_eq!(first.rows, ["a.csv, line 2: 1|x"]);
    dir.write("d.csv", "id,name\n40,t\n");
    let second = run(dir.path(""), options(), first.end.carryover).await;
    assert_eq!((&*second.rows, second.rejects.len()), (&["d.csv, line 2: 40|t".to_owned()][..], 0));
    // A quote that is not closed holds back what follows it.
    dir.write("d.csv", "id,name\n40,t\n41,\"u\n42,v\n");
    let third = run(dir.path(""), options(), second.end.carryover).await;
    assert_eq!(third.rows, Vec::<String>::new());
    assert_eq!(
        third.found("unfinished"),
        ["d.csv: what begins in line 3 has no end yet, and is left for the next run"]
    );
}

#[tokio::test]
async fn a_new_file_that_lacks_a_column_has_no_value_there_whatever_stands_beside_it() {
    let dir = Dir::of("a.csv", "id,title,price\n1,a,2\n");
    let first = run(dir.path(""), NEW(), None).await;
    dir.write("b.csv", "id,title\n1,b\n");
    let alone = run(dir.path(""), NEW(), first.end.carryover.clone()).await;
    dir.write("c.csv", "id,title,price\n2,c,3\n");
    let beside = run(dir.path(""), NEW(), first.end.carryover).await;
    assert_eq!(alone.rows, ["b.csv, line 2: 1|b|null"]);
    assert_eq!(beside.rows[0], alone.rows[0]);
    assert!(alone.found("columns")[0].starts_with("`b.csv` has no column `price`"), "{:?}", alone.findings);
}

#[tokio::test]
async fn a_file_at_an_address_is_fetched_when_its_server_says_that_it_changed() {
    let server = Server::start(|request: &Request| {
        let version = if request.path() == "/new" { "\"2\"" } else { "\"1\"" };
        if request.headers.get("if-none-match").map(String::as_str) == Some(version) {
            return Reply::text(304, "");
        }
        Reply::text(200, "id,title\n1,a\n").header("etag", version)
    })
    .await;
    let read = async |path: &str, carryover: Option<Value>| {
        let address = format!("{}{path}", server.url);
        let options = super::options(NEW());
        let source = registry().build("file", &address, options, &host()).unwrap();
        let pages: Vec<_> = source.read(Reading { carryover, ..Reading::default() }).collect().await;
        let pages: Vec<_> = pages.into_iter().map(Result::unwrap).collect();
        let records: usize = pages.iter().map(|page| page.records.len()).sum();
        let end = pages.into_iter().last().unwrap().cursor;
        (records, end.coverage, end.carryover)
    };
    let (records, coverage, known) = read("/a", None).await;
    assert_eq!((records, coverage), (1, Coverage::Complete));
    let (records, coverage, still_known) = read("/a", known.clone()).await;
    assert_eq!((records, coverage), (0, Coverage::Increment));
    assert_eq!(still_known, known);
    assert_eq!(read("/new", known).await.0, 1);
}
