//! What is in cells, and which sheet they are in.

use serde_json::json;

use super::workbooks::{archive, ods, rows, xlsx, xlsx_with};
use super::{Dir, NONE, build, everything, inspect, run, run_fields};

async fn values(bytes: Vec<u8>, options: serde_json::Value) -> Vec<String> {
    let dir = Dir::of("a.xlsx", bytes);
    let output = everything(&dir.path("a.xlsx"), options).await;
    output.records.into_iter().map(|(_, values)| values.join(" ")).collect()
}

#[tokio::test]
async fn cells_are_what_their_format_says() {
    let data = "<sheetData><row><c t=\"inlineStr\"><is><t>id</t></is></c><c t=\"str\"><v>value</v></c></row>\
        <row><c><v>1</v></c><c s=\"1\"><v>46350</v></c></row><row><c><v>2</v></c><c s=\"2\"><v>46350.604166666664</v></c></row>\
        <row><c><v>3</v></c><c s=\"3\"><v>0.60416666666666663</v></c></row><row><c><v>4</v></c><c s=\"4\"><v>0.21</v></c></row>\
        <row><c><v>5</v></c><c t=\"b\"><v>1</v></c></row><row><c><v>6</v></c><c t=\"d\" s=\"1\"><v>2026-11-24T00:00:00</v></c></row>\
        <row><c><v>7</v></c><c t=\"str\"><f>A1&amp;\"x\"</f><v>a &lt; b_x000D_&#10;c</v></c></row>\
        <row><c><v>12345678901234567890</v></c><c><v>0.30000000000000004</v></c></row></sheetData>";
    let expected = [
        "Number(\"1\") Date(\"2026-11-24\")",
        "Number(\"2\") DateTime(\"2026-11-24T14:30:00\")",
        "Number(\"3\") Time(\"14:30:00\")",
        "Number(\"4\") Number(\"0.21\")",
        "Number(\"5\") Bool(true)",
        "Number(\"6\") Date(\"2026-11-24\")",
        "Number(\"7\") Text(\"a < b_x000D_\\nc\")",
        "Number(\"12345678901234567890\") Number(\"0.3\")",
    ];
    assert_eq!(values(xlsx(&[("S", false, data)]), NONE()).await, expected);
    let day = "<sheetData><row><c t=\"str\"><v>id</v></c><c t=\"str\"><v>day</v></c></row><row><c><v>1</v></c><c s=\"1\"><v>44888</v></c></row></sheetData>";
    let from_1904 = xlsx_with(&[("S", false, day)], "date1904=\"1\"", "");
    assert_eq!(values(from_1904, NONE()).await, ["Number(\"1\") Date(\"2026-11-24\")"]);
}

#[tokio::test]
async fn an_error_costs_its_row_and_only_where_it_is_mapped() {
    let data = rows(&[
        &["id", "title", "price"],
        &["1", "a", "2"],
        &["2", "b", "#DIV/0!"],
        &["3", "c", "#SPILL!"],
        &["4", "d", "5"],
    ]);
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, &data)]));
    let path = dir.path("a.xlsx");
    let output = everything(&path, NONE()).await;
    assert_eq!((output.records.len(), output.rejects.len()), (2, 2));
    let reject = &output.rejects[0];
    assert_eq!(
        reject.message,
        "the cell C3 (column `price`) has the error `#DIV/0!` for its value; mend it in the sheet, and save it"
    );
    assert_eq!(reject.record.as_deref(), Some(r##"{"id":2,"title":"b","price":"#DIV/0!"}"##));
    assert_eq!(run_fields(&path, NONE(), None, &["title"]).await.rows.len(), 4);
}

#[tokio::test]
async fn a_formula_that_was_never_calculated_is_no_empty_cell() {
    let data = "<sheetData><row><c t=\"str\"><v>id</v></c><c t=\"str\"><v>total</v></c></row><row><c><v>1</v></c><c><f>A2*2</f><v></v></c></row>\
                <row><c><v>2</v></c><c><f>A3*2</f></c></row><row><c><v>3</v></c><c t=\"str\"><f>\"\"</f><v></v></c></row></sheetData>";
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, data)]));
    let read = run(dir.path("a.xlsx"), NONE(), None).await;
    assert_eq!(read.rejects(), ["sheet `S`, row 2 error_cell", "sheet `S`, row 3 error_cell"]);
    assert!(
        read.rejects[0].message.contains("a formula without a stored value"),
        "{}",
        read.rejects[0].message
    );
    assert_eq!(read.rows, ["sheet `S`, row 4: 3|null"]);
    let cell = |attributes: &str| format!("<table:table-cell {attributes}/>");
    let text = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let number = "office:value-type=\"float\" office:value=\"1\"";
    let data = format!(
        "<table:table-row>{}{}</table:table-row><table:table-row>{}{}</table:table-row>",
        text("id"),
        text("total"),
        cell(number),
        cell("table:formula=\"of:=[.A2]*2\"")
    );
    let dir = Dir::of("a.ods", ods(&[("S", &data)]));
    assert_eq!(run(dir.path("a.ods"), NONE(), None).await.rejects(), ["sheet `S`, row 2 error_cell"]);
}

#[tokio::test]
async fn identifiers_keep_the_digits_that_are_stored() {
    let data = rows(&[
        &["id", "t"],
        &["1.234567890123452E+16", "a"],
        &["1.234567890123453E+16", "b"],
        &["4.3499999999999996", "c"],
    ]);
    let expected = ["12345678901234520", "12345678901234530", "4.35"];
    let read = values(xlsx(&[("S", false, &data)]), NONE()).await;
    let ids: Vec<_> = read.iter().map(|row| row.split('"').nth(1).unwrap().to_owned()).collect();
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn flags_are_values_where_totals_are_looked_for() {
    let data = "<sheetData><row><c t=\"str\"><v>title</v></c><c t=\"str\"><v>on</v></c></row><row><c t=\"str\"><v>Total</v></c><c t=\"b\"><v>0</v></c></row>\
                <row><c t=\"str\"><v>Suma</v></c></row></sheetData>";
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, data)]));
    let read = run(dir.path("a.xlsx"), json!({"totals": "skip"}), None).await;
    assert_eq!((&*read.rows, read.skips.len()), (&["sheet `S`, row 2: Total|false".to_owned()][..], 1));
}

#[tokio::test]
async fn two_rows_of_names_are_one_header() {
    let data = rows(&[&["SKU", "Name", "Price", ""], &["", "", "net", "gross"], &["a", "b", "1", "2"]])
        + "<mergeCells><mergeCell ref=\"A1:A2\"/><mergeCell ref=\"B1:B2\"/><mergeCell ref=\"C1:D1\"/></mergeCells>";
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, &data)]));
    let output = everything(&dir.path("a.xlsx"), NONE()).await;
    assert_eq!(
        (output.columns.unwrap().join("|"), output.records.len()),
        ("SKU|Name|net|gross".to_owned(), 1)
    );
    // Columns without a name are told.
    let data = rows(&[&["title", "artist"], &["Song", "Band", "ok"], &["Other", "Group", "no"]]);
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, &data)]));
    let read = run(dir.path("a.xlsx"), NONE(), None).await;
    assert_eq!(read.rows.len(), 2);
    assert!(
        read.findings.iter().any(|finding| finding.topic == "header" && finding.is_unsure),
        "{:?}",
        read.findings
    );
    assert!(read.found("columns")[0].contains("such as C, which is called `3`"), "{:?}", read.findings);
}

#[tokio::test]
async fn merged_cells_are_those_of_all_their_rows() {
    let data = rows(&[&["genre", "title"], &["Pop", "a"], &["", "b"], &["", "c"], &["", "d"]])
        + "<mergeCells><mergeCell ref=\"A2:A4\"/><mergeCell ref=\"B1:C1\"/></mergeCells>";
    let bytes = xlsx(&[("S", false, &data)]);
    let expected = [
        "Text(\"Pop\") Text(\"a\")",
        "Text(\"Pop\") Text(\"b\")",
        "Text(\"Pop\") Text(\"c\")",
        "Null Text(\"d\")",
    ];
    assert_eq!(values(bytes, NONE()).await, expected);
    let cell = |text: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
    };
    let row = |cells: String| format!("<table:table-row>{cells}</table:table-row>");
    let tall = "<table:table-cell office:value-type=\"string\" table:number-rows-spanned=\"3\"><text:p>Pop</text:p></table:table-cell>";
    let covered = "<table:covered-table-cell/>".to_owned();
    let data = [
        row(cell("genre") + &cell("title")),
        row(tall.to_owned() + &cell("a")),
        row(covered.clone() + &cell("b")),
        row(covered + &cell("c")),
        row("<table:table-cell/>".to_owned() + &cell("d")),
    ];
    assert_eq!(values(ods(&[("S", &data.concat())]), NONE()).await, expected);
}

#[tokio::test]
async fn hidden_rows_are_read_or_passed_over() {
    let data = "<sheetData><row r=\"1\"><c t=\"str\"><v>id</v></c><c t=\"str\"><v>t</v></c></row><row r=\"2\" hidden=\"1\"><c><v>1</v></c><c t=\"str\"><v>a</v></c></row>\
                <row r=\"5\"><c><v>2</v></c><c t=\"str\"><v>b</v></c></row></sheetData>";
    let dir = Dir::of("a.xlsx", xlsx(&[("S", false, data)]));
    let path = dir.path("a.xlsx");
    let read = run(&path, NONE(), None).await;
    assert_eq!((read.rows.len(), read.found("hidden_rows").len()), (2, 1));
    let passed = everything(&path, json!({"hiddenRows": "skip"})).await;
    assert_eq!((passed.records.len(), passed.skips[0].reason), (1, "hidden_row"));
    assert_eq!(passed.skips[0].location.to_string(), "sheet `S`, row 2");

    let dir = Dir::of("a.xls", include_bytes!("table.xls"));
    let refused = run(dir.path("a.xls"), json!({"hiddenRows": "skip"}), None).await;
    assert!(refused.code().starts_with("hidden_rows: "), "{refused:?}");
}

#[tokio::test]
async fn a_sheet_is_named_by_its_name_or_its_number() {
    let sheet = |text: &str| rows(&[&["id", "title"], &["1", text], &["2", text]]);
    let bytes = xlsx(&[
        ("Secret", true, &sheet("hidden")),
        ("Songs", false, &sheet("song")),
        ("Prices 2026", false, &sheet("price")),
        ("2026", false, &sheet("year")),
    ]);
    let dir = Dir::of("a.xlsx", bytes);
    let path = dir.path("a.xlsx");
    for (options, expected) in [
        (NONE(), "song"),
        (json!({"sheet": 1}), "hidden"),
        (json!({"sheet": "prices 2026"}), "price"),
        (json!({"sheet": 3}), "price"),
        (json!({"sheet": 2026}), "year"),
    ] {
        let read = run(&path, options, None).await;
        assert!(read.rows[0].ends_with(expected), "{:?}", read.rows);
    }
    let unsure = run(&path, NONE(), None).await;
    assert!(
        unsure.found("sheet")[0].contains("there are also `Prices 2026`, `2026`"),
        "{:?}",
        unsure.findings
    );
    for unknown in [json!({"sheet": "Prix"}), json!({"sheet": 5})] {
        let error = run(&path, unknown, None).await;
        assert!(error.code().contains("it has `Secret`, `Songs`, `Prices 2026`, `2026`"), "{error:?}");
    }
    let inspected = inspect(&path, NONE()).await;
    let sheets = inspected.findings.iter().find(|finding| finding.topic == "sheets").unwrap();
    assert_eq!(
        sheets.message,
        "xlsx: `Secret` (3 rows × 2 columns, hidden), `Songs` (3 rows × 2 columns), `Prices 2026` (3 rows × 2 columns), `2026` (3 rows × 2 columns)"
    );
}

#[tokio::test]
async fn protected_files_say_so() {
    let name: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let compound = [&b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"[..], &[0; 60_000], &name, &[0; 9000]].concat();
    let manifest = b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let ods =
        archive(&[("mimetype", b"x"), ("META-INF/manifest.xml", manifest), ("content.xml", b"\x12\x34")]);
    for bytes in [compound, ods] {
        let dir = Dir::of("a", bytes);
        let read = run(dir.path("a"), NONE(), None).await;
        assert!(
            read.code().starts_with("protected_file: the workbook is protected by a password"),
            "{read:?}"
        );
    }
}

#[tokio::test]
async fn limits_say_which_option_raises_them() {
    let many = rows(&[&["id", "title"], &["1", "a"], &["2", "b"]]);
    let shared: String = (0..50).map(|index| format!("<si><t>text {index}</t></si>")).collect();
    let dir = Dir::of("a.xlsx", xlsx_with(&[("S", false, &many)], "", &shared));
    let path = dir.path("a.xlsx");
    for (options, code, option) in [
        (json!({"maxCells": 3}), "sheet_too_large", "maxCells"),
        (json!({"maxTextBytes": 100}), "too_much_text", "maxTextBytes"),
    ] {
        let read = run(&path, options, None).await;
        assert!(read.code().starts_with(code) && read.code().contains(option), "{read:?}");
    }
    let dir = Dir::of("a.xls", include_bytes!("table.xls"));
    let read = run(dir.path("a.xls"), json!({"maxTextBytes": 1000}), None).await;
    assert!(read.code().starts_with("workbook_too_large"), "{read:?}");
    assert!(build(dir.path("a.xls"), json!({"format": "xlsx"})).is_ok());
    let read = run(dir.path("a.xls"), json!({"format": "xlsx"}), None).await;
    assert!(
        read.code().contains("/options/format: is another one than that of the file, which is xls"),
        "{read:?}"
    );
}
