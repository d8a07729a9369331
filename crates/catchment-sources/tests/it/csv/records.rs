//! CSV files as people send them.

use std::io::Write;
use std::path::{Path, PathBuf};

use catchment_core::testkit::{Everything, conforms};
use catchment_core::{Adapter, Cursor, FileAccess, Host, Page, PageSize, Reading, Result, Source};
use catchment_sources::csv::{Csv, CsvOptions};
use encoding_rs::{Encoding, SHIFT_JIS, WINDOWS_1252};
use futures::StreamExt;
use tempfile::TempDir;

/// A file in a directory of its own.
struct Sample {
    path: PathBuf,
    options: CsvOptions,
    _dir: TempDir,
}

impl Sample {
    fn new(bytes: impl AsRef<[u8]>) -> Self {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("sample.csv");
        std::fs::write(&path, bytes).unwrap();
        Self { path, options: CsvOptions::default(), _dir: dir }
    }

    fn options(mut self, set: impl FnOnce(&mut CsvOptions)) -> Self {
        set(&mut self.options);
        self
    }

    fn source(&self) -> Csv {
        source(&self.path, self.options.clone())
    }

    /// Everything in it, held against the conformance suite.
    async fn read(&self) -> Everything {
        conforms(|| self.source()).await
    }

    async fn pages(&self, after: Option<Cursor>, rows: usize) -> Vec<Result<Page>> {
        let reading = Reading { after, page_size: PageSize::rows(rows), ..Reading::default() };
        self.source().read(reading).collect().await
    }

    async fn error_code(&self) -> String {
        let last = self.pages(None, 1000).await.pop().unwrap();
        last.unwrap_err().code().to_owned()
    }
}

fn source(path: &Path, options: CsvOptions) -> Csv {
    Csv::new(path.to_str().unwrap(), options, &Host { files: FileAccess::Anywhere, ..Host::default() })
        .unwrap()
}

/// The values of each record, joined with `|`.
fn rows(everything: &Everything) -> Vec<String> {
    let plain = |value: &String| value.trim_start_matches("Text(\"").trim_end_matches("\")").to_owned();
    everything
        .records
        .iter()
        .map(|(_, values)| values.iter().map(plain).collect::<Vec<_>>().join("|"))
        .collect()
}

fn columns(everything: &Everything) -> String {
    everything.columns.as_ref().unwrap().join("|")
}

/// Code and place of each reject.
fn rejects(everything: &Everything) -> Vec<String> {
    everything.rejects.iter().map(|reject| format!("{} {}", reject.position, reject.code)).collect()
}

fn utf16(text: &str, is_big_endian: bool) -> Vec<u8> {
    text.encode_utf16()
        .flat_map(|unit| if is_big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() })
        .collect()
}

fn encode(text: &str, encoding: &'static Encoding) -> Vec<u8> {
    encoding.encode(text).0.into_owned()
}

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
async fn encodings_are_found_out() {
    let text = "título;artista\nCanción de otoño;José Núñez\n¿Dónde estás?;Zoë\n";
    let bom = "\u{feff}".to_owned() + text;
    for (name, bytes) in [
        ("utf-8", text.as_bytes().to_vec()),
        ("utf-8 with a mark", bom.as_bytes().to_vec()),
        ("utf-16le with a mark", utf16(&bom, false)),
        ("utf-16be with a mark", utf16(&bom, true)),
        ("utf-16le", utf16(text, false)),
        ("utf-16be", utf16(text, true)),
        ("windows-1252", encode(text, WINDOWS_1252)),
    ] {
        let read = Sample::new(bytes).read().await;
        assert_eq!(columns(&read), "título|artista", "{name}");
        assert_eq!(rows(&read), ["Canción de otoño|José Núñez", "¿Dónde estás?|Zoë"], "{name}");
    }
}

#[tokio::test]
async fn a_short_western_file_is_not_taken_for_another_script() {
    for text in [
        "titulo\nCanción\n",
        "name;artist\nCafé;Beyoncé\n",
        "t;a\nMañana;Peña\n",
        "t\n“quoted” – 5 €\n",
        "título;ñ\nx;y\n",
    ] {
        let found = Sample::new(encode(text, WINDOWS_1252)).source().inspect([].into()).await.unwrap().found;
        assert_eq!(found["encoding"], "windows-1252", "{text}");
    }
}

#[tokio::test]
async fn the_first_accent_may_come_late() {
    let mut text = "title;artist\n".to_owned() + &"plain;ascii\n".repeat(100_000);
    text.push_str("Canción;José\n");
    for bytes in [text.as_bytes().to_vec(), encode(&text, WINDOWS_1252)] {
        let sample = Sample::new(bytes);
        let mut last = String::new();
        for page in sample.pages(None, 50_000).await {
            let page = page.unwrap();
            assert!(page.rejects.is_empty());
            last = page.records.iter().last().unwrap().raw().to_owned();
        }
        assert_eq!(last, "Canción;José");
    }
}

#[tokio::test]
async fn a_bad_byte_costs_its_record() {
    let read =
        Sample::new(b"title,artist\nCaf\xc3\xa9,a\nCaf\xe9,b\nCaf\xc3\xa9,c\n".as_slice()).read().await;
    assert_eq!(rows(&read), ["Café|a", "Café|c"]);
    assert_eq!(rejects(&read), ["line 3 bad_encoding"]);

    let sample = Sample::new(
        [&encode("題名,b\n愛,1\n", SHIFT_JIS)[..], b"\x81,2\n", &encode("夜,3\n", SHIFT_JIS)].concat(),
    );
    let read = sample.options(|options| options.format.encoding = Some("shift_jis".into())).read().await;
    assert_eq!(rows(&read), ["愛|1", "夜|3"]);
    assert_eq!(rejects(&read), ["line 3 bad_encoding"]);
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
        rejects.extend(page.rejects.into_iter().map(|reject| format!("{} {}", reject.position, reject.code)));
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

#[tokio::test]
async fn compressed_files_read_like_plain_ones() {
    let text = "título,b\n".to_owned() + &"Canción,1\n".repeat(500);
    let gzip = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let whole = Sample::new(&text).read().await;
    let (one, other) = text.split_at(3000);
    for bytes in
        [gzip(&text), [gzip(one), gzip(other)].concat(), zstd::encode_all(text.as_bytes(), 3).unwrap()]
    {
        let sample = Sample::new(bytes);
        let pages = sample.pages(None, 200).await;
        let last = pages.last().unwrap().as_ref().unwrap();
        assert_eq!(last.cursor.records_read, whole.records.len() as u64);
        let middle = pages[0].as_ref().unwrap().cursor.clone();
        let rest: usize =
            sample.pages(Some(middle), 1000).await.into_iter().map(|page| page.unwrap().records.len()).sum();
        assert_eq!(rest, 300);
    }
}

#[tokio::test]
async fn compressed_files_that_are_cut_off_are_an_error_and_not_an_end() {
    let mut noise = 1_u32;
    let mut text = String::from("a,b\n");
    for _ in 0..20_000 {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text.push_str(&format!("{noise},1\n"));
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text.as_bytes()).unwrap();
    for mut bytes in [gzip.finish().unwrap(), zstd::encode_all(text.as_bytes(), 3).unwrap()] {
        bytes.truncate(bytes.len() * 9 / 10);
        assert_eq!(Sample::new(bytes).error_code().await, "damaged_compression");
    }
}

#[tokio::test]
async fn files_without_records() {
    for text in ["", "\n\n", "a,b\n", "\u{feff}"] {
        assert!(Sample::new(text).read().await.records.is_empty(), "{text:?}");
    }
}

#[tokio::test]
async fn a_file_that_changed_is_noticed() {
    let sample = Sample::new("a,b\n".to_owned() + &"1,2\n".repeat(100));
    let pages = sample.pages(None, 10).await;
    let cursor = pages[4].as_ref().unwrap().cursor.clone();
    for text in ["a,b\n".to_owned() + &"1,3\n".repeat(100), "a,b\n".to_owned() + &"1,2\n".repeat(10)] {
        std::fs::write(&sample.path, text).unwrap();
        let error = sample.pages(Some(cursor.clone()), 10).await.remove(0).unwrap_err();
        assert_eq!(error.code(), "source_changed");
    }
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_is_no_complete_pass() {
    let text = "a,b\n".to_owned() + &"1,2\n".repeat(200_000);
    for change in [text.len() as u64 + 4, 1000] {
        let sample = Sample::new(&text);
        let source = sample.source();
        let mut pages = source.read(Reading { page_size: PageSize::rows(10), ..Reading::default() });
        pages.next().await.unwrap().unwrap();
        std::fs::File::options().write(true).open(&sample.path).unwrap().set_len(change).unwrap();
        let mut last = None;
        while let Some(page) = pages.next().await {
            last = Some(page);
        }
        assert_eq!(last.unwrap().unwrap_err().code(), "source_changed");
    }
}

#[tokio::test]
async fn what_is_no_file_is_refused_without_waiting() {
    for path in ["/dev/zero", "/proc/self/environ", "/tmp", "/does/not/exist"] {
        let error = source(Path::new(path), CsvOptions::default()).test_connection().await.unwrap_err();
        assert_eq!(error.kind(), catchment_core::ErrorKind::Config, "{path}");
    }
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
