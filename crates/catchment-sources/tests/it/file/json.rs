//! JSON documents and lines in files, as the answers of an API are read.

use serde_json::json;

use super::{Dir, NONE, everything, run, run_fields};

#[tokio::test]
async fn records_are_found_where_an_api_would_have_them() {
    for (document, path) in [
        (r#"[{"id": 1}, {"id": 2}]"#, "$"),
        (r#"{"results": [{"id": 1}, {"id": 2}], "links": [{}]}"#, "$.results"),
        (r#"{"a": {"b": {"items": [{"id": 1}, {"id": 2}]}}}"#, "$.a.b.items"),
    ] {
        let dir = Dir::of("a.json", document);
        let read = run(dir.path("a.json"), NONE(), None).await;
        assert_eq!(read.rows.len(), 2, "{document}");
        assert_eq!(read.found("records"), [format!("the list at `{path}`")]);
        assert!(read.rows[0].starts_with(&format!("{path}[0]: 1|")), "{:?}", read.rows);
    }
    let dir = Dir::of("a.json", r#"{"a": [{"id": 1}], "b": [{"id": 2}, {"id": 3}]}"#);
    let path = dir.path("a.json");
    assert!(
        run(&path, NONE(), None).await.code().contains("the file holds several lists, such as $.a and $.b")
    );
    assert_eq!(run(&path, json!({"dataPath": "b"}), None).await.rows.len(), 2);
    assert_eq!(run(&path, json!({"dataPath": "$.b[?@.id > 2]"}), None).await.rows.len(), 1);
    assert!(run(&path, json!({"dataPath": "c"}), None).await.code().starts_with("no_records: "));
}

#[tokio::test]
async fn a_bad_record_costs_itself() {
    let records = r#"{"id": 1}, 7, {"id": 2, "id": 3}, {"id": "\ud800"}, {"id": 1e400}, {"id": {"a": 0.10}}"#;
    let dir = Dir::of("a.json", format!("[{records}]"))
        .with("a.ndjson", records.replace("}, ", "}\n").replace("7, ", "7\n") + "\n{\"id\": \n\n");
    for (name, places) in [("a.json", ["$[1]", "$[2]", "$[3]"]), ("a.ndjson", ["line 2", "line 3", "line 4"])]
    {
        let output = everything(&dir.path(name), NONE()).await;
        let rejects: Vec<_> =
            output.rejects.iter().map(|reject| (reject.location.to_string(), reject.code)).collect();
        let codes = ["not_a_record", "doubled_name", "lone_surrogate"];
        let expected: Vec<_> = places.into_iter().map(str::to_owned).zip(codes).collect();
        assert_eq!(rejects[..3], expected, "{name}");
        assert_eq!(output.records.len(), 3, "{name}");
    }
    let lines = everything(&dir.path("a.ndjson"), NONE()).await;
    assert_eq!(lines.rejects[3].location.to_string(), "line 7");
}

#[tokio::test]
async fn what_is_cut_off_or_no_json_fails_where_it_is() {
    let rows: String = (0..2000).map(|id| format!("{{\"id\": {id}}},")).collect();
    let dir = Dir::of("cut.json", format!("[{rows}")).with("bad.json", format!("[{rows} oops]"));
    let cut = run(dir.path("cut.json"), NONE(), None).await;
    assert!(cut.code().starts_with("bad_json: the file ends in the middle of its JSON"), "{}", cut.code());
    let bad = run(dir.path("bad.json"), json!({"dataPath": "$"}), None).await;
    assert!(bad.code().starts_with("bad_json: the file is not JSON: expected value"), "{}", bad.code());
    assert_eq!(bad.rows.len(), 1998, "whole pages before the fault are delivered");
}

#[tokio::test]
async fn encodings_are_told_by_their_marks_and_bad_bytes_cost_their_record() {
    let utf16: Vec<u8> = "\u{feff}[{\"id\": \"ñ\"}]".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let dir = Dir::of("a.json", utf16)
        .with("b.json", b"\xef\xbb\xbf[{\"id\": \"\xc3\xb1\"}, {\"id\": \"\xff\"}, {\"id\": \"z\"}]")
        .with("c.ndjson", b"\xef\xbb\xbf{\"id\": \"\xc3\xb1\"}\n{\"id\": \"\xff\"}\n{\"id\": \"z\"}\n")
        .with("d.json", b"[{\"id\": \"\xf1\"}]");
    assert!(run(dir.path("a.json"), NONE(), None).await.rows[0].starts_with("$[0]: ñ|"));
    for name in ["b.json", "c.ndjson"] {
        let output = everything(&dir.path(name), NONE()).await;
        assert_eq!((output.records.len(), output.rejects[0].code), (2, "bad_encoding"), "{name}");
    }
    let latin = run(dir.path("d.json"), json!({"encoding": "latin1"}), None).await;
    assert!(latin.rows[0].starts_with("$[0]: ñ|"), "{latin:?}");
}

#[tokio::test]
async fn the_mapping_chooses_the_columns() {
    let dir = Dir::of("a.ndjson", "{\"a\": {\"b\": [1, 2]}, \"c\": null}\n{\"a\": 1}\n");
    let read = run_fields(dir.path("a.ndjson"), NONE(), None, &["a.b[1]", "d"]).await;
    assert_eq!(read.rows[0], "line 1: 2|null|{\"a\": {\"b\": [1, 2]}, \"c\": null}");
    assert!(read.rows[1].starts_with("line 2: null|null|"));
}
