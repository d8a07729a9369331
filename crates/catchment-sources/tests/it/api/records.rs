//! What is a record, what its columns are called, and where a reject says it stood.

use catchment_core::testkit::conforms;
use serde_json::json;

use super::api;
use crate::server::{Reply, Request, Server, host};

#[tokio::test]
async fn what_is_no_record_is_rejected_with_its_place() {
    let deep = format!("{{\"id\": 4, \"x\": {}1{}}}", "[".repeat(200), "]".repeat(200));
    let long = format!("{{\"id\": 5, \"x\": \"{}\"}}", "y".repeat(5000));
    let body = [
        r#"[{"id": 12345678901234567890123, "price": 0.10, "big": 1e400, "nul": "a\u0000b"}"#,
        r#"7, "x", null, {"id": 1, "id": 2}, {"id": "\ud800"}"#,
        &deep,
        &long,
        "{\"id\": 6, \"x\": \"\u{fffd}\"}",
    ]
    .join(",");
    let mut bytes = body.replace('\u{fffd}', "\u{1}").into_bytes();
    bytes.push(b']');
    let broken = bytes.iter().map(|byte| if *byte == 1 { 0xff } else { *byte }).collect::<Vec<_>>();
    let server = Server::start(move |_: &Request| Reply::text(200, broken.clone())).await;
    let given = json!({"maxRecordBytes": 4000});
    let everything = conforms(|| api(&server.url, given.clone(), &host())).await;
    let columns = everything.columns.as_ref().unwrap().join("|");
    assert_eq!(columns, "id|price|big|nul|x|*");
    assert_eq!(everything.records.len(), 1);
    assert_eq!(everything.records[0].1[0], "Number(\"12345678901234567890123\")");
    assert_eq!(everything.records[0].1[1], "Number(\"0.10\")");
    assert_eq!(everything.records[0].1[2], "Number(\"1e400\")");
    let rejects: Vec<_> =
        everything.rejects.iter().map(|reject| format!("{} {}", reject.location, reject.code)).collect();
    assert_eq!(
        rejects,
        [
            "page 1, $[1] not_a_record",
            "page 1, $[2] not_a_record",
            "page 1, $[3] not_a_record",
            "page 1, $[4] doubled_name",
            "page 1, $[5] lone_surrogate",
            "page 1, $[6] too_deep",
            "page 1, $[7] record_too_long",
            "page 1, $[8] bad_encoding",
        ]
    );
}

#[tokio::test]
async fn rows_without_names_are_read_by_their_places() {
    let server = Server::start(|_: &Request| {
        Reply::json(&json!({"columns": ["id", "title"], "rows": [[1, "a"], [2, "b"]]}))
    })
    .await;
    let everything = conforms(|| api(&server.url, json!({}), &host())).await;
    assert_eq!(everything.columns.unwrap().join("|"), "[0]|[1]|*");
    assert_eq!(everything.records[1].1, ["Number(\"2\")", "Text(\"b\")", "Json(\"[2,\\\"b\\\"]\")"]);
}
