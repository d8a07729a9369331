//! Fuzz targets of the sources; see [`catchment_formats::fuzz`].

pub use crate::api::fuzz::{api_cursor, link};

use catchment_core::{Host, Registry, Result};
use catchment_formats::fuzz::split_line;
use serde_json::{Map, Value};

/// What a secret is set to, to be looked for where none should be.
const SECRET: &str = "correct horse battery staple";

/// Options of a source: accepted, or refused with their place and without their secrets. The first line of `data` is the
/// type, the rest the options.
pub fn options(data: &[u8]) {
    let Some((source_type, options)) = split_line(data) else { return };
    let Ok(Value::Object(mut options)) = serde_json::from_slice(options) else { return };
    let registry = crate::builtin();
    let Ok(secrets) = registry.secrets(source_type) else { return };
    for pointer in secrets {
        let steps: Vec<_> = pointer.split('/').skip(1).collect();
        set_secrets(&mut options, &steps);
    }
    let addresses: &[&str] = match source_type {
        "csv" => &["/data/items.csv", "https://example.com/items.csv"],
        _ => &["https://api.example.com/items"],
    };
    for address in addresses {
        let outcome = build(&registry, source_type, address, &options);
        assert_eq!(outcome, build(&registry, source_type, address, &options), "the same options, twice");
    }
}

/// Builds a source; what it was refused with, if it was.
fn build(
    registry: &Registry,
    source_type: &str,
    address: &str,
    options: &Map<String, Value>,
) -> Result<(), String> {
    let Err(error) = registry.build(source_type, address, options.clone(), &Host::default()) else {
        return Ok(());
    };
    let shown = format!("{error:?} {error} {:?}", error.details());
    assert_eq!(error.kind(), catchment_core::ErrorKind::Config, "{shown}");
    assert!(!error.message().is_empty() && !error.details().is_empty(), "{shown}");
    assert!(error.details().iter().all(|detail| detail.pointer.starts_with("/options")), "{shown}");
    assert!(!shown.contains(SECRET), "a secret is shown: {shown}");
    Err(shown)
}

/// Puts a secret where a text is at the end of a pointer; `*` stands for any name.
fn set_secrets(options: &mut Map<String, Value>, steps: &[&str]) {
    let Some((name, rest)) = steps.split_first() else { return };
    for (_, value) in options.iter_mut().filter(|(known, _)| *name == "*" || *name == known.as_str()) {
        match value {
            Value::String(text) if rest.is_empty() => *text = SECRET.to_owned(),
            Value::Object(below) => set_secrets(below, rest),
            _ => {}
        }
    }
}

#[cfg(test)]
#[macro_use]
#[path = "../../../fuzz/src/corpus.rs"]
mod corpus;

#[cfg(test)]
mod tests {
    use super::corpus::run;

    corpora!(super: link, api_cursor, options);
}
