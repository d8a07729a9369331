//! Dialects: line ends, delimiters, quotes, headers, as they are found out and as the options say.

use catchment_core::{Adapter, Host, Reading, Source};
use catchment_sources::csv::{Csv, CsvOptions};
use futures::StreamExt;

use super::{Sample, columns, rows};

#[tokio::test]
async fn a_plain_file_reads_as_it_stands() {
    let read = Sample::new("title,artist\nDespacito,Luis Fonsi\n\"a \"\"b\"\"\",\"c,d\"\n").read().await;
    assert_eq!(columns(&read), "title|artist");
    assert_eq!(rows(&read), ["Despacito|Luis Fonsi", r#"a \"b\"|c,d"#]);
    assert!(read.rejects.is_empty());
}

#[tokio::test]
async fn line_ends_of_all_systems_and_none_at_the_end() {
    for end in ["\n", "\r\n", "\r"] {
        let text = ["title,artist", "a,b", "", "\"c", "d\",e", "f,g"].join(end);
        let read = Sample::new(text).read().await;
        let inner = end.escape_default().to_string();
        assert_eq!(rows(&read), ["a|b".to_owned(), format!("c{inner}d|e"), "f|g".to_owned()], "{end:?}");
        let lines: Vec<_> = read.records.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(lines, ["line 2", "line 4", "line 6"], "{end:?}");
    }
}

#[tokio::test]
async fn delimiters_are_found_out() {
    for delimiter in [",", ";", "\t", "|"] {
        let line = |cells: [&str; 3]| cells.join(delimiter) + "\n";
        let text = line(["título", "artista", "precio"])
            + &line(["Canción uno", "Zoë, Anaïs", "12,50"])
                .replace("Zoë, Anaïs", if delimiter == "," { "Zoë" } else { "Zoë, Anaïs" })
                .replace("12,50", if delimiter == "," { "12.50" } else { "12,50" })
            + &line(["Canción dos", "Björn", "7"])
            + &line(["Canción tres", "Łukasz", "8"]);
        let read = Sample::new(text).read().await;
        assert_eq!(columns(&read), "título|artista|precio", "{delimiter:?}");
        assert_eq!(read.records.len(), 3, "{delimiter:?}");
    }
}

#[tokio::test]
async fn the_mapped_names_decide_the_delimiter() {
    // Every line has two commas and one semicolon.
    let sample = Sample::new("a, b; c, d\n1, 2; 3, 4\n");
    for (field, expected) in [("a, b", "a, b|c, d"), ("b; c", "a|b; c|d")] {
        let reading = Reading { fields: [field.into()].into(), ..Reading::default() };
        let page = sample.source().read(reading).next().await.unwrap().unwrap();
        assert_eq!(page.columns.join("|"), expected);
    }
}

#[tokio::test]
async fn no_header_names_columns_by_number() {
    let sample = Sample::new("a,b\nc,d\n").options(|options| options.format.has_header = Some(false));
    let read = sample.read().await;
    assert_eq!((columns(&read).as_str(), rows(&read).len()), ("1|2", 2));
}

#[tokio::test]
async fn names_that_stand_twice_or_are_empty_are_told_apart() {
    let read = Sample::new("title,,title, artist ,title_1\n1,2,3,4,5\n").read().await;
    assert_eq!(columns(&read), "title_2|2|title_3|artist|title_1");
}

#[tokio::test]
async fn escapes_quotes_and_their_absence() {
    let escaped =
        Sample::new("a,b\n\"x \\\" y\",1\n").options(|options| options.format.escape = Some("\\".into()));
    assert_eq!(rows(&escaped.read().await), [r#"x \" y|1"#]);
    let unquoted =
        Sample::new("a,b\n\"x,1\n5\" disk,2\n").options(|options| options.format.quote = Some(String::new()));
    assert_eq!(rows(&unquoted.read().await), [r#"\"x|1"#, r#"5\" disk|2"#]);
    let single = Sample::new("a,b\n'x,y',1\n").options(|options| options.format.quote = Some("'".into()));
    assert_eq!(rows(&single.read().await), ["x,y|1"]);
}

#[test]
fn options_that_cannot_be_used_are_named() {
    let refused = |set: fn(&mut CsvOptions)| {
        let mut options = CsvOptions::default();
        set(&mut options);
        let error = Csv::new("/a.csv", options, &Host::default()).err().unwrap();
        error.details()[0].pointer.clone()
    };
    assert_eq!(refused(|options| options.format.delimiter = Some("ab".into())), "/options/delimiter");
    assert_eq!(refused(|options| options.format.delimiter = Some("\"".into())), "/options/delimiter");
    assert_eq!(refused(|options| options.format.encoding = Some("klingon".into())), "/options/encoding");
    assert_eq!(refused(|options| options.format.max_record_bytes = Some(0)), "/options/maxRecordBytes");
}
