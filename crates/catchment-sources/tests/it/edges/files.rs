//! CSV files whose delimiters, marks and lengths mislead.

use catchment_core::{PageSize, Pulse, Reading, Source};
use catchment_sources::csv::{Csv, CsvOptions};
use futures::StreamExt;

use super::csv;
use crate::server::{Reply, Request, Server};

async fn rows(source: &Csv, fields: &[&str]) -> Vec<String> {
    let fields = fields.iter().map(|field| (*field).into()).collect();
    let read: Vec<_> = source.read(Reading { fields, ..Reading::default() }).collect().await;
    let mut rows = Vec::new();
    for page in read {
        let page = page.unwrap();
        for record in page.records.iter() {
            rows.push(record.values().map(|value| value.to_string()).collect::<Vec<_>>().join("|"));
        }
        rows.extend(page.rejects.iter().map(|reject| reject.code.to_owned()));
    }
    rows
}

fn with_header(has_header: Option<bool>) -> CsvOptions {
    let mut options = CsvOptions::default();
    options.format.has_header = has_header;
    options
}

#[tokio::test]
async fn without_a_header_the_comma_does_not_win() {
    let dir = tempfile::tempdir().unwrap();
    for (delimiter, name) in [(";", "a"), ("|", "b"), ("\t", "c")] {
        let path = dir.path().join(name);
        std::fs::write(
            &path,
            ["1", "Canción, otra", "x"].join(delimiter) + "\n" + &["2", "b", "y"].join(delimiter),
        )
        .unwrap();
        let options = with_header(Some(false));
        let source = csv(path.to_str().unwrap(), options);
        assert_eq!(rows(&source, &["2"]).await, ["1|Canción, otra|x", "2|b|y"], "{delimiter:?}");
        assert_eq!(rows(&source, &[]).await, ["1|Canción, otra|x", "2|b|y"], "{delimiter:?}");
    }
    // A first line that is malformed costs itself.
    let path = dir.path().join("d");
    std::fs::write(&path, "\"a\"b;c\nx;y\nz;w\n").unwrap();
    let source = csv(path.to_str().unwrap(), with_header(Some(false)));
    assert_eq!(rows(&source, &["1"]).await, ["x|y", "z|w", "malformed_quote"]);
}

#[tokio::test]
async fn a_delimiter_inside_quotes_separates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    for delimiter in [";", "\t", "|"] {
        let path = dir.path().join("a");
        let text =
            ["\"título, completo\"", "artista"].join(delimiter) + "\n" + &["a", "\"b, c\""].join(delimiter);
        std::fs::write(&path, text).unwrap();
        for (has_header, expected) in
            [(true, vec!["a|b, c"]), (false, vec!["título, completo|artista", "a|b, c"])]
        {
            let options = with_header(Some(has_header));
            assert_eq!(rows(&csv(path.to_str().unwrap(), options), &[]).await, expected, "{delimiter:?}");
        }
    }
    // Signs inside quotes that stand more often than the delimiter, and at the end of a line.
    for (text, expected) in [
        (
            "\"título, completo\";\"artista, otro\"\n\"a, b\";\"c, d\"\n\"e, f\";\"g, h\"\n",
            ["a, b|c, d", "e, f|g, h"],
        ),
        ("name\t\"desc, long\"\nx\t\"a, b\"\ny\t\"c, d\"\n", ["x|a, b", "y|c, d"]),
    ] {
        let path = dir.path().join("a");
        std::fs::write(&path, text).unwrap();
        assert_eq!(rows(&csv(path.to_str().unwrap(), CsvOptions::default()), &[]).await, expected);
    }
    std::fs::write(dir.path().join("b"), "\"a\"x,b\n1,2\n").unwrap();
    let source = csv(dir.path().join("b").to_str().unwrap(), CsvOptions::default());
    let error = source.read(Reading::default()).next().await.unwrap().unwrap_err();
    assert!(error.message().contains("delimiter"), "{error}");
}

#[tokio::test]
async fn a_byte_order_mark_is_one_at_the_beginning_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, "\u{feff}title,\u{feff}x\n\u{feff},1\n").unwrap();
    let source = csv(path.to_str().unwrap(), CsvOptions::default());
    let page = source.read(Reading::default()).next().await.unwrap().unwrap();
    assert_eq!(page.columns.join("|"), "title|\u{feff}x");
    assert_eq!(page.records.get(0).unwrap().value(0).to_string(), "\u{feff}");
    std::fs::write(&path, "title\n\u{feff}\nb\n").unwrap();
    assert_eq!(rows(&csv(path.to_str().unwrap(), CsvOptions::default()), &[]).await, ["\u{feff}", "b"]);
}

#[tokio::test]
async fn reading_up_to_where_an_attempt_stood_is_a_sign_of_life() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a");
    std::fs::write(&path, "title\n".to_owned() + &"x\n".repeat(1 << 20)).unwrap();
    let source = csv(path.to_str().unwrap(), CsvOptions::default());
    let all: Vec<_> =
        source.read(Reading { page_size: PageSize::rows(500_000), ..Reading::default() }).collect().await;
    let after = all.into_iter().map(Result::unwrap).nth(1).map(|page| page.cursor);
    let pulse = Pulse::default();
    let reading = Reading { after, pulse: pulse.clone(), ..Reading::default() };
    source.read(reading).next().await.unwrap().unwrap();
    assert!(pulse.count() > 2, "{}", pulse.count());
}

#[tokio::test]
async fn checking_an_address_does_not_fetch_the_whole_file() {
    let text = "id;título\n".to_owned() + &"1;Canción\n".repeat(4 << 20);
    let length = text.len();
    let server = Server::start(move |_: &Request| Reply::text(200, text.clone())).await;
    let source = csv(&format!("{}/a.csv", server.url), CsvOptions::default());
    let inspection = source.inspect([].into()).await.unwrap();
    let page = inspection.page.unwrap();
    assert_eq!((page.records.len(), page.rejects.len()), (1000, 0));
    assert!(page.progress.total_bytes.unwrap() < length as u64 / 4, "{:?}", page.progress);
}
