//! The conformance suite on every format in every place, and the same records in all of them.

use std::io::Write;

use catchment_core::testkit::{SourceOutput, conforms};
use serde_json::{Map, json};

use super::workbooks::{TABLE, archive, table_ods, table_xlsx};
use super::xlsb::table_xlsb;
use super::{Built, Dir, NONE, everything, registry};
use crate::server::{Reply, Request, Server, host};

/// The table in every format, with the name of a file.
fn files() -> Vec<(&'static str, Vec<u8>)> {
    let csv = TABLE.map(|(id, title, price, day, active)| {
        format!("{id};\"{}\";{price};{day};{active}\n", title.replace('"', "\"\""))
    });
    let json = TABLE.map(|(id, title, price, day, active)| {
        let title = serde_json::Value::from(title);
        format!("{{\"id\": {id}, \"title\": {title}, \"price\": {price}, \"day\": \"{day}\", \"active\": {active}}}")
    });
    vec![
        ("a.csv", format!("id;title;price;day;active\n{}", csv.concat()).into_bytes()),
        ("a.json", format!("{{\"count\": 5, \"data\": {{\"songs\": [{}]}}}}", json.join(",")).into_bytes()),
        ("a.ndjson", (json.join("\n") + "\n").into_bytes()),
        ("a.xlsx", table_xlsx()),
        ("a.ods", table_ods()),
        ("a.xlsb", table_xlsb()),
        ("a.xls", include_bytes!("table.xls").to_vec()),
    ]
}

/// The values of the table's columns, as text.
fn values(output: &SourceOutput) -> Vec<String> {
    let text = |value: &String| match value.split_once('(') {
        Some((_, inner)) => inner.trim_end_matches(')').trim_matches('"').replace("\\\"", "\""),
        None => value.clone(),
    };
    output
        .records
        .iter()
        .map(|(_, values)| values.iter().take(5).map(text).collect::<Vec<_>>().join("|"))
        .collect()
}

fn expected() -> Vec<String> {
    let row = |(id, title, price, day, active): &(&str, &str, &str, &str, bool)| {
        format!("{id}|{title}|{price}|{day}|{active}")
    };
    TABLE.iter().map(row).collect()
}

fn check(output: &SourceOutput, place: &str) {
    assert_eq!(values(output), expected(), "{place}");
    assert_eq!(output.columns.as_ref().unwrap()[..5].join("|"), "id|title|price|day|active", "{place}");
    assert!(output.rejects.is_empty() && output.skips.is_empty(), "{place}");
}

#[tokio::test]
async fn every_format_is_read_from_a_path() {
    for (name, bytes) in files() {
        let dir = Dir::of(name, bytes);
        check(&everything(&dir.path(name), NONE()).await, name);
    }
}

#[tokio::test]
async fn every_format_is_told_by_its_content_whatever_its_name() {
    for (name, bytes) in files() {
        let dir = Dir::of("list.dat", bytes);
        check(&everything(&dir.path("list.dat"), NONE()).await, name);
    }
}

#[tokio::test]
async fn every_format_is_read_from_its_compression() {
    for (name, bytes) in files() {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&bytes).unwrap();
        let packed = [
            ("gz", gz.finish().unwrap()),
            ("zst", zstd::encode_all(&*bytes, 1).unwrap()),
            ("zip", archive(&[(name, &bytes), ("__MACOSX/._a", b"x"), ("dir/.DS_Store", b"y")])),
        ];
        for (end, bytes) in packed {
            let name = format!("{name}.{end}");
            let dir = Dir::of(&name, bytes);
            check(&everything(&dir.path(&name), NONE()).await, &name);
        }
    }
}

#[tokio::test]
async fn every_format_is_read_from_a_folder_and_by_a_pattern() {
    for (name, bytes) in files() {
        let dir = Dir::of("in/b.txt", &bytes).with("in/a.txt", &bytes).with("in/other.log", "x");
        let output = everything(&dir.path("in/*.txt"), NONE()).await;
        assert_eq!(values(&output), [expected(), expected()].concat(), "{name}");
        let files: Vec<_> =
            output.records.iter().map(|(place, _)| place.split(", ").next().unwrap()).collect();
        assert_eq!(files, [["a.txt"; 5], ["b.txt"; 5]].concat(), "{name}");

        std::fs::remove_file(dir.path("in/other.log")).unwrap();
        let again = everything(&dir.path("in"), NONE()).await;
        assert_eq!(again.records, output.records, "{name}");
    }
}

#[tokio::test]
async fn every_format_is_read_from_an_address() {
    for (name, bytes) in files() {
        let body = bytes.clone();
        let server = Server::start(move |_: &Request| Reply::Fine {
            status: 200,
            headers: vec![("content-type".to_owned(), "application/octet-stream".to_owned())],
            body: body.clone(),
        })
        .await;
        let address = format!("{}/download?id=7", server.url);
        let host = host();
        let make = || Built(registry().build("file", &address, Map::new(), &host).unwrap());
        check(&conforms(make).await, name);
        let inspection = catchment_core::Source::inspect(&make(), [].into()).await.unwrap();
        assert_eq!(inspection.page.unwrap().records.len(), 5, "{name}");
    }
}

#[tokio::test]
async fn the_option_decides_what_a_file_is() {
    let dir = Dir::of("a.txt", "{\"id\": 1}\n{\"id\": 2}\n");
    let columns = |output: SourceOutput| output.columns.unwrap().join("|");
    assert_eq!(columns(everything(&dir.path("a.txt"), NONE()).await), "id|*");
    let as_text =
        everything(&dir.path("a.txt"), json!({"format": "csv", "hasHeader": false, "delimiter": ":"})).await;
    assert_eq!(columns(as_text), "1|2");
}
