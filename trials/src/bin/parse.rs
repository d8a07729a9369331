//! What reading a CSV file costs without a database: as the csv crate reads it, and framed, checked and digested as a
//! source does. `cargo xtask bench` calls it with a file; it prints seconds a million records.

use std::hint::black_box;
use std::time::{Duration, Instant};

use catchment_core::{FileAccess, Host, Reading};
use futures::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let Some(file) = std::env::args().nth(1) else { return Err("name a CSV file".into()) };
    let began = Instant::now();
    let mut reader = csv::Reader::from_path(&file)?;
    let (mut record, mut records) = (csv::ByteRecord::new(), 0_u32);
    while reader.read_byte_record(&mut record)? {
        black_box(&record);
        records += 1;
    }
    let bare = began.elapsed();

    let began = Instant::now();
    let host = Host { files: FileAccess::Anywhere, ..Host::default() };
    let source = catchment_sources::builtin().build("csv", &file, serde_json::Map::new(), &host)?;
    let mut pages = source.read(Reading::default());
    while let Some(page) = pages.next().await {
        black_box(page?);
    }
    let read = began.elapsed();
    let per_million = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(records);
    println!("{:.3} {:.3}", per_million(bare), per_million(read));
    Ok(())
}
