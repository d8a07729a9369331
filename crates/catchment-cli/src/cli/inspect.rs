//! `catchment inspect`: what a source looks like, and options that fit it. No database is needed.

use catchment_core::{FileAccess, Host, Inspection, SecretAccess, Value};
use clap::Args;
use serde_json::{Map, json};

use super::Exit;
use super::request::{SourceArgs, request};
use super::table::{self, WARN, say};
use catchment::Settings;
use catchment::mapping::names::{Names, suggest};
use catchment::mapping::table::{CATALOG_ITEMS, CONTENT_INDEX, Table};
use catchment::mapping::{DecimalFinding, TargetOptions, find_decimal};

/// Values shown for each column.
const EXAMPLES: usize = 3;

#[derive(Args)]
pub(super) struct InspectArgs {
    #[command(flatten)]
    source: SourceArgs,

    /// Print nothing but the options
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(settings: &Settings, args: InspectArgs) -> anyhow::Result<Exit> {
    let request = request(args.source, None)?;
    let registry = catchment_sources::builtin();
    let identifier = registry.normalize(&request.source_type, &request.source_identifier)?;
    let host = Host {
        files: FileAccess::Anywhere,
        network: settings.network(),
        secrets: SecretAccess::Anywhere,
        tokens: None,
    };
    // Options that it printed, with those of the target, can be given again.
    let (_, given) = TargetOptions::split(request.options)?;
    let source = registry.build(&request.source_type, &identifier, given, &host)?;
    let inspection = source.inspect([].into()).await?;
    let (table, mapping) = likeliest(&inspection);
    let decimal = inspection.page.as_ref().and_then(|page| find_decimal(table, &mapping, page));
    let options = options(&inspection, table, &mapping, decimal.as_ref());
    if !args.json {
        print(&inspection, &mapping);
        if let Some(decimal) = &decimal {
            say!("{WARN}decimal sign{WARN:#} {decimal}");
        }
        say!("\nOptions for `{}`, ready for --options FILE or the API:", table.name);
    }
    say!("{options:#}");
    Ok(Exit::Done)
}

/// The table of which more columns are named, and how they map.
fn likeliest(inspection: &Inspection) -> (&'static Table, Names) {
    let columns = inspection.page.as_ref().map(|page| page.columns.clone()).unwrap_or_default();
    let (content, catalog) = (suggest(&CONTENT_INDEX, &columns), suggest(&CATALOG_ITEMS, &columns));
    match catalog.contains_key("price") && catalog.len() > content.len() {
        true => (&CATALOG_ITEMS, catalog),
        false => (&CONTENT_INDEX, content),
    }
}

fn options(
    inspection: &Inspection,
    table: &Table,
    mapping: &Names,
    decimal: Option<&DecimalFinding>,
) -> serde_json::Value {
    let mut options = Map::new();
    options.insert("targetTable".into(), table.name.into());
    if table.name == CONTENT_INDEX.name && !mapping.contains_key("content_type") {
        options.insert("contentType".into(), "music".into());
    }
    options.extend(inspection.found.clone());
    if let Some(sign) = decimal.and_then(|decimal| decimal.sign) {
        options.insert("decimal".into(), sign.to_string().into());
    }
    if !mapping.is_empty() {
        options.insert("columnMapping".into(), json!(mapping));
    }
    options.into()
}

fn print(inspection: &Inspection, mapping: &Names) {
    for finding in &inspection.findings {
        say!("{:10} {}", finding.about.replace('_', " "), finding.message);
    }
    for (name, value) in &inspection.found {
        say!("{name:10} {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    let Some(page) = &inspection.page else {
        say!("The source has no record.");
        return;
    };
    let rows: Vec<Vec<String>> = page
        .columns
        .iter()
        .enumerate()
        .map(|(place, column)| {
            let values = page.records.iter().map(|record| record.value(place)).filter_map(Value::as_trimmed);
            let target =
                mapping.iter().find(|(_, field)| ***field == **column).map(|(target, _)| target.as_str());
            vec![
                column.to_string(),
                target.unwrap_or_default().to_owned(),
                values.take(EXAMPLES).collect::<Vec<_>>().join(" | "),
            ]
        })
        .collect();
    say!();
    table::print(&["column", "feeds", "examples"], &rows);
    for reject in page.rejects.iter().take(EXAMPLES) {
        say!("{WARN}{}{WARN:#}: {}", reject.position, reject.message);
    }
}
