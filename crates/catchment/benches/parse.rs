//! What reading a CSV file costs without a database: as the csv crate reads it, and parsed, mapped and checked as a run
//! does. `cargo xtask bench` calls it with a file; it prints seconds of CPU a million records.

use std::hint::black_box;
use std::time::{Duration, Instant};

use catchment::mapping::{Mapping, TargetOptions};
use catchment_core::{FileAccess, Host, Reading};
use futures::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo adds `--bench`.
    let Some(file) = std::env::args().skip(1).find(|arg| !arg.starts_with('-')) else { return Ok(()) };
    let began = Instant::now();
    let mut reader = csv::Reader::from_path(&file)?;
    let (mut record, mut records) = (csv::ByteRecord::new(), 0_u32);
    while reader.read_byte_record(&mut record)? {
        black_box(&record);
        records += 1;
    }
    let bare = began.elapsed();

    let began = Instant::now();
    let options = TargetOptions { content_type: Some("music".into()), ..TargetOptions::default() };
    let host = Host { files: FileAccess::Anywhere, ..Host::default() };
    let source = catchment_sources::builtin().build("csv", &file, serde_json::Map::new(), &host)?;
    let mut pages = source.read(Reading::default());
    let (mut mapping, mut mapping_took) = (None, Duration::ZERO);
    while let Some(page) = pages.next().await {
        let page = page?;
        let began = Instant::now();
        let mapping = match &mut mapping {
            Some(mapping) => mapping,
            none => none.insert(Mapping::compile(&options, None, &page.columns)?),
        };
        black_box(mapping.apply(page));
        mapping_took += began.elapsed();
    }
    let wall = began.elapsed();
    let per_million = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(records);
    println!("{:.3} {:.3} {:.3}", per_million(bare), per_million(wall), per_million(mapping_took));
    Ok(())
}
