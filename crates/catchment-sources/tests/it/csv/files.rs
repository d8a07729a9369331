//! Files that are compressed, cut, changed while they are read, or no files.

use std::io::Write;
use std::path::Path;

use catchment_core::{Adapter, PageSize, Reading, Source};
use catchment_sources::csv::{Csv, CsvOptions};
use futures::StreamExt;

use super::{Sample, source};

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
fn a_misspelt_option_is_answered_with_those_of_addresses_too() {
    let options = serde_json::json!({"header": {}}).as_object().unwrap().clone();
    let error = <Csv as Adapter>::parse(options).unwrap_err();
    assert_eq!(error.details()[0].pointer, "/options/header");
    assert!(["`headers`", "`delimiter`"].iter().all(|name| error.message().contains(name)), "{error}");
}
