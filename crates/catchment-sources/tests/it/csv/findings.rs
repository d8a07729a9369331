//! What was found out rather than given, and how sure it is.

use super::{Sample, findings};

#[tokio::test]
async fn what_is_found_out_is_told_with_the_first_records() {
    let sample = Sample::new("título;precio\nSilla;12\nMesa;13\n");
    assert_eq!(
        findings(&sample).await,
        ["encoding: utf-8", "delimiter: `;`", "header: the first record, which names the columns"]
    );
}

#[tokio::test]
async fn what_is_given_is_not_found_out() {
    let sample = Sample::new("título;precio\nSilla;12\n").options(|options| {
        options.format.encoding = Some("utf-8".into());
        options.format.delimiter = Some(";".into());
        options.format.has_header = Some(true);
    });
    assert!(findings(&sample).await.is_empty());
}

#[tokio::test]
async fn a_resumed_reading_tells_nothing_again() {
    let sample = Sample::new("a,b\nc,d\ne,f\n");
    let first = sample.pages(None, 1).await.remove(0).unwrap();
    for page in sample.pages(Some(first.cursor), 1).await {
        assert!(page.unwrap().cursor.findings.is_empty());
    }
}

#[tokio::test]
async fn a_header_that_looks_like_data_is_unsure() {
    for (text, doubt) in [
        ("Silla,12.50\nMesa,13.00\n", "`12.50` looks like data"),
        ("Silla,2026-01-31\nMesa,2026-02-01\n", "`2026-01-31` looks like data"),
        ("Silla,\nMesa,13\n", "field 2 is empty"),
        ("Silla,Sí\nMesa,No\nCama,Sí\n", "`Sí` stands below it as well"),
    ] {
        let sample = Sample::new(text);
        let found = findings(&sample).await;
        let expected = format!(
            "?header: the first record was taken for it, though {doubt}; set the option `hasHeader` to settle it"
        );
        assert_eq!(found.last(), Some(&expected));
    }
}

#[tokio::test]
async fn a_delimiter_that_could_be_another_is_unsure() {
    for (text, expected) in [
        (
            "a;b,c\n1;2,5\n1;2,5\n",
            "?delimiter: `,`, though it could also be `;`; set the option `delimiter` to settle it",
        ),
        ("a;b, c;d\n1;2;3\n4;5;6\n", "delimiter: `;`"),
        (
            "name\nDespacito\n",
            "?delimiter: `,`, though nothing that separates columns was found; if there are several, set the option `delimiter`",
        ),
    ] {
        assert_eq!(findings(&Sample::new(text)).await[1], expected);
    }
}

#[tokio::test]
async fn a_header_without_records_is_no_silent_success() {
    let sample = Sample::new("title,artist\n");
    let found = findings(&sample).await;
    let expected = "?records: only a header was found, and no record below it; check that it is the right file, or set the \
                    option `hasHeader`";
    assert_eq!(found.last().unwrap(), expected);
    let given = Sample::new("title,artist\n").options(|options| {
        options.format.encoding = Some("utf-8".into());
        options.format.delimiter = Some(",".into());
        options.format.has_header = Some(true);
    });
    assert_eq!(findings(&given).await, [expected]);
}
