//! The reference pages say all there is: the tables of options are generated from the doc comments, by their schemas.

use std::fmt::Write;

use catchment::TargetOptions;
use catchment_core::Adapter;
use catchment_sources::api::Api;
use catchment_sources::csv::Csv;
use catchment_sources::drive::DriveOnly;
use catchment_sources::file::AnyFile;
use catchment_sources::usb::Usb;
use serde_json::Value;

use crate::support::Test;

const OPTIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/options.md");
/// Options that have a flag on the command line.
const FLAGS: [(&str, &str); 21] = [
    ("targetTable", "--target"),
    ("contentType", "--content-type"),
    ("columnMapping", "--map TARGET=SOURCE"),
    ("decimal", "--decimal"),
    ("sourceName", "--source-name"),
    ("maxErrors", "--max-errors"),
    ("allowEmpty", "--allow-empty"),
    ("delimiter", "--delimiter"),
    ("quote", "--quote"),
    ("escape", "--escape"),
    ("hasHeader", "--no-header"),
    ("encoding", "--encoding"),
    ("language", "--language"),
    ("format", "--format"),
    ("sheet", "--sheet"),
    ("headerRow", "--header-row"),
    ("totals", "--totals"),
    ("dataPath", "--data-path"),
    ("newFiles", "--new-files"),
    ("read", "--read"),
    ("pattern", "--pattern"),
];

/// Rewrite the page with `CATCHMENT_UPDATE_DOCS=1 cargo test -p catchment-cli docs`.
#[test]
fn the_tables_of_options_are_those_of_the_schemas() {
    let page = std::fs::read_to_string(OPTIONS).unwrap();
    let mut expected = page.clone();
    for (name, schema, is_nested) in [
        ("target", schemars::schema_for!(TargetOptions), true),
        // What it shares with APIs is with them.
        ("csv", schemars::schema_for!(<Csv as Adapter>::Options), false),
        ("file", schemars::schema_for!(<AnyFile as Adapter>::Options), false),
        ("drive", schemars::schema_for!(DriveOnly), true),
        ("usb", schemars::schema_for!(<Usb as Adapter>::Options), true),
        ("api", schemars::schema_for!(<Api as Adapter>::Options), true),
    ] {
        let begin = format!("<!-- generated: the options of {name} -->\n");
        let (before, rest) = expected.split_once(&begin).unwrap();
        let (_, after) = rest.split_once("<!-- end -->").unwrap();
        expected = format!("{before}{begin}{}<!-- end -->{after}", Table::of(schema.as_value(), is_nested));
    }
    if std::env::var_os("CATCHMENT_UPDATE_DOCS").is_some() {
        std::fs::write(OPTIONS, expected).unwrap();
    } else {
        assert!(page == expected, "docs/options.md is out of date: CATCHMENT_UPDATE_DOCS=1 rewrites it");
    }
}

#[tokio::test]
async fn every_flag_of_the_reference_is_one() {
    let help = Test::sqlite().await.command(&["sync", "--help"]).output().unwrap().stdout;
    let help = String::from_utf8(help).unwrap();
    for (_, flag) in FLAGS {
        let name = flag.split(' ').next().unwrap();
        assert!(help.contains(&format!(" {name}")), "`catchment sync` has no {name}");
    }
}

/// A table of options in Markdown.
struct Table<'s> {
    schema: &'s Value,
    /// Whether it has what is below an option, such as `timeouts.read`.
    is_nested: bool,
    text: String,
}

impl<'s> Table<'s> {
    fn of(schema: &'s Value, is_nested: bool) -> String {
        let text = "| option | type | |\n| --- | --- | --- |\n".to_owned();
        let mut table = Table { schema, is_nested, text };
        table.add_properties(schema, "");
        table.text
    }

    fn add_properties(&mut self, object: &'s Value, prefix: &str) {
        for (name, property) in object["properties"].as_object().into_iter().flatten() {
            let resolved = self.resolve(property);
            let about = property["description"].as_str().or(resolved["description"].as_str()).unwrap();
            let choices = self.choices(resolved);
            let flag = FLAGS.iter().find(|(option, _)| prefix.is_empty() && option == name);
            let flag = flag.map(|(_, flag)| format!(" (`{flag}`)")).unwrap_or_default();
            let about = format!("{about}{choices}").replace(['\n'], " ").replace('|', "\\|");
            let kind = type_of(resolved);
            writeln!(self.text, "| `{prefix}{name}`{flag} | {kind} | {about} |").unwrap();
            if self.is_nested {
                let below = format!("{prefix}{name}.");
                self.add_properties(resolved, &below);
                self.add_properties(self.resolve(&resolved["items"]), &below);
                self.add_variants(resolved, &below);
            }
        }
    }

    /// The options that come with each value of `type`.
    fn add_variants(&mut self, resolved: &'s Value, prefix: &str) {
        for variant in resolved["oneOf"].as_array().into_iter().flatten() {
            let Some(tag) = variant["properties"]["type"]["const"].as_str() else { continue };
            let about = variant["description"].as_str().unwrap().replace('\n', " ");
            writeln!(self.text, "| `{prefix}type`: `{tag}` | | {about} |").unwrap();
            for (name, property) in variant["properties"].as_object().unwrap() {
                let Some(about) = property["description"].as_str() else { continue };
                let (resolved, about) = (self.resolve(property), about.replace('\n', " "));
                let (kind, choices) = (type_of(resolved), self.choices(resolved));
                writeln!(self.text, "| `{prefix}{name}` | {kind} | {about}{choices} |").unwrap();
            }
        }
    }

    /// A value, with what it refers to; of one that may be null, what else it is.
    fn resolve(&self, value: &'s Value) -> &'s Value {
        let is_null = |value: &Value| value["type"] == "null";
        let some = value["anyOf"].as_array().filter(|any| any.iter().any(is_null));
        let value = some.and_then(|any| any.iter().find(|value| !is_null(value))).unwrap_or(value);
        match value["$ref"].as_str() {
            Some(pointer) => self.schema.pointer(pointer.trim_start_matches('#')).unwrap(),
            None => value,
        }
    }

    /// The values that there are, with what each means.
    fn choices(&self, resolved: &Value) -> String {
        let choices = resolved["oneOf"].as_array().into_iter().flatten().filter_map(|choice| {
            let name = choice["const"].as_str()?;
            Some(format!("`{name}`: {}", choice["description"].as_str()?))
        });
        choices.fold(String::new(), |text, choice| format!("{text}<br>{choice}"))
    }
}

/// What a value is, in a word.
fn type_of(schema: &Value) -> &'static str {
    let first = schema["type"].as_array().and_then(|types| types.first()).unwrap_or(&schema["type"]);
    match first.as_str() {
        _ if schema["format"] == "password" => "secret",
        Some("string") => "text",
        Some("integer") => "whole number",
        Some("number") => "number",
        Some("boolean") => "flag",
        Some("array") => "list",
        Some("object") => "object",
        _ if schema["oneOf"][0]["const"].is_string() => "text",
        _ if schema["oneOf"].is_array() => "object",
        _ => "any",
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
