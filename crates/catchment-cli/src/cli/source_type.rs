//! What a source most likely is, where nobody says it.

use std::path::Path;

use catchment_core::is_web_url;
use catchment_sources::drive::is_drive_link;

/// Endings of files that are no delimited text. At an address, JSON is rather that of an API.
const FILES: [&str; 9] = ["xlsx", "xlsm", "xlsb", "xls", "ods", "ndjson", "jsonl", "zip", "json"];

/// What a source most likely is, by its name; and on a disk, by whether it is a folder.
pub(super) fn type_of(source: &str) -> &'static str {
    let is_address = is_web_url(source);
    let path = source.split(['?', '#']).next().unwrap_or_default().to_lowercase();
    let path = path.trim_end_matches(".gz").trim_end_matches(".zst");
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(&format!(".{end}")));
    let is_several =
        || Path::new(source).is_dir() || source.contains(['*', '?', '[']) && !Path::new(source).exists();
    let is_volume = source.starts_with("volume:") || source.starts_with("label:");
    match is_address {
        false if is_volume => "usb",
        true if is_drive_link(source) => "drive",
        true if ends(&["csv", "tsv", "txt"]) => "csv",
        true if ends(&FILES[..8]) => "file",
        true => "api",
        false if ends(&FILES) || is_several() => "file",
        false => "csv",
    }
}
