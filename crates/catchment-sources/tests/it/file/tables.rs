//! What tables of people have: titles, blank rows, totals, headers on each page, columns without anything.

use serde_json::json;

use super::workbooks::{rows, xlsx};
use super::{Dir, NONE, build, everything, inspect, run};

/// A list as a spreadsheet has it, and as it is exported from there.
const LIST: [&[&str]; 10] = [
    &["Price list"],
    &["valid from", "2026-11-24"],
    &["", ""],
    &["", "title", "artist", "price", "", ""],
    &["", "Ray of Light", "Madonna", "9.5"],
    &["", "", ""],
    &["", "title", "artist", "price"],
    &["", "Frozen", "Madonna", "8"],
    &["", "Total", "", "17.5"],
    &["", "Drowned World", "Madonna", "7"],
];

fn both() -> Vec<(Dir, &'static str)> {
    let text: String = LIST
        .iter()
        .map(|row| {
            let mut row = row.to_vec();
            row.resize(6, "");
            row.join(";") + "\n"
        })
        .collect();
    vec![
        (Dir::of("list.csv", text), "list.csv"),
        (Dir::of("list.xlsx", xlsx(&[("List", false, &rows(&LIST))])), "list.xlsx"),
    ]
}

#[tokio::test]
async fn a_header_is_found_below_titles_and_what_is_no_record_is_told() {
    for (dir, name) in both() {
        let path = dir.path(name);
        let output = everything(&path, json!({"totals": "skip"})).await;
        let place = |row: u64| {
            if name == "list.csv" { format!("line {row}") } else { format!("sheet `List`, row {row}") }
        };
        let columns = output.columns.as_ref().unwrap();
        let first = columns.iter().position(|name| &**name == "title").unwrap();
        assert_eq!(columns[first..].join("|"), "title|artist|price", "{name}");
        let records: Vec<_> =
            output.records.iter().map(|(place, values)| (place.clone(), values[first].clone())).collect();
        let text = |text: &str| format!("Text(\"{text}\")");
        assert_eq!(
            records,
            [
                (place(5), text("Ray of Light")),
                (place(8), text("Frozen")),
                (place(10), text("Drowned World"))
            ],
            "{name}"
        );
        let skips: Vec<_> =
            output.skips.iter().map(|skip| (skip.location.to_string(), skip.reason)).collect();
        assert_eq!(skips, [(place(7), "repeated_header"), (place(9), "totals_row")], "{name}");
        assert!(output.rejects.is_empty());

        let read = run(&path, NONE(), None).await;
        assert_eq!(read.rows.len(), 4, "totals are kept unless the options say otherwise");
        assert!(read.found("totals")[0].contains("looks like totals (`Total`)"), "{:?}", read.findings);
        assert!(read.found("header")[0].contains("passed over above it: `Price list"), "{:?}", read.findings);
        assert_eq!(read.end.records_read, 5);

        let found = inspect(&path, NONE()).await;
        assert_eq!(
            (&found.options["headerRow"], &found.options["totals"]),
            (&json!(4), &json!("skip")),
            "{name}"
        );
        let again = run(&path, serde_json::Value::Object(found.options), None).await;
        assert_eq!((again.rows.len(), again.skips.len()), (3, 2), "what is proposed can be given: {name}");
    }
}

#[tokio::test]
async fn the_header_can_be_named_or_left_out() {
    for (dir, name) in both() {
        let path = dir.path(name);
        let by_row = run(&path, json!({"headerRow": 7}), None).await;
        assert_eq!(by_row.rows.len(), 3, "{name}");
        let without = run(&path, json!({"hasHeader": false, "skipRows": 7}), None).await;
        assert_eq!(without.rows.len(), 3, "{name}");
        assert!(without.rows[0].contains("Frozen"), "{without:?}");
        for (options, pointer) in [
            (json!({"headerRow": 0}), "/options/headerRow"),
            (json!({"headerRow": 2, "hasHeader": false}), "/options/headerRow"),
            (json!({"headerRow": 2, "skipRows": 2}), "/options/skipRows"),
            (json!({"totals": "drop"}), "/options/totals"),
            (json!({"sheet": 0}), "/options/sheet"),
            (json!({"appendOnly": true}), "/options/appendOnly"),
            (json!({"format": "pdf"}), "/options/format"),
        ] {
            let error = build(&path, options).err().unwrap();
            assert_eq!(error.details()[0].pointer, pointer);
        }
    }
}

#[tokio::test]
async fn a_value_outside_of_the_table_is_a_reject() {
    let text = "id,title,,\n1,a,,\n2,b,,note\n".to_owned() + &"3,c,,\n".repeat(120) + "4,d,,lost\n";
    let dir = Dir::of("a.csv", text.replace("2,b,,note\n", ""));
    let read = run(dir.path("a.csv"), NONE(), None).await;
    assert_eq!(read.rejects(), ["line 123 outside_table"]);
    assert!(read.rejects[0].message.contains("field 4 has a value"), "{}", read.rejects[0].message);
    // Where the first rows have values there, it is a column without a name.
    let dir = Dir::of("b.csv", text);
    assert!(run(dir.path("b.csv"), NONE(), None).await.rejects.is_empty());

    let mut wide: Vec<&[&str]> = vec![&["id", "title"]];
    wide.extend(std::iter::repeat_n(&["1", "a"][..], 200));
    wide.push(&["2", "b", "", "lost"]);
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, &rows(&wide))]));
    let read = run(dir.path("a.xlsx"), NONE(), None).await;
    assert_eq!(read.rejects(), ["sheet `S`, row 202 outside_table"]);
    assert!(read.rejects[0].message.contains("the cell D202 is outside"), "{}", read.rejects[0].message);
}

#[tokio::test]
async fn errors_that_a_spreadsheet_exported_are_rejects_where_they_are_mapped() {
    let dir = Dir::of("a.csv", "id;title;note\n1;a;#N/A\n2;#DIV/0!;x\n3;#1;y\n");
    let all = everything(&dir.path("a.csv"), NONE()).await;
    let rejects: Vec<_> =
        all.rejects.iter().map(|reject| (reject.location.to_string(), reject.code)).collect();
    assert_eq!(rejects, [("line 2".to_owned(), "error_cell"), ("line 3".to_owned(), "error_cell")]);
    assert_eq!(all.rejects[1].record.as_deref(), Some(r##"{"id":"2","title":"#DIV/0!","note":"x"}"##));
    let mapped = super::run_fields(dir.path("a.csv"), NONE(), None, &["id", "title"]).await;
    assert_eq!((mapped.rows.len(), mapped.rejects()), (2, vec!["line 3 error_cell".to_owned()]));
}

#[tokio::test]
async fn the_type_csv_takes_its_first_record_for_the_header_as_ever() {
    let dir = Dir::of("a.csv", "Price list;;\nid;title;price\n1;a;2\nTotal;;2\n");
    let options = serde_json::Map::new();
    let source =
        super::registry().build("csv", dir.path("a.csv").to_str().unwrap(), options, &super::host()).unwrap();
    let page = futures::StreamExt::next(&mut source.read(catchment_core::Reading::default()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.columns.join("|"), "Price list|2|3");
    assert_eq!((page.records.len(), page.skips.len()), (3, 0));
}
