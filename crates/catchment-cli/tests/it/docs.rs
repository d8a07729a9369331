//! The reference pages say all there is.

use catchment::TargetOptions;
use catchment_core::Adapter;
use catchment_sources::api::Api;
use catchment_sources::csv::Csv;

use crate::support::Test;

fn properties(schema: schemars::Schema) -> Vec<String> {
    schema.get("properties").unwrap().as_object().unwrap().keys().cloned().collect()
}

#[test]
fn every_option_is_in_the_reference() {
    let page = include_str!("../../../../docs/options.md");
    let target = properties(schemars::schema_for!(TargetOptions));
    let csv = properties(schemars::schema_for!(<Csv as Adapter>::Options));
    let api = schemars::schema_for!(<Api as Adapter>::Options);
    let nested = api.get("$defs").unwrap().as_object().unwrap().values();
    let nested = nested.filter_map(|schema| schema.get("properties")?.as_object());
    let nested: Vec<String> = nested.flat_map(|properties| properties.keys().cloned()).collect();
    for option in target.iter().chain(&csv).chain(&properties(api.clone())).chain(&nested) {
        assert!(
            [format!("`{option}"), format!("\"{option}\"")].iter().any(|name| page.contains(name)),
            "docs/options.md lacks `{option}`"
        );
    }
}

#[tokio::test]
async fn every_setting_is_in_the_reference() {
    let page = include_str!("../../../../docs/settings.md");
    let help = Test::sqlite().await.command(&["serve", "--help"]).output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    let words = help.split(|char: char| char.is_whitespace() || "[]<>=,.".contains(char));
    let names = words
        .filter(|word| word.starts_with("--") || word.starts_with("CATCHMENT_") || *word == "DATABASE_URL");
    let mut count = 0;
    for name in names.filter(|name| !["--help", "--version"].contains(name)) {
        assert!(page.contains(&format!("`{name}`")), "docs/settings.md lacks `{name}`");
        count += 1;
    }
    assert!(count > 15, "{help}");
}
