//! Records: what a malformed one costs, and what a well-formed one brings, whatever its bytes.

use catchment_sources::csv::CsvOptions;

use super::{Sample, rejects, rows};

#[tokio::test]
async fn files_without_records() {
    for text in ["", "\n\n", "a,b\n", "\u{feff}"] {
        assert!(Sample::new(text).read().await.records.is_empty(), "{text:?}");
    }
}

#[tokio::test]
async fn malformed_records_cost_one_record_each() {
    let read = Sample::new("a,b\n1,2\nragged\n3,4,5\n\"x\"y,6\n7,8\n").read().await;
    assert_eq!(rows(&read), ["1|2", "7|8"]);
    assert_eq!(rejects(&read), ["line 3 ragged_row", "line 4 ragged_row", "line 5 malformed_quote"]);
    assert_eq!(read.rejects[1].raw, "3,4,5");
}

#[tokio::test]
async fn an_unclosed_quote_costs_one_record() {
    let mut text = String::from("title,artist,album\n");
    for number in 0..20_000 {
        match number {
            10_000 => text.push_str("\"Unclosed,artist,album\n"),
            15_000 => text.push_str("fine,\"quoted\nline break\",\"a \"\"b\"\" c\"\n"),
            _ => text.push_str(&format!("Title {number},Artist,Album\n")),
        }
    }
    text.push_str("last,\"never closed,x\n");
    text.push_str("after,it,all\n");
    let sample = Sample::new(text);
    let (mut records, mut rejects) = (0, Vec::new());
    for page in sample.pages(None, 5000).await {
        let page = page.unwrap();
        records += page.records.len();
        rejects.extend(page.rejects.into_iter().map(|reject| format!("{} {}", reject.location, reject.code)));
    }
    assert_eq!(records, 20_000);
    assert_eq!(rejects, ["line 10002 unclosed_quote", "line 20003 unclosed_quote"]);
}

#[tokio::test]
async fn an_unclosed_quote_resumes_at_every_cursor() {
    let read = Sample::new("a,b\n1,2\n\"x,3\n4,5\n6,\"7\n8\"\n\"y,9\n10,11").read().await;
    assert_eq!(rows(&read), ["1|2", "4|5", r"6|7\n8", "10|11"]);
    assert_eq!(rejects(&read), ["line 3 unclosed_quote", "line 7 unclosed_quote"]);
}

#[tokio::test]
async fn what_is_too_long_is_rejected_in_bounded_memory() {
    let small = |options: &mut CsvOptions| {
        options.format.max_record_bytes = Some(1000);
        options.format.max_field_bytes = Some(100);
    };
    let long_line = "z".repeat(700_000);
    let text = format!(
        "a,b\n1,2\n{long_line},3\n{},4\n5,6\n\"open,7\n{}8,9\n",
        "x".repeat(200),
        "0,0\n".repeat(400)
    );
    let read = Sample::new(text).options(small).read().await;
    assert_eq!(rejects(&read), ["line 3 record_too_long", "line 4 field_too_long", "line 6 record_too_long"]);
    assert_eq!(read.records.len(), 1 + 1 + 400 + 1);
    assert!(read.rejects[0].raw.len() < 5000);
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 64, ..Default::default() })]

    /// Whatever the bytes, reading ends, counts right, and resumes everywhere.
    #[test]
    fn any_bytes_conform(bytes in proptest::collection::vec(proptest::sample::select(b"a1,;\"\n\r\\ \xc3\xa9\x00\xff".to_vec()), 0..200)) {
        let sample = Sample::new(bytes).options(|options| options.format.max_record_bytes = Some(40));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        // A first line that is no header is an error, and a good one.
        if runtime.block_on(sample.pages(None, 1000)).iter().all(Result::is_ok) {
            runtime.block_on(sample.read());
        }
    }

    /// What a writer that follows RFC 4180 writes comes back to the letter.
    #[test]
    fn quoted_fields_come_back(fields in proptest::collection::vec(proptest::collection::vec("[a-zé,\";\n\r ]{0,12}", 3), 1..20)) {
        let mut text = String::from("a,b,c\n");
        for row in &fields {
            let quoted: Vec<_> = row.iter().map(|field| format!("\"{}\"", field.replace('"', "\"\""))).collect();
            text.push_str(&(quoted.join(",") + "\r\n"));
        }
        let sample = Sample::new(text).options(|options| {
            options.format.delimiter = Some(",".into());
            options.format.encoding = Some("utf-8".into());
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let read = runtime.block_on(sample.read());
        let expected: Vec<Vec<String>> = fields.iter().map(|row| row.iter().map(|field| format!("Text({field:?})")).collect()).collect();
        proptest::prop_assert_eq!(read.records.into_iter().map(|(_, values)| values).collect::<Vec<_>>(), expected);
    }
}
