//! What pages hold, as tests compare it.

use catchment_core::{Page, Value};

/// The records of pages, each as its values in the order of some columns, `null` for none.
pub(crate) fn values(pages: &[Page], names: &[&str]) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for page in pages {
        let place = |name: &&str| page.columns.iter().position(|column| **column == **name).unwrap();
        let places: Vec<_> = names.iter().map(place).collect();
        let text = |value: Value<'_>| value.to_string();
        all.extend(
            page.records.iter().map(|record| places.iter().map(|at| text(record.value(*at))).collect()),
        );
    }
    all
}
